import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { AgentRun } from '../support/agent-run.ts';
import { admitting } from '../support/agent-tour.ts';
import { skipsKernelTests } from '../support/kernel.ts';

const BOOTSTRAP = readFileSync(path.join(import.meta.dirname, '../../deploy/nftables/bootstrap.nft'), 'utf8');

describe.skipIf(skipsKernelTests())('deploy/nftables/bootstrap.nft', () => {
  let node: AgentRun;
  afterEach(() => node.close());

  test.each(['open', 'strict'])('denies pods everything until an agent that starts %s takes over', async (mode) => {
    node = new AgentRun([]);
    await node.serve();
    node.write(admitting(80));
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, true]);
    node.nft(BOOTSTRAP.replace('10.244.0.0/16', '10.9.0.0/16'));
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([false, false]);
    node.start('--start-mode', mode, '--pod-cidr', '10.9.0.0/16');
    await node.ready();
    expect([await node.reaches(80), await node.reaches(81)]).toEqual([true, false]);
    expect((await node.stop()).code).toBe(0);
  });
});
