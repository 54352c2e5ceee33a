import { splitDocuments } from '../../../src/manifest/chunks.ts';
import { POLICY_TEST_FIELDS } from '../../../src/manifest/policy-test.ts';
import { fieldsAt, knownKinds } from '../../../src/model/fields.ts';
import type { CompletionItem, CompletionResult, Params } from './protocol.ts';
import type { LabelScope, Vocabulary } from './vocabulary.ts';
import { placeAt, type YamlPlace } from './yaml-place.ts';

/** What is known of the document around a cursor. */
interface Context {
  readonly place: YamlPlace;
  readonly kind: string;
  readonly namespace: string;
  readonly words: Vocabulary;
}

/** What may be written at an offset of a file: fields of its kind, and names that exist in the world. */
export function complete({ text, offset }: Params<'complete'>, words: Vocabulary): CompletionResult {
  const extent = [...splitDocuments(text)].findLast(({ start }) => start <= offset) ?? { start: 0, end: text.length };
  const document = text
    .slice(extent.start, Math.max(extent.end, offset))
    .replace(/^---[^\n]*/, (line) => ' '.repeat(line.length));
  const place = placeAt(document, offset - extent.start);
  if (place === undefined) return { from: offset, items: [] };
  const context: Context = {
    place,
    kind: /^kind:\s*["']?(\w+)/m.exec(document)?.[1] ?? '',
    namespace: /^ {2,}namespace:\s*["']?([\w.-]+)/m.exec(document)?.[1] ?? 'default',
    words,
  };
  const seen = new Set<string>();
  const items = itemsOf(context).filter(({ label }) => !seen.has(label) && seen.add(label));
  return { from: place.from + extent.start, items };
}

function itemsOf(context: Context): readonly CompletionItem[] {
  const { place, kind } = context;
  const last = place.path.at(-1) ?? '';
  if (place.path.length <= 1 && (last === 'kind' || last === 'apiVersion') && place.typing === 'value') {
    return knownKinds()
      .concat({ kind: 'PolicyTest', apiVersion: 'portcullis.dev/v1' })
      .filter((one) => last === 'kind' || kind === '' || one.kind === kind)
      .map((one) => ({ label: last === 'kind' ? one.kind : one.apiVersion, kind: 'value', detail: one.apiVersion }));
  }
  if (kind === 'PolicyTest') return testItems(context);
  return labelItems(context) ?? nameItems(context) ?? fieldItems(context);
}

/** Keys and values of labels, inside selectors. */
function labelItems({ place, words, namespace, kind }: Context): readonly CompletionItem[] | undefined {
  const { path, typing, siblings } = place;
  const at = path.findLastIndex((step) => step === 'matchLabels' || step === 'matchExpressions');
  if (at < 0) return undefined;
  const scope = scopeOf(path.slice(0, at));
  // A podSelector beside a namespaceSelector is for pods of other namespaces; the siblings of the selector are not seen from here.
  const own = kind === 'NetworkPolicy' && scope === 'pods' ? namespace : undefined;
  const keys = (): CompletionItem[] =>
    merged(words.labelKeys(scope, own), words.labelKeys(scope)).map(([key, uses]) => ({
      label: key,
      kind: 'label',
      detail: `× ${uses}`,
      insert: path[at] === 'matchLabels' ? `${key}: ` : key,
    }));
  const values = (key: string): CompletionItem[] =>
    merged(words.labelValues(scope, key, own), words.labelValues(scope, key)).map(([value, uses]) => ({
      label: value,
      kind: 'label',
      detail: `× ${uses}`,
      insert: plain(value),
    }));
  if (path[at] === 'matchLabels') {
    const key = path[at + 1];
    if (typing === 'key') return key === undefined ? keys() : [];
    return key === undefined ? [] : values(key);
  }
  switch (path[at + 1]) {
    case 'key':
      return keys();
    case 'operator':
      return ['In', 'NotIn', 'Exists', 'DoesNotExist'].map((label) => ({ label, kind: 'value' }));
    case 'values':
      return values((siblings.get('key') ?? '').replace(/["']/g, ''));
    default:
      return undefined;
  }
}

function scopeOf(path: readonly string[]): LabelScope {
  const selector = path.findLast((step) => /Selector$|^nodes$|^namespaces$/.test(step));
  return selector === 'namespaceSelector' || selector === 'namespaces'
    ? 'namespaces'
    : selector === 'nodes'
      ? 'nodes'
      : 'pods';
}

/** The pairs of the first list, then those only the second has. */
function merged(
  first: readonly (readonly [string, number])[],
  second: readonly (readonly [string, number])[],
): readonly (readonly [string, number])[] {
  const known = new Set(first.map(([name]) => name));
  return [...first, ...second.filter(([name]) => !known.has(name))];
}

/** A value that YAML takes for text. */
function plain(value: string): string {
  return /^[A-Za-z][\w./-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** Values of fields that name things. */
function nameItems({ place, words }: Context): readonly CompletionItem[] | undefined {
  const { path, typing } = place;
  const last = path.at(-1) ?? '';
  const isValue = typing === 'value';
  if (isValue && last === 'namespace') return words.namespaces.map((label) => ({ label, kind: 'name' }));
  if (last === 'policyTypes') return ['Ingress', 'Egress'].map((label) => ({ label, kind: 'value' }));
  if (isValue && last === 'protocol') return ['TCP', 'UDP', 'SCTP'].map((label) => ({ label, kind: 'value' }));
  if (isValue && last === 'port') return portItems(words);
  if ((isValue && last === 'cidr') || last === 'except') {
    return ['0.0.0.0/0', '::/0', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((label) => ({
      label,
      kind: 'value',
      insert: label.includes('::') ? `"${label}"` : label,
    }));
  }
  return undefined;
}

function portItems(words: Vocabulary): CompletionItem[] {
  return words.ports.flatMap(({ number, name, protocol, pods }): CompletionItem[] => {
    const detail = `${number}/${protocol} × ${pods}`;
    const byNumber: CompletionItem = { label: String(number), kind: 'value', detail: name ?? protocol };
    return name === undefined ? [byNumber] : [{ label: name, kind: 'name', detail }, byNumber];
  });
}

function fieldItems({ place, kind }: Context): readonly CompletionItem[] {
  const { path, typing, siblings, flow, column } = place;
  const choice = fieldsAt(kind, path);
  if (typing === 'value') {
    return (choice?.values ?? []).map((label) => ({ label, kind: 'value' }));
  }
  if (choice === undefined) return kind === '' && path.length === 0 ? topFields() : [];
  return choice.names
    .filter((name) => !siblings.has(name))
    .map((label) => {
      const nested = choice.nested.has(label);
      return {
        label,
        kind: 'field',
        insert: nested && !flow ? `${label}:\n${' '.repeat(column + 2)}` : `${label}: `,
      };
    });
}

function topFields(): CompletionItem[] {
  return ['apiVersion', 'kind', 'metadata', 'spec'].map((label) => ({ label, kind: 'field', insert: `${label}: ` }));
}

function testItems({ place, words }: Context): readonly CompletionItem[] {
  const { path, typing, siblings } = place;
  const last = path.at(-1) ?? '';
  if (path[0] === 'assertions' || path.includes('assertions')) {
    if (last === 'from' || last === 'to' || last === 'except') {
      return ['internet', '*/*', ...words.endpoints].map((label) => ({
        label,
        kind: 'name',
        insert: label.startsWith('*') ? `"${label}"` : label,
      }));
    }
    if (typing === 'value' && last === 'expect')
      return ['allowed', 'denied'].map((label) => ({ label, kind: 'value' }));
    if (last === 'port') return portItems(words);
    if (typing === 'value' && last === 'family') return ['IPv4', 'IPv6'].map((label) => ({ label, kind: 'value' }));
    if (typing === 'key') {
      return POLICY_TEST_FIELDS.assertion
        .filter((name) => !siblings.has(name))
        .map((label) => ({ label, kind: 'field', insert: `${label}: ` }));
    }
    return [];
  }
  if (path.length > 0 || typing === 'value') return [];
  return POLICY_TEST_FIELDS.document
    .filter((name) => !siblings.has(name))
    .map((label) => ({ label, kind: 'field', insert: `${label}: ` }));
}
