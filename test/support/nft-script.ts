/** A table as the kernel has it, changed by the nft scripts that `render` writes: by all of a script or by nothing. */

import { KernelError, type KernelErrorCode } from '../../src/agent/kernel/kernel.ts';
import { parseAddress } from '../../src/net/address.ts';
import { AddressSet } from '../../src/net/address-set.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import type { Chain, Hook, IpVersion, KeyType, NftMap, NftSet, Ruleset, Verdict } from '../../src/nft/index.ts';
import { parseRules, parseVerdict } from './nft-rules.ts';

interface Elements {
  readonly type: KeyType;
  readonly version: IpVersion;
  readonly isMap: boolean;
  /** Those of a set have no verdict. */
  readonly elements: ReadonlyMap<string, Verdict | undefined>;
}

interface Lines {
  readonly hook: Hook | undefined;
  /** As written: a rule of a ruleset may be several. */
  readonly rules: readonly string[];
}

/** The contents of one table. Nothing changes it: {@link runScript} answers another. */
export interface Table {
  readonly chains: ReadonlyMap<string, Lines>;
  /** Sets and maps. */
  readonly sets: ReadonlyMap<string, Elements>;
  /** As written: `{ flags dormant; }`. Empty: none. */
  readonly flags: string;
}

const EMPTY: Table = { chains: new Map(), sets: new Map(), flags: '' };

/**
 * The table after a script; undefined when there is none.
 * @throws KernelError as the kernel or the library would
 */
export function runScript(before: Table | undefined, script: string): Table | undefined {
  const transaction = new Transaction(before);
  for (const line of script.split('\n')) if (line !== '') transaction.run(line);
  return transaction.end();
}

/** @throws KernelError of code `foreign` for rules that no ruleset has, and for flags */
export function rulesetOf({ chains, sets, flags }: Table): Ruleset {
  if (flags !== '') fail('foreign', flags);
  const ruleset = {
    sets: new Map<string, NftSet>(),
    maps: new Map<string, NftMap>(),
    chains: new Map<string, Chain>(),
  };
  for (const [name, { hook, rules }] of chains) {
    const parsed = parseRules(rules);
    ruleset.chains.set(name, hook === undefined ? { rules: parsed } : { hook, rules: parsed });
  }
  for (const [name, { type, version, isMap, elements }] of sets) {
    if (!isMap) ruleset.sets.set(name, { type, version, elements: new Set(elements.keys()) });
    else {
      const verdicts = new Map<string, Verdict>();
      for (const [key, verdict] of elements) if (verdict !== undefined) verdicts.set(key, verdict);
      ruleset.maps.set(name, { type: type === 'range' ? 'range' : 'address', version, elements: verdicts });
    }
  }
  return ruleset;
}

function fail(code: KernelErrorCode, line: string): never {
  throw new KernelError(code, `${code}: ${line.slice(0, 200)}`);
}

class Transaction {
  #there: boolean;
  #flags: string;
  #chains: Map<string, Lines>;
  #sets: Map<string, Elements>;
  /** Sets whose elements are this transaction's own copy. */
  readonly #copied = new Set<string>();

  constructor(before: Table | undefined) {
    this.#there = before !== undefined;
    this.#flags = (before ?? EMPTY).flags;
    this.#chains = new Map((before ?? EMPTY).chains);
    this.#sets = new Map((before ?? EMPTY).sets);
  }

