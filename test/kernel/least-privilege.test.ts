import { describe, test } from 'vitest';
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
