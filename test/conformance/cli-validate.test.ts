import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, type Outcome, portcullis } from '../cli/run-main.ts';
import { jsonListOf, yamlOf } from '../support/manifest-files.ts';
import type { Manifest } from '../support/manifests.ts';
import { readTruth } from '../support/truth.ts';

interface Case {
  readonly name: string;
  readonly object: Manifest;
  readonly errors?: readonly string[];
  readonly errorsLegacyCIDR?: readonly string[];
  readonly warnings?: readonly string[];
  readonly warningsLegacyCIDR?: readonly string[];
}

/** What the API server says of single objects; `note` of the file says where each text comes from. */
type Truth = Readonly<Record<'upstreamAccepted' | 'upstreamRejected' | 'moreAccepted' | 'moreRejected', Case[]>>;

interface Finding {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly object: { readonly kind: string };
  readonly path: string;
  readonly message: string;
  readonly source: { readonly file: string; readonly line: number; readonly column: number };
}

const truth = readTruth<Truth>('validation-cases.json');
const accepted = [...truth.upstreamAccepted, ...truth.moreAccepted];
const cases = [...accepted, ...truth.upstreamRejected, ...truth.moreRejected];

const fileOf = (index: number): string => `${String(index).padStart(3, '0')}.yaml`;

function filesOf(list: readonly Case[]): Record<string, string> {
  return Object.fromEntries(list.map(({ object }, index) => [fileOf(index), yamlOf([object])]));
}

function findingsOf({ stdout }: Outcome): Finding[] {
  return (JSON.parse(stdout) as { readonly findings: Finding[] }).findings;
}

function texts(findings: readonly Finding[], severity: Finding['severity']): string[] {
  return findings
    .filter((one) => one.severity === severity && one.code !== 'duplicate-object')
    .map((one) => `${one.path}: ${one.message}`);
}

test('there are 122 cases', () => expect(cases).toHaveLength(122));

describe.each([
  ['validate', [], false],
  ['validate --legacy-cidrs', ['--legacy-cidrs'], true],
] as const)('%s', (_, flags, legacy) => {
  const root = folder(filesOf(cases));

  test('says of every object what the server says, each at its place', async () => {
    const outcome = await portcullis(['validate', '-f', root, '-o', 'json', ...flags]);
    expect([outcome.code, outcome.stderr]).toEqual([1, '']);
    const findings = findingsOf(outcome);
    for (const [index, { name, object, errors = [], errorsLegacyCIDR = errors, ...rest }] of cases.entries()) {
      const { warnings = [], warningsLegacyCIDR = warnings } = rest;
      const found = findings.filter(
        ({ code, source }) => code !== 'duplicate-object' && path.basename(source.file) === fileOf(index),
      );
      expect({ name, errors: texts(found, 'error'), warnings: texts(found, 'warning') }).toEqual({
        name,
        errors: legacy ? errorsLegacyCIDR : errors,
        warnings: legacy ? warningsLegacyCIDR : warnings,
      });
      const lines = yamlOf([object]).split('\n').length;
      for (const { source, object: subject } of found) {
        expect(subject.kind).toBe('NetworkPolicy');
        expect(source.line >= 1 && source.line <= lines && source.column >= 1, name).toBe(true);
      }
    }
  });

  test('exits 0 for accepted objects and 1 for each rejected one', async () => {
    const codes = await Promise.all(
      cases.map(async ({ object }) => {
        const { code } = await portcullis(['validate', '-f', '-', '-q', ...flags], { stdin: yamlOf([object]) });
        return code;
      }),
    );
    const wanted = cases.map(({ errors = [], errorsLegacyCIDR = errors }) =>
      (legacy ? errorsLegacyCIDR : errors).length > 0 ? 1 : 0,
    );
    expect(codes).toEqual(wanted);
  });

  test('says the same of a JSON list', async () => {
    const yaml = await portcullis(['validate', '-f', root, '-o', 'json', ...flags]);
    const stdin = jsonListOf(cases.map(({ object }) => object));
    const json = await portcullis(['validate', '-f', '-', '-o', 'json', ...flags], { stdin });
    expect(json.code).toBe(1);
    for (const severity of ['error', 'warning'] as const) {
      expect(texts(findingsOf(json), severity).sort()).toEqual(texts(findingsOf(yaml), severity).sort());
    }
  });
});

test('a folder of accepted objects is clean', async () => {
  const { code, stdout } = await portcullis(['validate', '-f', folder(filesOf(accepted))]);
  expect(code).toBe(0);
  expect(stdout).toContain(`${accepted.length} network policies checked: `);
});
