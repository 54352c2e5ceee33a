import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { LINT_RULES } from '../../../src/analysis/lint/index.ts';
import { CIDR_ISSUE_TEXT } from '../../../src/net/cidr.ts';
import { zhSentences } from './zh-sentences.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

/** What `say` is called with in a source, as keys of the sentences. */
function said(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const keys: string[] = [];
  if (!text.includes('say`')) return keys;
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'say') {
      const { template } = node;
      keys.push(
        ts.isNoSubstitutionTemplateLiteral(template)
          ? template.text
          : template.head.text + template.templateSpans.map(({ literal }, at) => `{${at}}${literal.text}`).join(''),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return keys;
}

const places = (text: string): string[] => [...text.matchAll(/\{\d+\}/g)].map(([place]) => place).sort();

describe('sentences in Chinese', () => {
  const files = ['src', 'web/src'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.test)\.tsx?$/.test(name))
      .map((name) => path.join(folder, name)),
  );
  const inSources = files.flatMap((file) => said(file).map((key) => ({ file, key })));
  const kept = [...LINT_RULES.map(({ summary }) => summary), ...Object.values(CIDR_ISSUE_TEXT)];

  test('are there for all that the analysis says', () => {
    expect(inSources.length).toBeGreaterThan(300);
    const missing = inSources.filter(({ key }) => !Object.hasOwn(zhSentences, key));
    expect([...missing, ...kept.filter((key) => !Object.hasOwn(zhSentences, key))]).toEqual([]);
  });

  test('are there for nothing else', () => {
    const known = new Set([...inSources.map(({ key }) => key), ...kept]);
    expect(Object.keys(zhSentences).filter((key) => !known.has(key))).toEqual([]);
  });

  test('put in what the English ones do', () => {
    const different = Object.entries(zhSentences).filter(([key, text]) => `${places(key)}` !== `${places(text)}`);
    expect(different).toEqual([]);
  });
});
