import { describe, expect, test } from 'vitest';
import { AgentRun } from '../support/agent-run.ts';
import { tourOfAgent } from '../support/agent-tour.ts';
import { skipsKernelTests } from '../support/kernel.ts';

const ONLY = ['--bounding-set', '-all,+net_admin', '--inh-caps', '-all,+net_admin', '--no-new-privs'];
const NOBODY = 65_532;

describe.skipIf(skipsKernelTests())('the agent does all it does with CAP_NET_ADMIN and nothing else', () => {
  test('as root, as the DaemonSet runs it', async () => {
    await tourOfAgent(['setpriv', ...ONLY]);
  });

  test('as nobody in particular, as the systemd unit runs it', async () => {
    const user = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
    await tourOfAgent(['setpriv', ...user, ...ONLY, '--ambient-caps', '-all,+net_admin'], NOBODY);
  });
});

describe.skipIf(skipsKernelTests())('an agent that cannot start says why, and ends', () => {
  test('without the capability', async () => {
    const node = new AgentRun(['setpriv', '--bounding-set', '-net_admin']);
    try {
      node.write([]);
      node.start();
      expect(await node.ended()).toEqual({
        code: 2,
        log: expect.stringContaining('CAP_NET_ADMIN is missing') as unknown,
      });
    } finally {
      node.close();
    }
  });

  test('where it cannot listen', async () => {
    const node = new AgentRun([]);
    try {
      node.write([]);
      node.start('--listen', `unix:${node.folder}/none/agent.sock`);
      expect(await node.ended()).toEqual({ code: 2, log: expect.stringContaining('cannot listen') as unknown });
    } finally {
      node.close();
    }
  });
});
