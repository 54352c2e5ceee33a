import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { say } from '../model/say.ts';
import { isObject, type Note, type Problem } from './document.ts';
import { duplicateField } from './json-duplicates.ts';
import { type Limits, tooDeep } from './limits.ts';
import { keyText, numberSurprise, resolvePlain, resolveTagged, type ScalarValue } from './scalars.ts';
import type { Extent } from './text-file.ts';

/** The value of a document, with what was noticed on the way; the value counts only when there is no problem. */
export interface Converted {
  readonly value: unknown;
  readonly notes: readonly Note[];
  readonly problems: readonly Problem[];
  /** Values that aliases stood for. */
  readonly aliasNodes: number;
}

/**
 * Turns the nodes of a YAML document into the JSON value that Kubernetes reads from it: scalars by
 * {@link resolvePlain}, keys as text, of duplicate keys the last, merge keys in the order of the text (a `<<` overrides
 * what stands before it), aliases replaced by what they stand for.
 * @param offset added to all offsets
 * @param aliasNodes what other parts of the same document have used of the limit
 */
export function convertYaml(root: Node | null, offset: number, limits: Limits, aliasNodes = 0): Converted {
  const converter = new Converter(offset, limits, aliasNodes);
  const value = root === null ? null : converter.convert(root, 1);
  return { value, notes: converter.notes, problems: converter.problems, aliasNodes: converter.aliasNodes };
}

interface Anchored {
  value: unknown;
  /** Still being converted: an alias to it now would contain itself. */
  open: boolean;
  nodes: number;
  height: number;
}

class Converter {
  readonly notes: Note[] = [];
  readonly problems: Problem[] = [];
  aliasNodes: number;
  readonly #offset: number;
  readonly #limits: Limits;
  readonly #path: (string | number)[] = [];
  readonly #anchors = new Map<string, Anchored>();
  #nodes = 0;
  #deepest = 0;
  /** How many `{}` and `[]` enclose what is being converted. */
  #flow = 0;

  constructor(offset: number, limits: Limits, aliasNodes: number) {
    this.#offset = offset;
    this.#limits = limits;
    this.aliasNodes = aliasNodes;
  }

  convert(node: Node, depth: number): unknown {
    this.#nodes++;
    if (depth > this.#deepest) this.#deepest = depth;
    if (isAlias(node)) return this.#alias(node, node.source, depth);
    const name = (node as { anchor?: string }).anchor;
    if (name === undefined) return this.#content(node, depth);
    const anchored: Anchored = { value: null, open: true, nodes: 0, height: 0 };
    this.#anchors.set(name, anchored);
    const nodesBefore = this.#nodes - 1;
    const deepestBefore = this.#deepest;
    this.#deepest = depth;
    anchored.value = this.#content(node, depth);
    anchored.open = false;
    anchored.nodes = this.#nodes - nodesBefore;
    anchored.height = this.#deepest - depth;
    this.#deepest = Math.max(this.#deepest, deepestBefore);
    return anchored.value;
  }

  #content(node: Node, depth: number): unknown {
    if (isScalar(node)) return this.#scalar(node);
    if (depth > this.#limits.depth) {
      this.#report(tooDeep(this.#extent(node), this.#limits));
      return null;
    }
    if (!isMap(node) && !isSeq(node)) return null;
    const flow = node.flow === true ? 1 : 0;
    this.#flow += flow;
    const value = isMap(node) ? this.#mapping(node as YAMLMap<Node, Node | null>, depth) : this.#list(node, depth);
    this.#flow -= flow;
    return value;
  }

