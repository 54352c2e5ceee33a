import { DecodeContext } from '../model/decode/context.ts';
import {
  boolean,
  closedRecord,
  intOrString,
  isObject,
  list,
  type Reader,
  type RecordOf,
  string,
  stringMap,
} from '../model/decode/schema.ts';
import { say } from '../model/say.ts';
import { type Diagnostic, type FieldPath, formatPath, type ObjectSource } from '../model/source.ts';
import type { LabelSelector } from '../model/types.ts';
import { validateSelector } from '../model/validate/selector.ts';
import type { Family } from '../net/address.ts';
import { cidrMisreading } from '../net/cidr.ts';
import { decodeText } from './decode-text.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { ManifestInput } from './read.ts';
import { readText } from './read-text.ts';
import { TextFile } from './text-file.ts';
import { noteDiagnostic, problemDiagnostic, TextSource, withQuoteHelp } from './text-source.ts';

/** What an assertion expects of every pair of its ends. */
export type Expectation = 'allowed' | 'denied';

/** One end of an assertion as written: a name, which may have wildcards, or selectors of pods. */
export type EndPattern = (
  | { readonly type: 'name'; readonly name: string }
  /** An absent selector selects all: pods of every namespace, all pods. */
  | { readonly type: 'pods'; readonly namespaceSelector?: LabelSelector; readonly podSelector?: LabelSelector }
) & {
  /** From the root of the document. */
  readonly path: FieldPath;
};

/** An end that is left out; `side` tells from which end only, where one is meant. */
export type ExceptPattern = EndPattern & { readonly side?: 'from' | 'to' };

/** A port as written, not yet understood. */
export interface WrittenPort {
  readonly text: string;
  readonly path: FieldPath;
}

/** One assertion of a `PolicyTest`. Lists are alternatives: every combination is meant. */
export interface Assertion {
  readonly name?: string;
  readonly from: readonly EndPattern[];
  readonly to: readonly EndPattern[];
  /** Empty: every port. */
  readonly ports: readonly WrittenPort[];
  readonly expect: Expectation;
  readonly except: readonly ExceptPattern[];
  /** Absent: every family that both ends have. */
  readonly family?: Family;
  /** Whether it may be about nothing. */
  readonly allowEmpty: boolean;
  /** From the root of the document. */
  readonly path: FieldPath;
}

/** A document of kind `PolicyTest`. */
export interface PolicyTest {
  readonly name?: string;
  readonly assertions: readonly Assertion[];
  /** Finds the fields of the document. */
  readonly source: ObjectSource;
}

/** The documents of a set of inputs, and what is wrong with them. */
export interface PolicyTestResult {
  /** Only documents without errors, in the order of the input. */
  readonly tests: readonly PolicyTest[];
  readonly diagnostics: readonly Diagnostic[];
}

const API_VERSION = 'portcullis.dev/v1';
const KIND = 'PolicyTest';
const EXPECTATIONS: readonly Expectation[] = ['allowed', 'denied'];
const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

const rawSelector = closedRecord({
  matchLabels: stringMap,
  matchExpressions: list(closedRecord({ key: string, operator: string, values: list(string) })),
});

/** A selector, by the API server's rules for those of policies. */
const selector: Reader<LabelSelector> = {
  zero: {},
  ...(rawSelector.fields === undefined ? {} : { fields: rawSelector.fields }),
  read(value, context) {
    const { matchLabels, matchExpressions } = rawSelector.read(value, context);
    const requirements = matchExpressions?.map(({ key = '', operator = '', values }) => ({
      key,
      operator,
      ...(values === undefined ? {} : { values }),
    }));
    const read: LabelSelector = {
      ...(matchLabels === undefined ? {} : { matchLabels }),
      ...(requirements === undefined ? {} : { matchExpressions: requirements }),
    };
    const path = [...context.path];
    context.check((errors) => validateSelector(read, path, errors));
    return read;
  },
};

const podsEnd = closedRecord(
  { namespaceSelector: selector, podSelector: selector },
  new Map([
    ['matchLabels', () => say`put it under podSelector: or namespaceSelector:`],
    ['namespace', () => say`write a name such as shop/*, or a namespaceSelector`],
  ]),
);

type RawEnd = string | RecordOf<{ namespaceSelector: typeof selector; podSelector: typeof selector }>;
type RawEnds = readonly RawEnd[] | RawEnd;

