import type { Steps } from '../model/steps.ts';
import { formatAddress, scanAddress } from '../net/address.ts';
import { type Expressions, fields, items, type Json, rulesOf, Unknown, unknown, verdictOf } from './listing-rules.ts';
import type { Chain, Hook, IpVersion, KeyType, NftMap, NftSet, Ruleset, Verdict } from './ruleset.ts';

/** The table holds something that a {@link Ruleset} cannot say: somebody else wrote into it. */
export interface UnknownContents {
  readonly unknown: string;
}

/** Elements are parsed in pieces of about so many characters. */
const PIECE = 2 ** 15;

/**
 * Reads what `nft --json list table` says back into a ruleset. A listing may have megabytes of elements: the generator
 * yields where a pause is fit. Counters, and what the packet path put into meters, are left out.
 */
export function* readListing(json: string): Steps<Ruleset | UnknownContents> {
  const listing = new Listing();
  try {
    const text = new Cursor(json);
    text.expect('{');
    if (text.key() !== 'nftables') unknown(json.slice(0, 100));
    text.expect('[');
    while (!text.skips(']')) {
      yield* readObject(text, listing);
      text.skips(',');
    }
    return listing.ruleset();
  } catch (error) {
    if (error instanceof Unknown) return { unknown: error.message };
    throw error;
  }
}

/** `{ "set": { "name": …, "elem": [ … ] } }` */
function* readObject(text: Cursor, listing: Listing): Generator<undefined> {
  text.expect('{');
  const kind = text.key();
  const attributes: Record<string, Json> = {};
  text.expect('{');
  while (!text.skips('}')) {
    const key = text.key();
    if (key === 'elem') {
      const add = listing.elements(kind, attributes);
      text.expect('[');
      while (!text.skips(']')) {
        for (const element of text.someItems(PIECE)) add(element);
        yield;
      }
    } else {
      attributes[key] = text.value();
    }
    text.skips(',');
  }
  text.expect('}');
  listing.add(kind, attributes);
}

/** What has been read so far. */
class Listing {
  readonly #sets = new Map<string, NftSet>();
  readonly #maps = new Map<string, NftMap>();
  readonly #hooks = new Map<string, Hook | undefined>();
  readonly #rules = new Map<string, Expressions[]>();
  #elements: Set<string> | Map<string, Verdict> | undefined;

  /** How to add an element to the set or map whose attributes have come so far: all that matter stand before. */
  elements(kind: string, attributes: Record<string, Json>): (element: Json) => void {
    const { type } = typeOf(attributes);
    if (kind === 'map') {
      const elements = new Map<string, Verdict>();
      this.#elements = elements;
      return (element) => {
        const [key, verdict] = items(element);
        elements.set(keyOf(key), verdictOf(verdict));
      };
    }
    const elements = new Set<string>();
    this.#elements = elements;
    return type === 'meter' ? () => undefined : (element) => elements.add(keyOf(element));
  }

  add(kind: string, attributes: Record<string, Json>): void {
    const elements = this.#elements;
    this.#elements = undefined;
    const name = String(attributes['name']);
    switch (kind) {
      case 'metainfo':
      case 'table':
        return;
      case 'chain':
        this.#hooks.set(name, hookOf(attributes));
        return;
      case 'rule': {
        const chain = String(attributes['chain']);
        const known = this.#rules.get(chain) ?? [];
        this.#rules.set(chain, known);
        known.push(items(attributes['expr']));
        return;
      }
      case 'set':
        this.#sets.set(name, { ...typeOf(attributes), elements: elements instanceof Set ? elements : new Set() });
        return;
      case 'map': {
        const { type, version } = typeOf(attributes);
        if (attributes['map'] !== 'verdict' || (type !== 'address' && type !== 'range')) throw new Unknown(name);
        this.#maps.set(name, { type, version, elements: elements instanceof Map ? elements : new Map() });
        return;
      }
      default:
        unknown({ [kind]: attributes });
    }
  }