  #list(node: YAMLSeq, depth: number): unknown[] {
    return node.items.map((item, index) => {
      this.#path.push(index);
      const value = this.convert(item as Node, depth + 1);
      this.#path.pop();
      return value;
    });
  }

  #scalar(node: Scalar): ScalarValue {
    const text = String(node.value);
    const value = this.#scalarValue(node, text);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      const message = say`\`${text}\` cannot be written in JSON, so Kubernetes cannot read it`;
      this.#report({ code: 'not-json', message, extent: this.#extent(node) });
      return null;
    }
    if (node.type !== 'PLAIN' || node.tag !== undefined) return value;
    const surprise = numberSurprise(text, value);
    if (surprise !== undefined) this.#note('yaml-1.1', node, surprise.message, surprise.help);
    else if (text.includes('{{')) {
      const help = say`if this is a Helm template, render it first (helm template …)`;
      this.#note('template', node, say`the text \`{{\` looks like a template that was not rendered`, help);
    }
    return value;
  }

  #scalarValue(node: Scalar, text: string): ScalarValue {
    if (this.#flow > 0 && node.type === 'PLAIN' && /^[:?]/.test(text)) {
      const message = say`\`${text}\` needs quotes inside \`{}\` and \`[]\`: Kubernetes cannot read it`;
      this.#report({ code: 'yaml-syntax', message, help: say`write "${text}"`, extent: this.#extent(node) });
    }
    if (node.tag !== undefined) {
      const tagged = resolveTagged(node.tag, text);
      if ('value' in tagged) return tagged.value;
      this.#report({ code: 'yaml-tag', message: tagged.error, extent: this.#extent(node) });
      return null;
    }
    return node.type === 'PLAIN' ? resolvePlain(text) : text;
  }

  #alias(node: Node, name: string, depth: number): unknown {
    const anchored = this.#anchors.get(name);
    const extent = this.#extent(node);
    if (anchored === undefined) {
      const message = say`\`*${name}\` stands for nothing: there is no \`&${name}\` before it`;
      this.#report({ code: 'undefined-alias', message, extent });
      return null;
    }
    if (anchored.open) {
      this.#report({ code: 'cyclic-alias', message: say`\`&${name}\` contains itself`, extent });
      return null;
    }
    this.#nodes += anchored.nodes;
    this.aliasNodes += anchored.nodes;
    this.#deepest = Math.max(this.#deepest, depth + anchored.height);
    if (this.aliasNodes > this.#limits.aliasNodes) {
      const message = say`the aliases of this document stand for more than ${this.#limits.aliasNodes} values`;
      this.#report({ code: 'alias-expansion', message, extent });
    } else if (this.#deepest > this.#limits.depth + 1) this.#report(tooDeep(extent, this.#limits));
    return anchored.value;
  }

  #mapping(node: YAMLMap<Node, Node | null>, depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    const merged = new Set<string>();
    for (const pair of node.items) {
      if (isMergeKey(pair.key)) {
        this.#merge(out, merged, pair, depth);
        continue;
      }
      const key = this.#key(pair.key);
      if (key === undefined) continue;
      this.#path.push(key);
      if (Object.hasOwn(out, key) && !merged.delete(key)) {
        this.notes.push(duplicateField([...this.#path], this.#extent(pair.key)));
      }
      setOwn(out, key, pair.value === null ? null : this.convert(pair.value, depth + 1));
      this.#path.pop();
    }
    return out;
  }

  /** A key as text. Numbers and booleans are written out; lists, mappings and null cannot be keys in JSON. */
  #key(node: Node): string | undefined {
    const target = isAlias(node) ? this.convert(node, 0) : node;
    if (isScalar(target)) {
      const name = target.anchor;
      const text = String(target.value);
      const value = this.#scalarValue(target, text);
      if (name !== undefined) this.#anchors.set(name, { value, open: false, nodes: 1, height: 0 });
      const key = keyText(value, text);
      if (key !== undefined) {
        if (key !== text) {
          const message = say`the key \`${text}\` is read as "${key}" in YAML 1.1`;
          this.#note('yaml-1.1', node, message, say`write "${text}" for the text`, key);
        }
        return key;
      }
    } else if (typeof target !== 'object') return String(target);
    const message = say`only text can be a key`;
    this.#report({ code: 'complex-key', message, extent: this.#extent(node) });
    return undefined;
  }

  #merge(out: Record<string, unknown>, merged: Set<string>, pair: Pair<Node, Node | null>, depth: number): void {
    this.#path.push('<<');
    const value = pair.value === null ? null : this.convert(pair.value, depth);
    this.#path.pop();
    // Of several mappings the first has the last word, so they are applied from the end.
    const sources = Array.isArray(value) ? value.toReversed() : [value];
    if (!sources.every(isObject)) {
      const message = say`\`<<\` needs a mapping, or a list of mappings, to merge`;
      this.#report({ code: 'yaml-merge', message, extent: this.#extent(pair.value ?? pair.key) });
      return;
    }
    for (const source of sources) {
      for (const [key, member] of Object.entries(source)) {
        if (!Object.hasOwn(out, key)) merged.add(key);
        setOwn(out, key, member);
      }
    }
  }

  #note(code: 'yaml-1.1' | 'template', node: Node, message: string, help: string, key?: string): void {
    const path = key === undefined ? [...this.#path] : [...this.#path, key];
    this.notes.push({ code, path, extent: this.#extent(node), message, help });
  }

  #report(problem: Problem): void {
    const repeats = problem.code === 'alias-expansion' || problem.code === 'too-deep';
    if (repeats && this.problems.some(({ code }) => code === problem.code)) return;
    this.problems.push(problem);
  }

  #extent(node: Node): Extent {
    const [start, end] = node.range ?? [0, 0];
    return { start: this.#offset + start, end: this.#offset + end };
  }
}

/** Whether a key is the unquoted `<<`. */
export function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.value === '<<' && (key.type === 'PLAIN' || key.tag === 'tag:yaml.org,2002:merge');
}

function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else object[key] = value;
}
