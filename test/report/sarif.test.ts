/** What `-o sarif` prints against SARIF 2.1.0 (OASIS): the part of its schema that is used, as strict as the original. */

import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { folder, portcullis, SHOP, WRONG } from '../cli/run-main.ts';

type Schema = Readonly<Record<string, unknown>>;

/** An object with these properties and no others, as all objects of SARIF are. */
function closed(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', properties, required, additionalProperties: false };
}

function listOf(items: Schema): Schema {
  return { type: 'array', items, uniqueItems: true };
}

const text: Schema = { type: 'string' };
const atLeast = (minimum: number): Schema => ({ type: 'integer', minimum });
const level: Schema = { enum: ['none', 'note', 'warning', 'error'] };
const message = closed({ text, markdown: text, id: text }, ['text']);
const rule = closed(
  {
    id: text,
    name: text,
    shortDescription: message,
    fullDescription: message,
    helpUri: { type: 'string', format: 'uri' },
    defaultConfiguration: closed({ enabled: { type: 'boolean' }, level }),
  },
  ['id'],
);
const region = closed({
  startLine: atLeast(1),
  startColumn: atLeast(1),
  endLine: atLeast(1),
  endColumn: atLeast(1),
});
const location = closed({
  physicalLocation: closed({
    artifactLocation: closed({ uri: { type: 'string', format: 'uri-reference' } }),
    region,
  }),
  logicalLocations: listOf(closed({ name: text, fullyQualifiedName: text, kind: text })),
});
const result = closed(
  { ruleId: text, ruleIndex: atLeast(-1), level, message, locations: { type: 'array', items: location } },
  ['message'],
);
const run = closed(
  {
    tool: closed(
      {
        driver: closed(
          { name: text, version: text, informationUri: { type: 'string', format: 'uri' }, rules: listOf(rule) },
          ['name'],
        ),
      },
      ['driver'],
    ),
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    results: { type: 'array', items: result },
  },
  ['tool'],
);
const LOG = closed(
  { $schema: { type: 'string', format: 'uri' }, version: { const: '2.1.0' }, runs: { type: 'array', items: run } },
  ['version', 'runs'],
);

/** RFC 3986: the characters that a reference may have, each other one as a percent sign and two digits. */
const REFERENCE = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[\dA-F]{2})*$/i;

const ajv = new Ajv2020({ allErrors: true, formats: { uri: /^[a-z]+:/, 'uri-reference': REFERENCE } });
const isLog = ajv.compile(LOG);

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly locations: readonly {
        readonly physicalLocation?: { readonly region: Readonly<Record<string, number>> };
      }[];
    }[];
  }[];
}

const ODD = { ...SHOP, 'wrong.yaml': WRONG, 'a b/ünd %.yaml': 'kind: Pod\n\tx: 1\n' };

test.each([
  ['lint', 'of the poor example', ['-f', 'examples/poor']],
  ['lint', 'of what is wrong, in odd names', ['-f', folder(ODD)]],
  ['lint', 'of nothing', ['-f', folder({ 'pods.yaml': SHOP['pods.yaml'] })]],
  ['validate', 'of what is wrong, in odd names', ['-f', folder(ODD)]],
  ['validate', 'of standard input', ['-f', '-']],
])('%s %s', async (command, _what, input) => {
  const here = path.join(import.meta.dirname, '../..');
  const args = input.map((word) => (word.startsWith('examples') ? path.join(here, word) : word));
  const { stdout } = await portcullis([command, ...args, '-o', 'sarif'], { stdin: WRONG });
  const log = JSON.parse(stdout) as Log;
  isLog(log);
  expect(isLog.errors ?? []).toEqual([]);
  const [{ tool, results } = { tool: { driver: { rules: [] } }, results: [] }] = log.runs;
  for (const { ruleId, ruleIndex, locations } of results) {
    expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    for (const { physicalLocation } of locations) {
      const { startColumn = 1, endColumn = startColumn } = physicalLocation?.region ?? {};
      expect(endColumn).toBeGreaterThanOrEqual(startColumn);
    }
  }
});
