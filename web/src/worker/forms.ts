import { type Document, isMap, isScalar, isSeq, parse, parseDocument, visit, YAMLMap, YAMLSeq } from 'yaml';
import { splitDocuments } from '../../../src/manifest/chunks.ts';
import { readManifests } from '../../../src/manifest/read.ts';
import { validatePolicy } from '../../../src/model/validate/index.ts';
import { policyYaml } from '../../../src/report/advice.ts';
import { formOf, policyOfForm } from '../editor/form.ts';
import type { Answer, Params } from './protocol.ts';

/** The NetworkPolicy document at an offset of a text, as a form. */
export function readForm({ text, offset }: Params<'readForm'>): Answer<'readForm'> {
  const extent = [...splitDocuments(text)].findLast(({ start }) => start <= offset) ?? { start: 0, end: text.length };
  const document = text.slice(extent.start, extent.end);
  const { objects } = readManifests([{ name: 'form', content: document }]);
  const [policy] = objects;
  if (policy?.kind !== 'NetworkPolicy' || objects.length !== 1) return { error: 'not-a-policy' };
  return { form: formOf(policy), document, start: extent.start, end: extent.end };
}

/**
 * A form as YAML: anew, or into the document that it was read from, in which then only what differs changes, so that
 * comments stay.
 */
export function writeForm({ form, document }: Params<'writeForm'>): Answer<'writeForm'> {
  const { policy, errors } = policyOfForm(form);
  if (policy === undefined) {
    return { yaml: '', problems: errors.map((message) => ({ code: 'form', severity: 'error', message })) };
  }
  const fresh = policyYaml(policy);
  const yaml = document === undefined ? fresh : merged(document, fresh);
  const problems = validatePolicy(policy).map(({ code, severity, message, path }) => ({
    code,
    severity,
    message: path === undefined ? message : `${path}: ${message}`,
  }));
  return { yaml, problems };
}

const PATHS = [
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['spec', 'podSelector'],
  ['spec', 'policyTypes'],
  ['spec', 'ingress'],
  ['spec', 'egress'],
] as const;

function merged(text: string, fresh: string): string {
  const before = formYaml(text);
  if (before === undefined) return fresh;
  if (before === fresh) return text;
  const [old, wanted] = [parse(before), parse(fresh)] as [unknown, unknown];
  // As little as can be, where that means what the form says; the text may be written otherwise than a form writes.
  const least = rewritten(text, (document) => {
    for (const path of PATHS) mergeInto(document, path, at(old, path), at(wanted, path));
  });
  if (formYaml(least) === fresh) return least;
  return rewritten(text, (document) => {
    for (const path of PATHS) {
      const value = at(wanted, path);
      if (same(at(old, path), value)) continue;
      if (value === undefined) document.deleteIn(path);
      else document.setIn(path, document.createNode(value));
    }
  });
}

/** The policy of a text as its form is written anew. */
function formYaml(text: string): string | undefined {
  const [object] = readManifests([{ name: 'form', content: text }]).objects;
  if (object?.kind !== 'NetworkPolicy') return undefined;
  const { policy } = policyOfForm(formOf(object));
  return policyYaml(policy ?? object);
}

function rewritten(text: string, change: (document: Document.Parsed) => void): string {
  // Kubernetes reads YAML 1.1: `y` is a boolean there.
  const document = parseDocument(text, { compat: 'yaml-1.1' });
  change(document);
  keepPadding(document, text);
  // As in the text: items beside their key, or further in.
  const indentSeq = !/^( *)(?:- )?[\w.-]+:[ \t]*\n\1- /m.test(text);
  return document.toString({ lineWidth: 0, indentSeq });
}

type Path = readonly (string | number)[];

/** Changes what differs, down to single values. */
function mergeInto(document: Document.Parsed, path: Path, old: unknown, value: unknown): void {
  if (same(old, value)) return;
  const node = document.getIn(path, true);
  if (value === undefined) document.deleteIn(path);
  else if (isSeq(node) && Array.isArray(old) && Array.isArray(value)) {
    for (const [index, item] of value.entries()) mergeInto(document, [...path, index], old[index], item);
    for (let index = old.length - 1; index >= value.length; index--) document.deleteIn([...path, index]);
  } else if (isMap(node) && isRecord(old) && isRecord(value)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(value)]))
      mergeInto(document, [...path, key], old[key], value[key]);
  } else if (isScalar(node) && !isRecord(value) && !Array.isArray(value)) node.value = value;
  else document.setIn(path, document.createNode(value));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lets each `[a]`, `[ a ]`, `{a: b}` and `{ a: b }` be written with the spaces that it has in the text. */
function keepPadding(document: Document.Parsed, text: string): void {
  visit(document, {
    Collection(_, node) {
      if (node.flow !== true || node.range == null) return;
      const flowCollectionPadding = /\s/.test(text[node.range[0] + 1] ?? '') ? ' ' : '';
      const { toString: write } = node instanceof YAMLSeq ? YAMLSeq.prototype : YAMLMap.prototype;
      node.toString = (context, ...rest) =>
        write.call(node, context === undefined ? context : { ...context, flowCollectionPadding }, ...rest);
    },
  });
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) {
    if (!isRecord(found)) return undefined;
    found = found[step];
  }
  return found;
}
