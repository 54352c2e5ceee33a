import type { Node } from 'yaml';
import type { FieldPath } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import {
  type DocumentResult,
  isObject,
  type Locator,
  type Note,
  type ParsedDocument,
  type Problem,
} from './document.ts';
import type { Limits } from './limits.ts';
import { findTemplate } from './template.ts';
import type { Extent } from './text-file.ts';
import { convertYaml } from './yaml-convert.ts';
import { cutList } from './yaml-list.ts';
import { locateYaml } from './yaml-locate.ts';
import { parseYaml } from './yaml-parse.ts';

/** Items of Lists by their texts, as they were read before. Only those whose meaning depends on nothing else are kept. */
export interface ItemStore {
  get(text: string): KeptItem | undefined;
  set(text: string, item: KeptItem): void;
}

/** An item of a List without remarks and aliases. */
export interface KeptItem {
  readonly value: unknown;
  /** Where the object begins, in the item's own text. */
  readonly start: number;
}

/** From this length on, a List is read item by item, so that never more than one item is in memory as nodes. */
const CUT_FROM = 32 * 1024;
const CACHED_PARSES = 4;

/**
 * The text of one input with the parses that were last needed to find positions. Nodes are not kept while reading:
 * a position is rarely asked for, and then its document (or list item) is parsed again.
 */
export class YamlText {
  readonly text: string;
  readonly limits: Limits;
  readonly items: ItemStore | undefined;
  readonly #parses = new Map<number, Node | null>();

  /** @param items where items of long Lists are kept, for whoever reads nearly the same text again */
  constructor(text: string, limits: Limits, items?: ItemStore) {
    this.text = text;
    this.limits = limits;
    this.items = items;
  }

  /** The nodes of a part that parsed without problems before. */
  nodes(extent: Extent): Node | null {
    const known = this.#parses.get(extent.start);
    if (known !== undefined) return known;
    const parsed = parseYaml(this.text.slice(extent.start, extent.end), this.limits);
    const root = 'root' in parsed ? parsed.root : null;
    if (this.#parses.size >= CACHED_PARSES) {
      for (const oldest of this.#parses.keys()) {
        this.#parses.delete(oldest);
        break;
      }
    }
    this.#parses.set(extent.start, root);
    return root;
  }
}

/**
 * Reads one YAML document.
 * @param cutFrom length from which a List is read item by item; the result is the same
 */
export function* readYaml(yaml: YamlText, extent: Extent, cutFrom: number = CUT_FROM): Steps<DocumentResult> {
  if (extent.end - extent.start >= cutFrom) {
    const document = yield* readCutList(yaml, extent);
    if (document !== undefined) return { document };
  }
  const text = yaml.text.slice(extent.start, extent.end);
  const parsed = parseYaml(text, yaml.limits);
  if ('problems' in parsed) return dropped(text, extent, shift(parsed.problems, extent.start));
  const { root } = parsed;
  const { value, notes, problems } = convertYaml(root, extent.start, yaml.limits);
  if (problems.length > 0) return dropped(text, extent, problems);
  return { document: wholeDocument(yaml, extent, value, notes, startsOf(root, value)) };
}

/** Where a document and the items of its List begin; taken while the nodes are there. */
interface Starts {
  readonly root: number;
  readonly items: readonly number[];
}

function startsOf(root: Node | null, value: unknown): Starts {
  const items = isObject(value) && Array.isArray(value['items']) ? value['items'] : [];
  return {
    root: locateYaml(root, [], 'value').start,
    items: items.map((_, index) => locateYaml(root, ['items', index], 'value').start),
  };
}

function wholeDocument(
  yaml: YamlText,
  extent: Extent,
  value: unknown,
  notes: readonly Note[],
  starts: Starts,
): ParsedDocument {
  return {
    value,
    notes,
    json: false,
    locator(path) {
      const item = path.length === 2 && path[0] === 'items' ? starts.items[Number(path[1])] : undefined;
      return partLocator(yaml, extent, path, path.length === 0 ? starts.root : item);
    },
  };
}

/** @param start of the object, in the part; looked up when it is not known */
function partLocator(yaml: YamlText, part: Extent, prefix: FieldPath, start: number | undefined): Locator {
  const find = (path: FieldPath, at: 'key' | 'value'): Extent => {
    const found = locateYaml(yaml.nodes(part), [...prefix, ...path], at);
    return { start: part.start + found.start, end: part.start + found.end };
  };
  return { start: () => (start === undefined ? find([], 'value').start : part.start + start), find };
}