const end: Reader<RawEnd> = {
  zero: '',
  ...(podsEnd.fields === undefined ? {} : { fields: podsEnd.fields }),
  read(value, context) {
    if (typeof value === 'string') {
      if (value.trim() === '') context.report('invalid', say`a name must not be empty`);
      return value;
    }
    if (!isObject(value)) {
      context.wrongType(say`name or selectors, as string or object`, value);
      return '';
    }
    const selectors = podsEnd.read(value, context);
    if (Object.keys(value).length === 0) {
      context.report('invalid', say`must have a namespaceSelector or a podSelector`, {
        help: say`write */* for every pod`,
      });
    }
    return selectors;
  },
};

/** One value, or a list of them. */
function oneOrMore<T>(item: Reader<T>): Reader<readonly T[] | T> {
  const many = list(item);
  return {
    zero: item.zero,
    ...(item.fields === undefined ? {} : { fields: item.fields }),
    read(value, context) {
      if (!Array.isArray(value)) return item.read(value, context);
      if (value.length === 0) context.report('invalid', say`must not be an empty list`);
      return many.read(value, context);
    },
  };
}

const sides = closedRecord({ from: oneOrMore(end), to: oneOrMore(end) });
const eitherSide = oneOrMore(end);

type RawExcept = { readonly ends?: RawEnds; readonly from?: RawEnds; readonly to?: RawEnds };

/** Ends that are left out on both sides, or `from` and `to` apart. */
const exceptions: Reader<RawExcept> = {
  zero: {},
  ...(podsEnd.fields === undefined ? {} : { fields: podsEnd.fields }),
  read(value, context) {
    if (isObject(value) && ('from' in value || 'to' in value)) return sides.read(value, context);
    return { ends: eitherSide.read(value, context) };
  },
};

function choice<T extends string>(values: readonly T[]): Reader<T> {
  return {
    zero: values[0] as T,
    read(value, context) {
      const found = values.find((one) => one === value);
      if (found !== undefined) return found;
      context.report('unsupported', say`must be ${values.join(say` or `)}, not ${JSON.stringify(value)}`);
      return values[0] as T;
    },
  };
}

const assertionFields = {
  name: string,
  from: oneOrMore(end),
  to: oneOrMore(end),
  port: oneOrMore(intOrString),
  expect: choice(EXPECTATIONS),
  except: exceptions,
  family: choice(FAMILIES),
  allowEmpty: boolean,
} as const;

const assertionHints = new Map([
  ['ports', () => say`did you mean port? It may be a list`],
  ['protocol', () => say`write it behind the port: port: 53/UDP`],
  ['description', () => say`did you mean ${'name'}?`],
]);

const policyTest = closedRecord({
  apiVersion: string,
  kind: string,
  metadata: closedRecord({ name: string, labels: stringMap, annotations: stringMap }),
  assertions: list(closedRecord(assertionFields, assertionHints)),
});

type RawAssertion = RecordOf<typeof assertionFields>;

/** The fields that documents and assertions may have, for whoever describes the format elsewhere. */
export const POLICY_TEST_FIELDS: { readonly document: readonly string[]; readonly assertion: readonly string[] } = {
  document: [...(policyTest.fields?.keys() ?? [])],
  assertion: Object.keys(assertionFields),
};

/**
 * Reads `PolicyTest` documents. Every other kind is an error, and so are unknown and duplicate fields: an assertion that
 * is not understood must not pass. Names are not looked up here.
 *
 * Codes beside those of reading text: `wrong-type`, `required`, `unknown-field`, `unsupported`, `invalid`, `empty-test`.
 */
export function readPolicyTests(inputs: Iterable<ManifestInput>): PolicyTestResult {
  const tests: PolicyTest[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { name, content } of inputs) {
    const decoded = decodeText(name, content);
    if ('diagnostic' in decoded) {
      diagnostics.push(decoded.diagnostic);
      continue;
    }
    const file = new TextFile(name, decoded.text);
    let documents = 0;
    for (const { results } of readText(name, decoded.text, DEFAULT_LIMITS)) {
      for (const result of results) {
        if ('problems' in result) {
          documents++;
          diagnostics.push(...result.problems.map((problem) => problemDiagnostic(file, problem)));
          continue;
        }
        const { value, notes } = result.document;
        if (value === null) continue;
        documents++;
        const source = new TextSource(file, result.document.locator([]));
        const found = decode(value, source);
        const remarks = notes.map((note) => noteDiagnostic(file, note, note.path, true, undefined));
        const spelling = found.test === undefined ? [] : misreadings(found.test);
        const problems = [...remarks, ...found.diagnostics.map(withQuoteHelp), ...spelling];
        diagnostics.push(...problems);
        if (found.test !== undefined && problems.every(({ severity }) => severity !== 'error')) tests.push(found.test);
      }
    }
    if (documents === 0) {
      diagnostics.push({
        code: 'empty-test',
        severity: 'error',
        message: say`no PolicyTest in this file`,
        source: { file: name, line: 1, column: 1 },
      });
    }
  }
  return { tests, diagnostics };
}

