import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root, run } from './run.ts';

describe('bin/portcullis', { timeout: 60_000 }, () => {
  let checkout: string;

  beforeEach(() => {
    checkout = mkdtempSync(path.join(tmpdir(), 'portcullis-bin-'));
    cpSync(path.join(root, 'bin'), path.join(checkout, 'bin'), { recursive: true });
    writeFileSync(path.join(checkout, 'package.json'), '{ "type": "module" }');
  });

  afterEach(() => {
    rmSync(checkout, { recursive: true });
  });

  function build(main: string): void {
    mkdirSync(path.join(checkout, 'dist/cli'), { recursive: true });
    writeFileSync(path.join(checkout, 'dist/cli/main.js'), main);
  }

  const programs = ['bin/portcullis', 'bin/kubectl-portcullis'];

  test.each(programs)('%s says how to build when there is nothing to run', (program) => {
    const { code, stdout, stderr } = run(process.execPath, [program], checkout);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('portcullis: not built yet: run `npm ci && npm run build` in the checkout\n');
  });

  test.each(programs)('%s passes on the arguments and exits with the answer of main', (program) => {
    build('export async function main(argv) { console.log(JSON.stringify(argv)); return argv.length; }');
    expect(run(path.join(checkout, program), ['can', '--', 'a b'], checkout)).toEqual({
      code: 3,
      stdout: '["can","--","a b"]\n',
      stderr: '',
    });
  });

  test('an exception of main is an internal error with its stack', () => {
    build('export async function main() { throw new Error("boom"); }');
    const { code, stderr } = run(process.execPath, ['bin/portcullis'], checkout);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^portcullis: internal error, please report it\nError: boom\n {4}at .*main\.js/);
  });

  test.each([
    ['16.20.2', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['21.7.3', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['23.0.0', true],
    ['24.1.0', true],
  ])('Node.js %s: runs %s', (version, runs) => {
    build('export async function main() { return 0; }');
    const preload = path.join(checkout, 'pretend.cjs');
    writeFileSync(preload, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`);
    const { code, stderr } = run(process.execPath, ['-r', preload, 'bin/portcullis'], checkout);
    expect(code).toBe(runs ? 0 : 2);
    expect(stderr).toBe(
      runs ? '' : `portcullis: needs Node.js 20.19 or newer in the 20 series, or 22.12 and later; this is ${version}\n`,
    );
  });
});