  run(line: string): void {
    const [, verb = '', kind = '', rest = ''] =
      /^(add|create|delete|flush) (\w+) inet portcullis(?: (.*))?$/.exec(line) ?? [];
    if (!this.#there && `${verb} ${kind}` !== 'add table') fail(verb === '' ? 'unsupported' : 'missing', line);
    const [, name = '', body = ''] = /^(\S+)(?: (.*))?$/.exec(rest) ?? [];
    switch (`${verb} ${kind}`) {
      case 'add table':
        this.#there = true;
        this.#flags = rest;
        return;
      case 'delete table':
        this.#there = false;
        this.#flags = '';
        this.#chains = new Map();
        this.#sets = new Map();
        this.#copied.clear();
        return;
      case 'add chain':
        if (!this.#chains.has(name)) this.#chains.set(name, { hook: hookOf(body, line), rules: [] });
        return;
      case 'add set':
      case 'add map':
      case 'create set':
      case 'create map':
        if (!this.#sets.has(name)) this.#sets.set(name, elementsOf(kind, body, line));
        else if (verb === 'create') fail('exists', line);
        return;
      case 'add rule':
        this.#addRule(name, body, line);
        return;
      case 'add element':
        for (const text of listOf(body)) this.#addElement(name, text, line);
        return;
      case 'delete element':
        for (const text of listOf(body)) {
          if (!this.#own(name, line).delete(text)) fail('missing', `${text} in ${line}`);
        }
        return;
      case 'flush chain':
        this.#chains.set(name, { ...this.#chain(name, line), rules: [] });
        return;
      case 'delete chain':
        if (this.#chain(name, line).rules.length > 0 || this.#usesChain(name)) fail('busy', line);
        this.#chains.delete(name);
        return;
      case 'delete set':
      case 'delete map':
        if (!this.#sets.has(name)) fail('missing', line);
        for (const { rules } of this.#chains.values()) {
          if (rules.some((rule) => rule.split(' ').includes(`@${name}`))) fail('busy', line);
        }
        this.#sets.delete(name);
        this.#copied.delete(name);
        return;
      default:
        fail('unsupported', line);
    }
  }

  #chain(name: string, line: string): Lines {
    return this.#chains.get(name) ?? fail('missing', line);
  }

  #usesChain(name: string): boolean {
    for (const { rules } of this.#chains.values()) {
      if (rules.some((rule) => rule.endsWith(`goto ${name}`) || rule.endsWith(`jump ${name}`))) return true;
    }
    for (const { elements } of this.#sets.values()) {
      for (const verdict of elements.values()) if (targetOf(verdict) === name) return true;
    }
    return false;
  }

  #addRule(name: string, text: string, line: string): void {
    const { hook, rules } = this.#chain(name, line);
    for (const [, set = ''] of text.matchAll(/@(\S+)/g)) if (!this.#sets.has(set)) fail('missing', line);
    const target = /(?:goto|jump) (\S+)$/.exec(text)?.[1];
    if (target !== undefined && !this.#chains.has(target)) fail('missing', line);
    this.#chains.set(name, { hook, rules: [...rules, text] });
  }

  #addElement(name: string, text: string, line: string): void {
    const elements = this.#own(name, line);
    const [key = '', verdictText] = text.split(' : ');
    const verdict = verdictText === undefined ? undefined : parseVerdict(verdictText);
    const target = targetOf(verdict);
    if (target !== undefined && !this.#chains.has(target)) fail('missing', line);
    if (elements.has(key) && JSON.stringify(elements.get(key)) !== JSON.stringify(verdict)) fail('exists', line);
    elements.set(key, verdict);
  }

  /** The elements of a set, to be changed. */
  #own(name: string, line: string): Map<string, Verdict | undefined> {
    const set = this.#sets.get(name) ?? fail('missing', line);
    if (this.#copied.has(name) && set.elements instanceof Map) return set.elements;
    const elements = new Map(set.elements);
    this.#sets.set(name, { ...set, elements });
    this.#copied.add(name);
    return elements;
  }

  /** Checks what the kernel checks at last. */
  end(): Table | undefined {
    for (const name of this.#copied) {
      const set = this.#sets.get(name);
      if (set?.type === 'range') checkDisjoint(name, set.elements.keys());
    }
    return this.#there ? { chains: this.#chains, sets: this.#sets, flags: this.#flags } : undefined;
  }
}

function targetOf(verdict: Verdict | undefined): string | undefined {
  return verdict !== undefined && 'chain' in verdict ? verdict.chain : undefined;
}

function hookOf(body: string, line: string): Hook | undefined {
  if (body === '') return undefined;
  const found = /^\{ type filter hook (forward|input) priority (-?\d+); policy accept; \}$/.exec(body);
  if (found === null) return fail('unsupported', line);
  return { hook: found[1] as Hook['hook'], priority: Number(found[2]) };
}

const SET_TYPES: Readonly<Record<string, readonly [KeyType, IpVersion]>> = {
  'typeof ip saddr;': ['address', 4],
  'typeof ip6 saddr;': ['address', 6],
  'typeof ip saddr; flags interval;': ['range', 4],
  'typeof ip6 saddr; flags interval;': ['range', 6],
  'type ipv4_addr . ipv4_addr;': ['pair', 4],
  'type ipv6_addr . ipv6_addr;': ['pair', 6],
  'typeof ip saddr; size 65535; flags dynamic,timeout; timeout 1h;': ['meter', 4],
  'typeof ip6 saddr; size 65535; flags dynamic,timeout; timeout 1h;': ['meter', 6],
};

function elementsOf(kind: string, body: string, line: string): Elements {
  const isMap = kind === 'map';
  const declaration = body.replace(/^\{ (.*) \}$/, '$1');
  const [type, version] =
    SET_TYPES[isMap ? declaration.replace(' : verdict', '') : declaration] ?? fail('unsupported', line);
  return { type, version, isMap, elements: new Map() };
}

/** `{ a, b }` */
function listOf(body: string): string[] {
  return body.replace(/^\{ (.*) \}$/, '$1').split(', ');
}

function checkDisjoint(name: string, ranges: Iterable<string>): void {
  const blocks = [...ranges].map(rangeOf).sort((a, b) => (a.first < b.first ? -1 : 1));
  for (const [at, { first }] of blocks.entries()) {
    const before = blocks[at - 1];
    if (before !== undefined && before.last >= first) fail('exists', `ranges of ${name} overlap`);
  }
}

function rangeOf(text: string): { first: bigint; last: bigint } {
  const [from = '', to] = text.split('-');
  if (to === undefined && from.includes('/')) {
    const cidr = parseCidr(from)?.cidr ?? fail('unsupported', text);
    return AddressSet.ofCidr(cidr).ranges[0] ?? fail('unsupported', text);
  }
  const first = parseAddress(from) ?? fail('unsupported', text);
  return { first: first.value, last: (parseAddress(to ?? from) ?? fail('unsupported', text)).value };
}