function decode(
  value: unknown,
  source: ObjectSource,
): { readonly test?: PolicyTest; readonly diagnostics: readonly Diagnostic[] } {
  const context = new DecodeContext(() => undefined, source, true);
  if (!isObject(value)) {
    context.wrongType(say`object of kind ${KIND}`, value);
    return { diagnostics: context.diagnostics };
  }
  for (const [field, wanted] of [
    ['apiVersion', API_VERSION],
    ['kind', KIND],
  ] as const) {
    const found = value[field];
    if (found === wanted) continue;
    context.at([field], () => {
      const written = found === undefined ? say`is missing, and` : say`is ${JSON.stringify(found)}, and`;
      context.report('unsupported', say`${written} must be ${wanted}`);
    });
  }
  if (context.failed) return { diagnostics: context.diagnostics };
  const raw = policyTest.read(value, context);
  if ((raw.assertions ?? []).length === 0)
    context.required(['assertions'], say`a test without assertions proves nothing`);
  const assertions = (raw.assertions ?? []).map((one, index) => assertion(one, ['assertions', index], context));
  if (context.failed) return { diagnostics: context.diagnostics };
  const name = raw.metadata?.name;
  return {
    test: { ...(name === undefined ? {} : { name }), assertions, source },
    diagnostics: context.diagnostics,
  };
}

/** Warnings about ends that are blocks, but not written as they are read. */
function misreadings({ assertions, source }: PolicyTest): Diagnostic[] {
  return assertions
    .flatMap(({ from, to, except }) => [...from, ...to, ...except])
    .flatMap((end): Diagnostic[] => {
      const message = end.type === 'name' ? cidrMisreading(end.name.trim()) : undefined;
      if (message === undefined) return [];
      const place = { path: formatPath(end.path), source: source.locate(end.path) };
      return [{ code: 'irregular-cidr', severity: 'warning', message, ...place }];
    });
}

function assertion(raw: RawAssertion, path: FieldPath, context: DecodeContext): Assertion {
  const { name, from, to, port, expect, except, family, allowEmpty = false } = raw;
  context.at(path, () => {
    if (from === undefined) context.required(['from']);
    if (to === undefined) context.required(['to']);
    if (expect === undefined) context.required(['expect'], EXPECTATIONS.join(say` or `));
  });
  return {
    ...(name === undefined ? {} : { name }),
    from: ends(from, [...path, 'from']),
    to: ends(to, [...path, 'to']),
    ports: located(port, [...path, 'port']).map(([written, at]) => ({ text: String(written), path: at })),
    expect: expect ?? 'denied',
    except: [
      ...ends(except?.ends, [...path, 'except']),
      ...(['from', 'to'] as const).flatMap((side) =>
        ends(except?.[side], [...path, 'except', side]).map((pattern) => ({ ...pattern, side })),
      ),
    ],
    ...(family === undefined ? {} : { family }),
    allowEmpty,
    path,
  };
}

function ends(raw: RawEnds | undefined, path: FieldPath): EndPattern[] {
  return located(raw, path).map(([written, at]) =>
    typeof written === 'string' ? { type: 'name', name: written, path: at } : { type: 'pods', ...written, path: at },
  );
}

/** The values of a field that holds one or a list, each with its place. */
function located<T extends string | number | object>(
  value: readonly T[] | T | undefined,
  path: FieldPath,
): (readonly [T, FieldPath])[] {
  if (value === undefined) return [];
  return isList(value) ? value.map((item, index) => [item, [...path, index]] as const) : [[value, path]];
}

function isList<T>(value: readonly T[] | T): value is readonly T[] {
  return Array.isArray(value);
}
