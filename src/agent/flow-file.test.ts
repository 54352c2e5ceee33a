import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FlowFile } from './flow-file.ts';

let folder: string;
let warnings: string[];
let clock: ManualClock;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portcullis-flows-'));
  warnings = [];
  clock = new ManualClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => path.join(folder, 'flows.jsonl');
const open = (): FlowFile => new FlowFile(file(), clock, (message) => void warnings.push(message));

test('lines are there at once, after those of before', () => {
  open().write('1\n');
  const log = open();
  expect(log.write('2\n')).toBe(true);
  expect(readFileSync(file(), 'utf8')).toBe('1\n2\n');
  log.close();
});

test.each(['renamed', 'deleted'])('a file that is %s is followed by a new one', (how) => {
  const log = open();
  log.write('1\n');
  if (how === 'renamed') renameSync(file(), `${file()}.1`);
  else unlinkSync(file());
  log.write('still the old one\n');
  clock.advance(1000);
  log.write('2\n');
  expect(readFileSync(file(), 'utf8')).toBe('2\n');
  if (how === 'renamed') expect(readFileSync(`${file()}.1`, 'utf8')).toBe('1\nstill the old one\n');
  log.close();
});

test('what cannot be written is told once, and tried again', () => {
  const log = open();
  renameSync(folder, `${folder}-away`);
  clock.advance(1000);
  expect([log.write('1\n'), log.write('2\n')]).toEqual([false, false]);
  expect(warnings).toHaveLength(1);
  renameSync(`${folder}-away`, folder);
  expect(log.write('3\n')).toBe(true);
  expect(warnings[1]).toBe('2 denials were lost from the flow log');
  expect(readFileSync(file(), 'utf8')).toBe('3\n');
  log.close();
});

test('a file that is copied and truncated goes on at its beginning', () => {
  const log = open();
  log.write('1\n');
  truncateSync(file());
  log.write('2\n');
  expect(readFileSync(file(), 'utf8')).toBe('2\n');
  log.close();
});

test('a file that cannot be opened is an error at the start', () => {
  expect(() => new FlowFile(path.join(folder, 'none', 'x'), clock, () => undefined)).toThrow(/ENOENT/);
});
