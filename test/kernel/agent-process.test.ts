/** The program `portcullis agent`, and what happens to it on a node. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { AgentRun, NODE, POD_ADDRESSES } from '../support/agent-run.ts';
import { admitting } from '../support/agent-tour.ts';
import { run, skipsKernelTests } from '../support/kernel.ts';
import { namespace, pod, policy } from '../support/manifests.ts';

const PROGRAM = path.join(import.meta.dirname, '../../bin/portcullis');
/** An address of the client's link that no pod has. */
const NOBODY = '10.9.1.3';

describe.skipIf(skipsKernelTests())('the program on a node', () => {
  let node: AgentRun | undefined;

  afterEach(() => {
    node?.close();
    node = undefined;
  });

  function cleanUp(run: AgentRun): { readonly code: number | null; readonly said: string } {
    const words = ['netns', 'exec', run.node, process.execPath, PROGRAM, 'agent', '--cleanup'];
    const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
    return { code: status, said: stderr };
  }

  test('waits while another agent has it, whatever either logs to, and goes on when that is killed', async () => {
    node = new AgentRun();
    await node.serve();
    node.write(admitting(80));
    node.start();
    await node.ready();
    const other = node.startOther('--flow-log', 'none', '--denial', 'reject');
    await other.says('another agent runs in this network namespace: waiting until it ends');
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);
    expect(await node.metric('portcullis_resyncs_total{reason="foreign-change"}')).toBe(0);
    expect(node.table()).not.toContain('reject');

    await node.stop('SIGKILL');
    await other.says('"reason":"start"');
    expect(other.said).toContain('the other agent has ended');
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);
    expect(node.table()).toContain('reject');
    expect(await other.ended('SIGTERM')).toBe(0);
  });

  test('starts strict: cuts what is open of a pod that is not known, keeps what is open of known ones', async () => {
    node = new AgentRun();
    await node.serve();
    // Something has had connections tracked before the agent comes.
    node.nft(`add table ip other
      add chain ip other forward { type filter hook forward priority -10; }
      add rule ip other forward ct state established counter\n`);
    await node.hold(80);
    await node.hold(81);
    expect([node.tracked(80), node.tracked(81)]).toEqual([expect.stringContaining('ESTABLISHED'), expect.anything()]);
    const known = admitting(80);
    node.write(known.filter(({ metadata }) => (metadata as { name: string }).name !== 'server'));
    node.start('--start-mode', 'strict', '--pod-cidr', '10.9.0.0/16');
    await node.until(async () => (await node?.metric('portcullis_connections_cut_total')) === 2);
    // Its packets belong to nothing now, and are denied.
    await node.until(async () => ((await node?.metric('portcullis_denied_total{direction="ingress"}')) ?? 0) > 4);
    expect([node.tracked(80), node.tracked(81)]).toEqual(['', '']);
    expect(node.denials().at(-1)).toMatchObject({
      tier: 'unknown-pod',
      destination: { address: POD_ADDRESSES.server },
    });
    node.write(known);
    await node.until(async () => JSON.parse((await node?.ask('/statusz'))?.body ?? '{}').pods?.known === 2);
    await node.ready();
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);

    await node.hold(80);
    await node.stop();
    node.start('--start-mode', 'strict', '--pod-cidr', '10.9.0.0/16', '--verbose');
    await node.ready();
    const { log } = await node.stop();
    expect(log).not.toContain('connections cut');
    expect(node.tracked(80)).toContain('ESTABLISHED');
  });

  test('leaves what it sends on for another node’s pod to that node, and cuts what its own pod may not have', async () => {
    node = new AgentRun();
    await node.serve();
    // The server runs on another node. A node port leads to it, with the node's address as its source.
    node.nft(`add table ip other
      add chain ip other there { type nat hook prerouting priority -100; }
      add chain ip other back { type nat hook postrouting priority 100; }
      add rule ip other there ip daddr 10.9.1.1 tcp dport 81 dnat to ${POD_ADDRESSES.server}:81
      add rule ip other back ip saddr ${NOBODY} ip daddr ${POD_ADDRESSES.server} snat to 10.9.2.1\n`);
    run('ip', ['-n', node.node.replace(/node$/, 'client'), 'addr', 'add', `${NOBODY}/24`, 'dev', 'eth0']);
    const cluster = (app: string): Parameters<AgentRun['write']>[0] => [
      namespace('shop'),
      pod('shop/client', { labels: { app: 'client' }, ips: [POD_ADDRESSES.client], node: NODE }),
      pod('shop/server', { labels: { app }, ips: [POD_ADDRESSES.server], node: 'worker-2' }),
      policy('shop/out', {
        podSelector: { matchLabels: { app: 'client' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'server' } } }] }],
      }),
      policy('shop/in', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.9.2.1/32' } }] }] }),
    ];
    node.write(cluster('server'));
    node.start('--adopt', '0');
    await node.ready();
    await node.hold(80);
    await node.hold(81, { to: '10.9.1.1', from: NOBODY });
    node.write(cluster('other'));
    await node.until(async () => ((await node?.metric('portcullis_connections_cut_total')) ?? 0) > 0);
    expect([node.tracked(80), node.tracked(81)]).toEqual(['', expect.stringContaining('ESTABLISHED')]);
    expect(await node.metric('portcullis_connections_cut_total')).toBe(1);
  });

  test('wakes its table when somebody has put it to sleep, and when it finds it asleep', async () => {
    node = new AgentRun();
    await node.serve();
    node.write(admitting(80));
    node.start();
    await node.ready();
    const repaired = 'portcullis_resyncs_total{reason="foreign-change"}';
    const asleep = 'add table inet portcullis { flags dormant; }\n';
    node.nft(asleep);
    await node.until(async () => ((await node?.metric(repaired)) ?? 0) > 0);
    await node.ready();
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);
    await node.stop();
    node.nft(asleep);
    expect(await node.reaches(81)).toBe(true);
    node.start();
    await node.ready();
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);
  });

  test('takes its time with somebody who flushes all rules again and again, and has them back in the end', async () => {
    node = new AgentRun();
    node.write(admitting(80));
    node.start();
    await node.ready();
    const run = node;
    await node.until(async () => {
      run.nft('flush ruleset');
      return (await run.ask('/readyz')).body === 'somebody keeps changing the table\n';
    });
    await node.ready();
    expect(node.table()).not.toBe('');
    expect((await node.stop()).log).toContain('"milliseconds":100,"msg":"somebody keeps changing the table');
  });

  test('ends while it waits, when it is told to', async () => {
    node = new AgentRun();
    node.write(admitting(80));
    node.start();
    await node.ready();
    const other = node.startOther('--flow-log', 'none');
    await other.says('waiting until it ends');
    expect(await other.ended('SIGINT')).toBe(0);
    await node.ready();
  });

  test('refuses a clean-up while an agent runs, which would undo it', async () => {
    node = new AgentRun();
    node.write(admitting(80));
    node.start('--flow-log', 'none');
    await node.ready();
    const refused = cleanUp(node);
    expect([refused.code, refused.said]).toEqual([2, expect.stringContaining('another agent runs')]);
    expect(node.table()).not.toBe('');
    await node.stop();
    expect(cleanUp(node).code).toBe(0);
    expect(node.table()).toBe('');
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends in order at %s', async (signal) => {
    node = new AgentRun();
    node.write(admitting(80));
    node.start();
    await node.ready();
    expect((await node.stop(signal)).code).toBe(0);
    expect(node.table()).not.toBe('');
  });

  test('tells a fault of its own in its log, ends, and leaves its rules', async () => {
    // What nobody catches, as in a callback of the system.
    const fault = Buffer.from("process.on('SIGUSR2', () => { throw new TypeError('x is not a function'); })");
    const module = `data:text/javascript;base64,${fault.toString('base64')}`;
    node = new AgentRun(['env', `NODE_OPTIONS=--import=${module}`]);
    node.write(admitting(80));
    node.start();
    await node.ready();
    const { code, log } = await node.stop('SIGUSR2');
    expect(code).toBe(2);
    expect(log).toContain('a fault of the agent, please report it');
    expect(log).toContain('x is not a function');
    expect(log.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
    expect(node.table()).not.toBe('');
  });
});
