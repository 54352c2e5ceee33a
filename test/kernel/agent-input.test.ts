/** What the program `portcullis agent` makes of input that is not whole, with real files and packets. */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentRun, NODE } from '../support/agent-run.ts';
import { admitting } from '../support/agent-tour.ts';
import { skipsKernelTests } from '../support/kernel.ts';

const PROGRAM = path.join(import.meta.dirname, '../../bin/portcullis');
const BROKEN = '\n---\n: : [ {\n';

describe.skipIf(skipsKernelTests())('an agent on files', () => {
  let run: AgentRun;
  let folder = '';
  let file = '';

  beforeEach(async () => {
    run = new AgentRun();
    folder = path.join(run.folder, 'manifests');
    file = path.join(folder, 'all.yaml');
    await run.serve();
    run.write(admitting(80));
  });

  afterEach(() => run.close());

  const reached = async (): Promise<boolean[]> => [await run.reaches(80), await run.reaches(81)];

  async function readyz(code: number, text: string): Promise<void> {
    await run.until(async () => {
      const { code: now, body } = await run.ask('/readyz');
      return now === code && body.includes(text);
    });
  }

  async function began(): Promise<void> {
    run.start();
    await run.ready();
    expect(await reached()).toEqual([true, false]);
  }

  test('keeps its table over a restart on a broken file, and goes on when that is whole', async () => {
    await began();
    const good = readFileSync(file, 'utf8');
    appendFileSync(file, BROKEN);
    await run.until(async () => (await run.metric('portcullis_input_problems')) > 0);
    await run.ready();
    await run.stop('SIGKILL');
    run.start();
    await readyz(503, 'the table stays as it was before the start: ');
    const { problems, reason } = JSON.parse((await run.ask('/statusz')).body);
    expect(problems).toMatchObject({ number: expect.any(Number), first: [expect.stringContaining(`${file}:`)] });
    expect(reason).toContain(`${file}:`);
    expect(await reached()).toEqual([true, false]);
    writeFileSync(file, good.replace('"port":80', '"port":81'));
    await run.ready();
    expect(await reached()).toEqual([false, true]);
    expect(await run.metric('portcullis_input_problems')).toBe(0);
  });

  test('keeps its table over a start on a folder that is not filled yet; a clean-up takes it away all the same', async () => {
    await began();
    await run.stop();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    run.start();
    await readyz(503, 'there are no pods in the files');
    expect(await reached()).toEqual([true, false]);
    run.write(admitting(81));
    await run.ready();
    expect(await reached()).toEqual([false, true]);

    await run.stop();
    rmSync(file);
    run.start();
    await readyz(503, 'there are no pods in the files');
    const { log } = await run.stop();
    expect(log).toContain('the table stays as it was before the start');
    run.cleanUp();
    expect([run.table(), await reached()]).toEqual(['', [true, true]]);
  });

  test('keeps its table over a start by a name that no node has', async () => {
    const nodes = [{ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }];
    run.write([...nodes, ...admitting(80)]);
    await began();
    await run.stop();
    run.start('--node', 'worker-l');
    await readyz(503, 'there is no Node object of this name');
    expect(await reached()).toEqual([true, false]);
    await run.stop();
    await began();
  });

  test('enforces what can be read at the very first start, and is not ready', async () => {
    appendFileSync(file, BROKEN);
    run.start();
    await readyz(503, `the kernel does not hold what was written: ${file}:`);
    expect(await reached()).toEqual([true, false]);
  });

  test('lets nothing through while its file is written in place, and takes away what is gone for two seconds', async () => {
    await began();
    const good = readFileSync(file, 'utf8');
    const [first = ''] = good.split('\n---\n');
    let open = 0;
    let tries = 0;
    let ends = false;
    const knocking = (async () => {
      while (!ends) {
        tries++;
        if (await run.reaches(81)) open++;
      }
    })();
    for (const half of ['', first, good.slice(0, good.lastIndexOf('\n---\n'))]) {
      writeFileSync(file, half);
      await pause(half === '' ? 250 : 1000);
      writeFileSync(file, good);
      await pause(500);
    }
    ends = true;
    await knocking;
    expect([open, tries > 3]).toEqual([0, true]);
    await run.ready();
    writeFileSync(file, good.slice(0, good.lastIndexOf('\n---\n')));
    await run.until(async () => JSON.parse((await run.ask('/statusz')).body).policies === 0);
    await run.ready();
    expect(await reached()).toEqual([true, true]);
  });

  test('says at once that standard input cannot be watched', () => {
    const words = ['netns', 'exec', run.node, process.execPath, PROGRAM, 'agent', '-f', '-'];
    const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8', input: '' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('standard input cannot be watched')]);
    expect(stderr).not.toContain('agent started');
    expect(run.table()).toBe('');
  });
});
