import { domainKey } from '../engine/state.ts';
import { say } from '../model/say.ts';
import type { Diagnostic } from '../model/source.ts';
import { type Address, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';

/** What a hosts file says. */
export interface Hosts {
  /** Addresses by {@link domainKey}, as `createWorld` takes them. */
  readonly domains: ReadonlyMap<string, AddressSet>;
  /** Errors (`bad-hosts-line`), one for each word that is wrong; lines with one add nothing. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A text with its name. */
export interface HostsInput {
  /** The file as the user named it. */
  readonly name: string;
  readonly content: string;
}

/** A DNS name, in front of which a wildcard's `*.` may stand: a policy's wildcard is a destination by itself. */
const DOMAIN_NAME = /^(?:\*\.)?[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?)*\.?$/i;
const MOST_NAME = 253;

/**
 * Reads files in the manner of `/etc/hosts`: `ADDRESS NAME…` on a line, `#` begins a comment, empty lines say nothing.
 * Lines for one name add up, over all files.
 */
export function parseHosts(inputs: readonly HostsInput[]): Hosts {
  const addresses = new Map<string, Address[]>();
  const diagnostics: Diagnostic[] = [];
  for (const { name: file, content } of inputs) {
    for (const [index, text] of content
      .replace(/^\ufeff/, '')
      .split(/\r\n|\n|\r/)
      .entries()) {
      const words = [...(text.split('#', 1)[0] ?? '').matchAll(/\S+/g)];
      const [first, ...names] = words;
      if (first === undefined) continue;
      const fault = (word: RegExpExecArray, message: string, help?: string): void => {
        const source = { file, line: index + 1, column: word.index + 1, length: word[0].length, lineText: text };
        diagnostics.push({
          code: 'bad-hosts-line',
          severity: 'error',
          message,
          ...(help === undefined ? {} : { help }),
          source,
        });
      };
      const address = parseAddress(first[0]);
      const wrong = names.filter(([word]) => word.length > MOST_NAME || !DOMAIN_NAME.test(word));
      if (address === undefined) fault(first, say`"${first[0]}" is not an IP address`, say`a line is: ADDRESS NAME…`);
      if (names.length === 0) fault(first, say`no name stands behind "${first[0]}"`, say`a line is: ADDRESS NAME…`);
      for (const word of wrong) fault(word, say`"${word[0]}" is not a domain name`);
      if (address === undefined || wrong.length > 0) continue;
      for (const [word] of names) {
        const key = domainKey(word);
        addresses.set(key, [...(addresses.get(key) ?? []), address]);
      }
    }
  }
  const domains = [...addresses].map(
    ([key, list]) => [key, AddressSet.unionOf(list.map((address) => AddressSet.ofAddress(address)))] as const,
  );
  return { domains: new Map(domains), diagnostics };
}
