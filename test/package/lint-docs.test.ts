import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { LINT_RULES } from '../../src/analysis/lint/index.ts';
import { lintText } from '../support/lint.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const FOLDER = path.join(ROOT, 'docs/lint');

function page(name: string): string {
  return readFileSync(path.join(FOLDER, name), 'utf8');
}

/** The YAML blocks below `Reported:` and `Not reported:`. */
function examples(text: string): { readonly bad: string; readonly good: string } {
  const block = (title: string): string =>
    new RegExp(`^${title}:\\n\\n\`\`\`yaml\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? '';
  return { bad: block('Reported'), good: block('Not reported') };
}

test('there is a page for each rule, and no other', () => {
  const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual(LINT_RULES.map(({ id }) => `${id}.md`).sort());
  for (const { docs } of LINT_RULES) expect(existsSync(path.join(ROOT, docs)), docs).toBe(true);
});

test('the index lists the rules as they are', () => {
  const rows = page('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| ['));
  expect(rows).toEqual(
    LINT_RULES.map(
      ({ id, severity, fixable, summary }) =>
        `| [${id}](${id}.md) | ${severity} | ${fixable ? 'some' : ''} | ${summary} |`,
    ),
  );
});

describe.each(LINT_RULES)('$id', ({ id, severity, fixable }) => {
  const text = page(`${id}.md`);
  const { bad, good } = examples(text);
  const rulesOf = (yaml: string): string[] => lintText(yaml).findings.map(({ code }) => code);

  test('the page has the parts that pages have', () => {
    expect(text.startsWith(`# ${id}\n\n`)).toBe(true);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(['Why', 'Example', 'Fix', 'Suppress']);
    expect(text).toContain(`Severity: ${severity}.`);
    expect(text.includes('Some findings can be put right with `--fix`')).toBe(fixable);
  });

  test('finds what the page says it finds', () => {
    expect(rulesOf(bad)).toContain(id);
  });

  test('does not find what the page says it does not find', () => {
    expect(good).not.toBe('');
    expect(rulesOf(good)).not.toContain(id);
  });
});
