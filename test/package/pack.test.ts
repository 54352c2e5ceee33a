import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, run } from './run.ts';

/** What this test reads of `npm pack --json`. */
interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

function succeed(program: string, args: readonly string[], cwd: string): string {
  const { code, stdout, stderr } = run(program, args, cwd);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}

describe('the published package', () => {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  let place: string;
  let packed: Packed;

  beforeAll(() => {
    if (!existsSync(path.join(root, 'dist/cli/main.js'))) throw new Error('no dist/: run `npm run build` first');
    place = mkdtempSync(path.join(tmpdir(), 'portcullis-pack-'));
    const listing = succeed('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', place], root);
    [packed] = JSON.parse(listing) as [Packed];
  });

  afterAll(() => {
    rmSync(place, { recursive: true, force: true });
  });

  test('holds what users need', () => {
    const paths = packed.files.map((file) => file.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'CHANGELOG.md',
        'package.json',
        'bin/portcullis',
        'bin/kubectl-portcullis',
        'bin/package.json',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/manifest/index.d.ts',
        'dist/analysis/index.d.ts',
        'dist/cli/main.js',
        'dist/web/index.html',
        'schemas/policy-test.schema.json',
        'dist/server/analyst/worker.js',
        'examples/shop/namespaces.yaml',
      ]),
    );
    const programs = packed.files.filter((file) => /^bin\/(kubectl-)?portcullis$/.test(file.path));
    expect(programs.map((file) => (file.mode & 0o111).toString(8))).toEqual(['111', '111']);
  });

  test('holds nothing else: no tests, no maps, no sources', () => {
    const strange = packed.files
      .map((file) => file.path)
      .filter((file) => !/^(LICENSE|README(\.zh-CN)?\.md|CHANGELOG\.md|package\.json|bin\/[\w.-]+)$/.test(file))
      .filter((file) => !/^examples\/[\w/-]+(\.(ya?ml|json|md)|\/hosts)$/.test(file) && !/^dist\/web\//.test(file))
      .filter((file) => !/^schemas\/[\w-]+\.schema\.json$/.test(file))
      .filter((file) => !/^dist\/web\/(index\.html|icon\.svg|server\.json|assets\/[\w-]+\.(js|css))$/.test(file))
      .filter((file) => !/^dist\/[\w/-]+\.(js|d\.ts)$/.test(file));
    expect(strange).toEqual([]);
  });

  test('installs and runs under both names', { timeout: 120_000 }, () => {
    // `npm ci` has filled npm's cache with the dependencies, so this asks the registry for next to nothing.
    const prefix = path.join(place, 'prefix');
    const tarball = path.join(place, packed.filename);
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
    succeed('npm', ['install', '--global', '--prefix', prefix, '--prefer-offline', ...quiet, tarball], place);

    expect(succeed(path.join(prefix, 'bin/portcullis'), ['version'], place)).toContain(version);
    expect(succeed(path.join(prefix, 'bin/kubectl-portcullis'), ['--help'], place)).toMatch(/usage/i);
  });
});