  ruleset(): Ruleset {
    const chains = new Map<string, Chain>();
    for (const [name, hook] of this.#hooks) {
      const rules = rulesOf(this.#rules.get(name) ?? []);
      chains.set(name, hook === undefined ? { rules } : { hook, rules });
    }
    return { sets: this.#sets, maps: this.#maps, chains };
  }
}

function hookOf(attributes: Record<string, Json>): Hook | undefined {
  const { type, hook, prio, policy } = attributes;
  if (hook === undefined) return undefined;
  if (type !== 'filter' || policy !== 'accept' || typeof prio !== 'number') return unknown(attributes);
  return hook === 'forward' || hook === 'input' ? { hook, priority: prio } : unknown(attributes);
}

function typeOf(attributes: Record<string, Json>): { type: KeyType; version: IpVersion } {
  const type = keyTypeOf(attributes['type']);
  // Some versions of nft give one flag as a text, several as an array.
  const flags = String(attributes['flags'] ?? '').split(',');
  const kind = flags.includes('interval') ? 'range' : flags.includes('timeout') ? 'meter' : 'address';
  switch (type) {
    case 'ipv4_addr':
      return { type: kind, version: 4 };
    case 'ipv6_addr':
      return { type: kind, version: 6 };
    case 'ipv4_addr,ipv4_addr':
      return { type: 'pair', version: 4 };
    case 'ipv6_addr,ipv6_addr':
      return { type: 'pair', version: 6 };
    default:
      return unknown(attributes);
  }
}

/** Newer versions of nft tell what a set was declared by: an expression, or types. */
function keyTypeOf(listed: Json | undefined): string {
  if (typeof listed !== 'object' || listed === null || Array.isArray(listed)) return String(listed);
  const { protocol } = fields(fields(fields(listed)['typeof'])['payload']);
  return protocol === 'ip' ? 'ipv4_addr' : protocol === 'ip6' ? 'ipv6_addr' : '';
}

function keyOf(listed: Json | undefined): string {
  if (typeof listed === 'string') return canonical(listed);
  const { prefix, range, concat } = fields(listed);
  if (prefix !== undefined) return `${keyOf(fields(prefix)['addr'])}/${String(fields(prefix)['len'])}`;
  if (range !== undefined) return items(range).map(keyOf).join('-');
  return items(concat).map(keyOf).join(' . ');
}

/** The C library writes the last 32 bits of some IPv6 addresses with dots; all else is as we write it. */
function canonical(address: string): string {
  if (!address.includes(':') || !address.includes('.')) return address;
  const parsed = scanAddress(address, true);
  return parsed === undefined ? unknown(address) : formatAddress(parsed);
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const SPACE = 32;
const NEWLINE = 10;

/** A place in a JSON text that is known to be right, as a program wrote it. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== SPACE && code !== NEWLINE) return;
      this.#at++;
    }
  }

  /** Whether a character is next; if so it is behind the cursor now. */
  skips(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.skips(character)) unknown(this.#text.slice(this.#at, this.#at + 100));
  }

  /** The key of a member; its value comes next. */
  key(): string {
    const key = this.value();
    this.expect(':');
    return typeof key === 'string' ? key : unknown(key);
  }

  value(): Json {
    this.#skipSpace();
    const start = this.#at;
    this.#skipValue();
    return JSON.parse(this.#text.slice(start, this.#at)) as Json;
  }

  /** Items of an array, as many as about so many characters have. */
  someItems(characters: number): readonly Json[] {
    this.#skipSpace();
    const start = this.#at;
    let end = start;
    do {
      this.#skipValue();
      end = this.#at;
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== COMMA) break;
      this.#at++;
      this.#skipSpace();
    } while (this.#at - start < characters);
    return JSON.parse(`[${this.#text.slice(start, end)}]`) as readonly Json[];
  }

  /** Goes behind the value at the cursor. */
  #skipValue(): void {
    let depth = 0;
    for (;;) {
      const character = this.#text[this.#at];
      switch (character) {
        case undefined:
          throw new Unknown(this.#text.slice(-100));
        case '"':
          this.#skipString();
          if (depth === 0) return;
          break;
        case '{':
        case '[':
          depth++;
          this.#at++;
          break;
        case '}':
        case ']':
          // The end of a number, `true` and so on is where something else begins.
          if (depth === 0) return;
          depth--;
          this.#at++;
          if (depth === 0) return;
          break;
        case ',':
          if (depth === 0) return;
          this.#at++;
          break;
        default:
          this.#at++;
      }
    }
  }

  #skipString(): void {
    for (this.#at++; this.#text.charCodeAt(this.#at) !== QUOTE; this.#at++) {
      if (this.#at >= this.#text.length) unknown(this.#text.slice(-100));
      if (this.#text.charCodeAt(this.#at) === BACKSLASH) this.#at++;
    }
    this.#at++;
  }
}
