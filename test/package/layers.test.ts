import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Finished, run } from './run.ts';

describe('scripts/layers.mjs', { timeout: 60_000 }, () => {
  let tree: string;

  beforeEach(() => {
    tree = mkdtempSync(path.join(tmpdir(), 'portcullis-layers-'));
  });

  afterEach(() => {
    rmSync(tree, { recursive: true });
  });

  function check(files: Readonly<Record<string, string>>): Finished {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
      writeFileSync(path.join(tree, file), text);
    }
    return run(process.execPath, ['scripts/layers.mjs', tree]);
  }

  /** Enough modules and imports for the tool to believe its own answer; every edge is allowed. */
  const sound = {
    'src/net/a.ts': `export const a = 1;`,
    'src/model/b.ts': `import { a } from '../net/a.ts'; export type B = number; export const b = a;`,
    'src/manifest/c.ts': `import { b } from '../model/b.ts'; export const c = b;`,
    'src/engine/d.ts': `import type { B } from '../model/b.ts'; export const d: B = 4;`,
    'src/engine/d.test.ts': `import 'node:fs'; import './d.ts';`,
    'src/analysis/inner.ts': `import { d } from '../engine/d.ts'; export interface E { d: number } export const e = d;`,
    'src/analysis/index.ts': `export { type E, e } from './inner.ts';`,
    'src/nft/f.ts': `import { d } from '../engine/d.ts'; export const f = d;`,
    'src/report/g.ts': `import type { E } from '../analysis/index.ts'; export type G = E;`,
    'src/kube/h.ts': `import 'node:fs'; import '../engine/d.ts'; export const h = 1;`,
    'src/agent/i.ts': `import { f } from '../nft/f.ts'; export const i = f;`,
    'src/server/j.ts': `import '../report/g.ts'; export const j = 1;`,
    'src/cli/main.ts': `import '../server/j.ts'; import '../agent/i.ts';`,
    'src/index.ts': `export { a } from './net/a.ts';`,
  };

  test('a tree that keeps every rule passes', () => {
    const { code, stdout, stderr } = check(sound);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('layers: 14 modules, 14 imports between them, 0 problems\n');
  });

  test('each rule finds its breach', () => {
    const { code, stderr } = check({
      ...sound,
      'src/net/up.ts': `import type { B } from '../model/b.ts'; export type Up = B;`,
      'src/model/io.ts': `import fs from 'fs'; export { fs };`,
      'src/engine/loop.ts': `import { round } from './round.ts'; export const loop = round;`,
      'src/engine/round.ts': `import { loop } from './loop.ts'; export const round = loop;`,
      'package.json': `{ "type": "module", "devDependencies": { "tool": "1.0.0" } }`,
      'node_modules/tool/package.json': `{ "name": "tool", "version": "1.0.0", "main": "index.js" }`,
      'node_modules/tool/index.js': `exports.tool = 1;`,
      'src/engine/dev.ts': `import { tool } from 'tool'; export { tool };`,
      'src/engine/borrow.ts': `import './d.test.ts';`,
      'src/engine/gone.ts': `import './nowhere.ts';`,
      'src/report/deep.ts': `import type { E } from '../analysis/inner.ts'; export type Deep = E;`,
      'src/report/code.ts': `import { e } from '../analysis/index.ts'; export const code = e;`,
      'src/nft/sideways.ts': `import { e } from '../analysis/index.ts'; export const sideways = e;`,
      'src/server/peer.ts': `import '../agent/i.ts'; import '../odd/k.ts'; import '../cli/main.ts';`,
      'src/odd/k.ts': `import '../index.ts';`,
      'src/index.ts': `export { h } from './kube/h.ts';`,
    });
    const breaches = stderr
      .split('\n')
      .filter((line) => line.startsWith('layers: '))
      .map((line) => line.slice('layers: '.length));
    expect(code).toBe(1);
    expect(breaches.sort()).toEqual([
      'agent-and-server-apart: src/server/peer.ts -> src/agent/i.ts',
      'entry-is-pure: src/index.ts -> src/kube/h.ts',
      'folders-are-layers: src/server/peer.ts -> src/odd/k.ts',
      'net-imports-downward: src/net/up.ts -> src/model/b.ts',
      'nft-types-of-siblings: src/nft/sideways.ts -> src/analysis/index.ts',
      'no-cycles: src/engine/loop.ts -> src/engine/round.ts -> src/engine/loop.ts',
      'no-dev-dependencies-in-source: src/engine/dev.ts -> node_modules/tool/index.js',
      'no-unresolved: src/engine/gone.ts -> ./nowhere.ts',
      'nothing-imports-cli: src/server/peer.ts -> src/cli/main.ts',
      'nothing-imports-the-entry: src/odd/k.ts -> src/index.ts',
      'pure-layers-without-node: src/model/io.ts -> fs',
      'report-not-into-siblings: src/report/deep.ts -> src/analysis/inner.ts',
      'report-types-of-siblings: src/report/code.ts -> src/analysis/index.ts',
      'server-imports-downward: src/server/peer.ts -> src/cli/main.ts',
      'source-stands-alone: src/engine/borrow.ts -> src/engine/d.test.ts',
    ]);
  });

  test('a run that saw next to nothing fails', () => {
    const { code, stderr } = check({ 'src/net/a.ts': 'export const a = 1;' });
    expect(code).toBe(1);
    expect(stderr).toContain('only 1 modules seen');
    expect(stderr).toContain('only 0 imports seen');
  });
});
