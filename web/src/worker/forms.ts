import { isMap, parse, parseDocument } from 'yaml';
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
  const document = parseDocument(text);
  if (!isMap(document.contents)) return fresh;
  const wanted: unknown = parse(fresh);
  const { objects } = readManifests([{ name: 'form', content: text }]);
  const [policy] = objects;
  // What is written and what it means may differ: defaults count as written.
  const before: unknown = policy?.kind === 'NetworkPolicy' ? parse(policyYaml(policy)) : undefined;
  for (const path of PATHS) {
    const value = at(wanted, path);
    if (JSON.stringify(at(before, path)) === JSON.stringify(value)) continue;
    const old = at(before, path);
    if (value === undefined) document.deleteIn(path);
    else if (Array.isArray(old) && Array.isArray(value) && document.hasIn([...path, 0])) {
      for (const [index, item] of value.entries()) {
        if (JSON.stringify(old[index]) !== JSON.stringify(item))
          document.setIn([...path, index], document.createNode(item));
      }
      for (let index = old.length - 1; index >= value.length; index--) document.deleteIn([...path, index]);
    } else document.setIn(path, document.createNode(value));
  }
  return document.toString({ lineWidth: 0 });
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}
