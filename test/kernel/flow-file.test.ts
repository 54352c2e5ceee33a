import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlowFile } from '../../src/agent/flow-file.ts';
import { run, skipsKernelTests } from '../support/kernel.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe.skipIf(skipsKernelTests())('a flow log on a disk that gets full', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'portcullis-full-'));
    run('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'portcullis-test', folder]);
  });
  afterAll(() => {
    run('umount', [folder]);
    rmSync(folder, { recursive: true });
  });

  test('has whole lines, says what is lost, and goes on when there is room', () => {
    const file = path.join(folder, 'flows.jsonl');
    const other = path.join(folder, 'other');
    writeFileSync(other, 'x'.repeat(4096));
    const warnings: string[] = [];
    const log = new FlowFile(file, new ManualClock(), (message) => void warnings.push(message));
    const line = (number: number): string => `${JSON.stringify({ number, text: 'y'.repeat(1500) })}\n`;
    expect([1, 2, 3, 4].map((number) => log.write(line(number)))).toEqual([true, true, false, false]);
    expect(warnings).toEqual([expect.stringContaining('no space left')]);
    truncateSync(other);
    expect(log.write(line(5))).toBe(true);
    expect(warnings[1]).toBe('2 denials were lost from the flow log');
    log.close();
    const whole = readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text.endsWith('}'));
    expect(whole.map((text) => (JSON.parse(text) as { number: number }).number)).toEqual([1, 2, 5]);
  });
});
