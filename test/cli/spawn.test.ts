import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import { folder, SHOP } from './run-main.ts';

/** These run the built program as users do; `npm test` builds it first. */
const PROGRAM = path.join(import.meta.dirname, '../../bin/portcullis');

function spawn(
  args: readonly string[],
  input = '',
  coverage?: string,
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }) },
  });
  return { code: status, stdout, stderr };
}

describe('the built program', () => {
  const shop = folder(SHOP);

  it('passes on exit codes and keeps the streams apart', () => {
    expect(spawn(['can', '-f', shop, 'shop/web', 'shop/cart', '7070'])).toMatchObject({ code: 0, stderr: '' });
    expect(spawn(['can', '-f', shop, 'shop/web', 'shop/cart', '80'])).toMatchObject({ code: 1, stderr: '' });
    expect(spawn(['can', '-f', shop, 'shop/web', 'shop/cat', '80'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('reads standard input', () => {
    const manifests = Object.values(SHOP).join('---\n');
    expect(spawn(['validate', '-f', '-'], manifests).stdout).toBe(
      '1 network policy checked: no findings; 2 other objects read\n',
    );
    expect(spawn(['validate', '-f', '-'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('reads what the shell substitutes, and survives a reader that leaves', () => {
    const quoted = [process.execPath, PROGRAM].map((word) => `'${word}'`).join(' ');
    const bash = (script: string) => spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(bash(`${quoted} validate -f <(cat ${shop}/cart.yaml)`).stdout).toMatch(/^1 network policy checked/);
    const pods = `for i in $(seq 400); do printf -- '---\\napiVersion: v1\\nkind: Pod\\nmetadata: {name: p%s}\\n' $i; done`;
    const { stdout, stderr } = bash(`${pods} | ${quoted} reach -f - -o csv | head -1; echo "\${PIPESTATUS[1]}"`);
    expect([stdout, stderr]).toEqual(['from,to,protocol,ports,families\r\n0\n', '']);
  });

  it('is complete when written to a pipe', () => {
    const pods = Array.from(
      { length: 120 },
      (_, index) => `apiVersion: v1\nkind: Pod\nmetadata: {name: p${index}}\n`,
    ).join('---\n');
    const { stdout } = spawn(['reach', '-f', '-', '-o', 'json', '--no-external'], pods);
    expect(JSON.parse(stdout).connections).toHaveLength(120 * 119);
  });

  it('starts without loading what it does not need', () => {
    const loaded = modulesOf(['version'], ['--help'], ['reach', '--help']);
    expect(
      loaded.filter((url) => /\/node_modules\/(?!commander\/)|\/dist\/(engine|analysis|manifest)\//.test(url)),
    ).toEqual([]);
  });

  it('reads clusters without the official client unless credentials need it', () => {
    const nowhere = kubeconfigOf('https://127.0.0.1:1');
    const plugin = kubeconfigOf('https://127.0.0.1:1', { exec: { command: 'no-such-plugin' } });
    const root = folder({ token: JSON.stringify(nowhere), plugin: JSON.stringify(plugin) });
    const client = /@kubernetes\/client-node/;
    expect(modulesOf(['reach', '--kubeconfig', `${root}/token`]).filter((url) => client.test(url))).toEqual([]);
    expect(modulesOf(['reach', '--kubeconfig', `${root}/plugin`]).some((url) => client.test(url))).toBe(true);
  });
});

/** Every module that some runs load: V8's coverage names them. */
function modulesOf(...runs: readonly (readonly string[])[]): string[] {
  const coverage = mkdtempSync(path.join(tmpdir(), 'portcullis-modules-'));
  try {
    for (const args of runs) spawn(args, '', coverage);
    const loaded = readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(path.join(coverage, file), 'utf8'));
      return (result as { url: string }[]).map(({ url }) => url);
    });
    expect(loaded.some((url) => url.endsWith('/dist/cli/main.js'))).toBe(true);
    return loaded;
  } finally {
    rmSync(coverage, { recursive: true });
  }
}
