import { afterAll, describe, expect, test } from 'vitest';
import { LinuxKernel } from '../../src/agent/kernel/index.ts';
import { run, skipsKernelTests, TestNamespaces } from '../support/kernel.ts';
import { RemoteKernel } from '../support/remote-kernel.ts';

test.skipIf(process.platform !== 'linux')('a library that is not there is named, with what brings it', async () => {
  const kernel = new LinuxKernel('libnftables.so.none');
  expect(await kernel.preflight()).toEqual([expect.stringMatching(/libnftables\.so\.none.*scripts\/setup\.sh/)]);
  await expect(kernel.run('')).rejects.toMatchObject({ code: 'unsupported' });
  await kernel.close();
});

describe.skipIf(skipsKernelTests())('before it starts, the kernel', () => {
  const namespaces = new TestNamespaces();
  const namespace = namespaces.add('preflight');
  afterAll(() => namespaces.remove());

  const preflight = async (...through: string[]): Promise<readonly string[]> => {
    const kernel = new RemoteKernel(namespace, through);
    try {
      return await kernel.preflight();
    } finally {
      await kernel.close();
    }
  };
  const inNamespace = (...words: string[]): string => run('ip', ['netns', 'exec', namespace, ...words]);

  test('has all that is needed, and nothing is left behind', async () => {
    expect(await preflight()).toEqual([]);
    expect(inNamespace('nft', 'list', 'ruleset')).toBe('');
  });

  test('must let this process change it', async () => {
    expect(await preflight('setpriv', '--bounding-set', '-net_admin')).toEqual([
      expect.stringContaining('CAP_NET_ADMIN'),
    ]);
  });

  test('must filter what bridges carry, where they carry something', async () => {
    inNamespace('ip', 'link', 'add', 'br7', 'type', 'bridge');
    inNamespace('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=0', 'net.bridge.bridge-nf-call-ip6tables=1');
    expect(await preflight()).toEqual([]);
    for (const port of ['one', 'two']) {
      inNamespace('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}-peer`);
      inNamespace('ip', 'link', 'set', port, 'master', 'br7');
    }
    expect(await preflight()).toEqual([
      'packets between ports of the bridge br7 pass no filter: modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1',
    ]);
    inNamespace('sysctl', '-qw', 'net.bridge.bridge-nf-call-iptables=1');
    expect(await preflight()).toEqual([]);
  });

  test('must forward what goes to Services', async () => {
    inNamespace('ip', 'link', 'add', 'kube-ipvs0', 'type', 'bridge');
    expect(await preflight()).toEqual([expect.stringMatching(/mode ipvs.*ip link delete kube-ipvs0/)]);
    inNamespace('ip', 'link', 'delete', 'kube-ipvs0');
    expect(await preflight()).toEqual([]);
  });
});
