/** Hosts, labs and pods that have one IP version only. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { labPaths } from '../../src/lab/names.ts';
import { tourOfAgent } from '../support/agent-tour.ts';
import { run, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
import { cidrs, describeResult, TestLab } from '../support/lab.ts';
import { pod, policy } from '../support/manifests.ts';

const PROGRAM = path.join(import.meta.dirname, '../../bin/portcullis');
const IPV6_OFF = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];

const HTTP = [{ name: 'http', containerPort: 8080 }];
const OBJECTS = [
  pod('a/web', { labels: { app: 'web' }, ports: HTTP }),
  pod('a/four', { labels: { app: 'four' }, ips: ['10.244.0.9'], ports: HTTP }),
  pod('a/six', { labels: { app: 'six' }, ips: ['fd00:10:244::9'], ports: HTTP }),
  policy('a/web', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [
      { from: [{ podSelector: { matchLabels: { app: 'four' } } }] },
      { from: [{ ipBlock: { cidr: '203.0.113.0/24' } }, { ipBlock: { cidr: '2001:db8:1::/48' } }] },
    ],
  }),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'a', name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', nodePort: 30_080 }] },
  },
];

describe.skipIf(skipsKernelTests())('with one IP version', () => {
  const lab = { current: new TestLab() };
  afterEach(async () => {
    await lab.current.down();
    lab.current = new TestLab();
  });

  test.each([
    ['IPv4', '10.244.0.0/16', '203.0.113.1'],
    ['IPv6', 'fd00:10:244::/56', '2001:db8:1::1'],
  ])('a lab of %s reaches pods by Services and by the ports of nodes', async (_, range, admitted) => {
    const { current } = lab;
    current.write('objects.json', OBJECTS);
    const { plan } = await current.up({ nodes: 2, podCidrs: cidrs(range) });
    expect(plan.nodes.map(({ addresses }) => addresses.length)).toEqual([1, 1]);
    const { results } = await current.probe();
    expect(results.filter(({ agrees }) => !agrees).map(describeResult)).toEqual([]);
    const web = plan.pods.find(({ id }) => id === 'a/web');
    const own = plan.nodes.find(({ name }) => name === web?.node)?.addresses[0] ?? '';
    expect(plan.outside).toContain(admitted);
    expect(await current.ask(admitted, own, 30_080)).toBe('a/web');
    expect(await current.ask(`node/${web?.node}`, plan.services[0]?.clusterIPs[0] ?? '', 80)).toBe('a/web');
  });

  test('pods of one version are judged in that one', async () => {
    const { current } = lab;
    current.write('objects.json', OBJECTS);
    await current.up({ nodes: 2 });
    const open = await current.open({ port: { text: '8080', protocol: 'TCP', first: 8080, last: 8080 } });
    expect(open).toContain('a/four a/web');
    expect(open).not.toContain('a/six a/web');
    expect(open.filter((pair) => pair === 'a/four a/six' || pair === 'a/six a/four')).toEqual([]);
  });

  test('a host that has switched IPv6 off has labs of both all the same', async () => {
    const namespaces = new TestNamespaces();
    try {
      const host = namespaces.add('host');
      run('ip', ['netns', 'exec', host, 'sysctl', '-qw', ...IPV6_OFF]);
      const { current } = lab;
      current.write('objects.json', OBJECTS);
      // Into the network namespace only: namespaces are named in the mounts of everybody.
      const through = async (...words: string[]): Promise<string> => {
        const args = [`--net=/run/netns/${host}`, process.execPath, PROGRAM, 'lab', ...words, '--name', current.name];
        const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
        let said = '';
        child.stdout.on('data', (data: Buffer) => {
          said += data.toString();
        });
        const [code] = (await once(child, 'close')) as [number];
        return `${code}: ${said.trim()}`;
      };
      expect(await through('up', '-f', current.directory, '-q')).toMatch(/^0: .*a\/web .*fd00:/s);
      expect(await through('probe', '-q')).toMatch(/^0: .* predicted = actual$/);
    } finally {
      namespaces.remove();
    }
  });

  test.each([
    ['was started without IPv6', 'mount -t tmpfs none /proc/sys/net/ipv6', /ipv6\.disable=1/],
    ['cannot change how it does', 'mount --bind -o ro /proc/sys /proc/sys', /read-only/],
  ])('a host that %s is told, and nothing is made', (_, hide, said) => {
    const { current } = lab;
    current.write('objects.json', OBJECTS);
    const script = `${hide} && exec "$@"`;
    const words = [process.execPath, PROGRAM, 'lab', 'up', '-f', current.directory, '--name', current.name];
    const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...words], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringMatching(said)]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(labPaths(current.name).directory)).toBe(false);
  });

  test('the agent does all it does on a node that has switched IPv6 off', async () => {
    await tourOfAgent(['sh', '-c', `sysctl -qw ${IPV6_OFF.join(' ')} && exec "$@"`, 'sh']);
  });
});