function shift(problems: readonly Problem[], by: number): Problem[] {
  return problems.map((problem) => {
    const { start, end } = problem.extent;
    return { ...problem, extent: { start: start + by, end: end + by } };
  });
}

/** A dropped document: when it looks like a template, that is said instead of what YAML makes of it. */
function dropped(text: string, extent: Extent, problems: readonly Problem[]): DocumentResult {
  const syntax = problems.some(({ code }) => code === 'yaml-syntax' || code === 'complex-key');
  const template = syntax ? findTemplate(text) : undefined;
  if (template === undefined) return { problems, extent };
  const start = extent.start + template;
  const help = 'render it first (helm template …), and read the result';
  const message = 'this looks like a Helm template, not YAML';
  return { problems: [{ code: 'template', message, help, extent: { start, end: start + 2 } }], extent };
}

/** Reads a List item by item; undefined when it is no such List or anything in it is odd. */
function* readCutList(yaml: YamlText, extent: Extent): Steps<ParsedDocument | undefined> {
  const { text, limits } = yaml;
  const cut = cutList(text, extent);
  if (cut === undefined) return undefined;
  const envelopeText = text.slice(cut.head.start, cut.head.end) + text.slice(cut.tail.start, cut.tail.end);
  const parsed = parseYaml(envelopeText, limits);
  if ('problems' in parsed) return undefined;
  const envelope = convertYaml(parsed.root, 0, limits);
  const { value } = envelope;
  if (envelope.problems.length > 0 || envelope.notes.length > 0) return undefined;
  if (!isObject(value) || value['items'] !== null || envelopeText.includes('<<')) return undefined;
  const values: unknown[] = [];
  const notes: Note[] = [];
  const starts: number[] = [];
  let aliasNodes = envelope.aliasNodes;
  for (const [index, part] of cut.items.entries()) {
    const item = readItem(yaml, part, aliasNodes);
    if (item === undefined) return undefined;
    yield;
    aliasNodes = item.aliasNodes;
    values.push(item.value);
    starts.push(item.start);
    for (const note of item.notes) notes.push({ ...note, path: ['items', index, ...note.path.slice(1)] });
  }
  const start = locateYaml(parsed.root, [], 'value').start;
  return cutDocument(yaml, extent, cut.items, { ...value, items: values }, notes, { root: start, items: starts });
}

function cutDocument(
  yaml: YamlText,
  extent: Extent,
  parts: readonly Extent[],
  value: unknown,
  notes: readonly Note[],
  starts: Starts,
): ParsedDocument {
  return {
    value,
    notes,
    json: false,
    locator(path) {
      const index = path[0] === 'items' && typeof path[1] === 'number' ? path[1] : -1;
      const part = parts[index];
      if (part === undefined) return partLocator(yaml, extent, path, path.length === 0 ? starts.root : undefined);
      const isItem = path.length === 2;
      return partLocator(yaml, part, [0, ...path.slice(2)], isItem ? starts.items[index] : undefined);
    },
  };
}

interface CutItem extends KeptItem {
  readonly notes: readonly Note[];
  readonly aliasNodes: number;
}

function readItem(yaml: YamlText, part: Extent, aliasesBefore: number): CutItem | undefined {
  const text = yaml.text.slice(part.start, part.end);
  const known = yaml.items?.get(text);
  if (known !== undefined) {
    yaml.items?.set(text, known);
    return { ...known, notes: [], aliasNodes: aliasesBefore };
  }
  const parsed = parseYaml(text, yaml.limits);
  if ('problems' in parsed) return undefined;
  const { value, notes, problems, aliasNodes } = convertYaml(parsed.root, part.start, yaml.limits, aliasesBefore);
  if (problems.length > 0 || !Array.isArray(value) || value.length !== 1 || !isObject(value[0])) return undefined;
  const item: KeptItem = { value: value[0], start: locateYaml(parsed.root, [0], 'value').start };
  if (notes.length === 0 && aliasNodes === aliasesBefore) yaml.items?.set(text, item);
  return { ...item, notes, aliasNodes };
}
