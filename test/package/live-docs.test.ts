import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { RESOURCES, rbacRules } from '../../src/kube/live/resources.ts';
import { KINDS } from '../../src/model/decode/kinds.ts';

const DOCS = path.join(import.meta.dirname, '../../docs/live-clusters.md');

it('the role of docs/live-clusters.md allows what is read, and nothing else', () => {
  const [, role = ''] = /\nrules:\n((?: {2}.*\n)+)/.exec(readFileSync(DOCS, 'utf8')) ?? [];
  const rules = rbacRules(RESOURCES, ['list', 'watch']).map((line) => `  ${line}\n`);
  expect(role).toBe(rules.join(''));
});

it('every kind that can be decoded is read from clusters', () => {
  const read = new Set(RESOURCES.map(({ kind }) => kind));
  expect([...KINDS.keys()].filter((kind) => !read.has(kind))).toEqual([]);
});
