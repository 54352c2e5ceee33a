import type { Direction } from '../engine/index.ts';
import type { IpVersion } from './ruleset.ts';

/** Names of the fixed parts of the table. `4` and `6` keep the address families apart. */
export const NAMES: {
  readonly forward: string;
  readonly input: string;
  readonly midStream: string;
  readonly packets: (version: IpVersion) => string;
  readonly dispatch: (direction: Direction | 'own-node', version: IpVersion) => string;
  readonly self: (version: IpVersion) => string;
  readonly guarded: (version: IpVersion) => string;
  readonly local: (version: IpVersion) => string;
  readonly strict: (version: IpVersion) => string;
  readonly deny: (direction: Direction, version: IpVersion) => string;
  readonly tierDeny: (direction: Direction, version: IpVersion) => string;
  readonly meter: (direction: Direction, version: IpVersion) => string;
  /** The chain of one address, behind a dispatch map. */
  readonly own: (dispatch: string, address: string) => string;
} = {
  forward: 'forward',
  input: 'input',
  midStream: 'mid-stream',
  packets: (version) => `packets${version}`,
  dispatch: (direction, version) => `${direction}${version}`,
  self: (version) => `self${version}`,
  guarded: (version) => `guarded${version}`,
  local: (version) => `local${version}`,
  strict: (version) => `strict${version}`,
  deny: (direction, version) => `deny-${direction}${version}`,
  tierDeny: (direction, version) => `tier-deny-${direction}${version}`,
  meter: (direction, version) => `denied-${direction}${version}`,
  own: (dispatch, address) => `own-${dispatch}-${address.replaceAll(':', '_')}`,
};

/** The chains in which denied packets end, and are counted; those of cluster-wide Deny rules only where they differ. */
export const DENIAL_CHAINS: readonly string[] = ([4, 6] as const).flatMap((version) =>
  (['egress', 'ingress'] as const).flatMap((direction) => [
    NAMES.deny(direction, version),
    NAMES.tierDeny(direction, version),
  ]),
);

/** Prefix of log messages, by direction. */
export const LOG_PREFIX: Readonly<Record<Direction, string>> = {
  egress: 'portcullis:egress',
  ingress: 'portcullis:ingress',
};

/**
 * Gives short names to contents: equal contents have the same name, also in a later process, so that rulesets of the
 * same state are equal and those of neighbouring states differ little.
 */
export class ContentNames {
  readonly #byContent = new Map<string, string>();
  readonly #taken = new Map<string, string>();

  name(prefix: string, content: string): string {
    const key = `${prefix} ${content}`;
    const known = this.#byContent.get(key);
    if (known !== undefined) return known;
    const print = new Fingerprint();
    print.add(key);
    const base = `${prefix}-${print.text}`;
    let name = base;
    for (let again = 2; this.#taken.has(name); again++) name = `${base}-${again}`;
    this.#taken.set(name, key);
    this.#byContent.set(key, name);
    return name;
  }

  /** Gives a name back: what had it is gone. */
  release(name: string): void {
    const key = this.#taken.get(name);
    if (key === undefined) return;
    this.#taken.delete(name);
    this.#byContent.delete(key);
  }
}

/** FNV-1a over UTF-16 code units in two halves with different seeds. */
export class Fingerprint {
  #low = 0x811c9dc5;
  #high = 0x01234567;

  add(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit ^ (low >>> 16), 0x01000193);
    }
    this.#low = low;
    this.#high = high;
  }

  /** Of what was added, in hexadecimal. */
  get text(): string {
    return (this.#low >>> 0).toString(16).padStart(8, '0') + (this.#high >>> 0).toString(16).padStart(8, '0');
  }
}
