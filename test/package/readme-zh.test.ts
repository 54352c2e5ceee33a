/** The README in Chinese says what the one in English says: same structure, commands, code and figures. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './run.ts';

interface Outline {
  /** Depths of headings. */
  readonly headings: readonly number[];
  /** Blocks of code, whole. */
  readonly code: readonly string[];
  /** Of each row of a table what is code, as it stands; Chinese separates by other commas. */
  readonly rows: readonly string[];
  /** Numbers in rows of figures. */
  readonly figures: readonly string[];
  /** What is linked to, each once. */
  readonly links: readonly string[];
  /** Of each paragraph and list item: its code, as it stands, and its numbers in order of size. */
  readonly paragraphs: readonly string[];
  readonly pictures: readonly string[];
}

function outline(file: string): Outline {
  const text = readFileSync(path.join(root, file), 'utf8');
  const code = [...text.matchAll(/^```[\s\S]*?^```/gm)].map(([block]) => block);
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  const rows = prose.split('\n').filter((line) => line.startsWith('|'));
  const paragraphs = prose
    .split(/\n{2,}|\n(?=[-*] |\d+\. )/)
    .filter(
      (block) =>
        !/^(?:[#|<!]|\[?!?\[)/.test(block.trim()) &&
        block.trim() !== '' &&
        !block.includes('| 简体中文') &&
        !block.includes('[简体中文]'),
    );
  const links = [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target as string);
  return {
    headings: [...prose.matchAll(/^(#+) /gm)].map(([, marks]) => (marks as string).length),
    code,
    rows: rows.map((row) => (row.match(/`[^`]+`/g) ?? []).join(' ')),
    figures: rows.map((row) => (row.match(/\d[\d,.]*/g) ?? []).join(' ')),
    paragraphs: paragraphs.map((block) => {
      const spans = block.match(/`[^`]+`/g) ?? [];
      const numbers = block.replace(/`[^`]+`|\]\([^)]*\)/g, '').match(/\d[\d,.]*\d|\d/g) ?? [];
      return [...spans.sort(), ...numbers.sort()].join(' ');
    }),
    // Pictures of the page are in the language of the text.
    pictures: links.filter((target) => target.endsWith('.png')).map((target) => target.replace('-zh.', '.')),
    links: [...new Set(links)].filter((target) => !/^README/.test(target) && !target.endsWith('.png')).sort(),
  };
}

const [english, chinese] = [outline('README.md'), outline('README.zh-CN.md')];

test.each(['headings', 'code', 'rows', 'figures', 'links', 'paragraphs', 'pictures'] as const)(
  'the same %s',
  (part) => {
    expect(english[part].length).toBeGreaterThan(0);
    expect(chinese[part]).toEqual(english[part]);
  },
);

test.each([...english.links, ...chinese.links].filter((target) => !/^https?:|^#/.test(target)))(
  '%s is there',
  (target) => {
    expect(existsSync(path.join(root, target.split('#')[0] as string))).toBe(true);
  },
);
