import type { FlowProtocol } from '../engine/index.ts';
import { type Address, compareAddresses, formatAddress, parseAddress } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import type { CtState, Hook, Match, NftSet, Rule, Ruleset, Side, Verdict } from './ruleset.ts';

/** A packet as the hooks see it. */
export interface Packet {
  readonly hook: Hook['hook'];
  readonly saddr: Address;
  readonly daddr: Address;
  readonly protocol: FlowProtocol;
  /** Destination port; ignored for `other`. */
  readonly dport: number;
  readonly ctState: CtState;
  /** A TCP segment that does not begin a connection. */
  readonly midStream?: boolean;
  /** Of an ICMPv6 packet. */
  readonly icmpv6Type?: number;
}

/** What became of a packet. */
export interface Fate {
  readonly verdict: 'accept' | 'drop' | 'reject';
  /** Prefixes of the log messages it would give rise to, limits aside. */
  readonly logged: readonly string[];
}

/** Deeper than any ruleset of ours goes; the kernel allows 16. */
const DEEPEST_JUMP = 16;

/**
 * Runs a packet through a ruleset as the kernel does: rules in order, `jump` comes back and `goto` does not, the end of
 * a base chain accepts.
 */
export function simulate(ruleset: Ruleset, packet: Packet): Fate {
  const logged: string[] = [];
  for (const [name, chain] of ruleset.chains) {
    if (chain.hook?.hook !== packet.hook) continue;
    const verdict = runBase(ruleset, name, packet, logged);
    if (verdict !== 'accept') return { verdict, logged };
  }
  return { verdict: 'accept', logged };
}

function runBase(ruleset: Ruleset, base: string, packet: Packet, logged: string[]): Fate['verdict'] {
  let rules = rulesOf(ruleset, base);
  let at = 0;
  const callers: { readonly rules: readonly Rule[]; readonly at: number }[] = [];
  for (;;) {
    const rule = rules[at++];
    if (rule === undefined) {
      const caller = callers.pop();
      if (caller === undefined) return 'accept';
      ({ rules, at } = caller);
      continue;
    }
    if (!rule.matches.every((match) => matches(ruleset, match, packet))) continue;
    const verdict = act(ruleset, rule, packet, logged);
    switch (verdict?.kind) {
      case undefined:
        break;
      case 'accept':
      case 'drop':
      case 'reject':
        return verdict.kind;
      case 'return':
        rules = [];
        break;
      case 'jump':
        callers.push({ rules, at });
        if (callers.length > DEEPEST_JUMP) throw new Error(`jumps from ${base} are nested too deeply`);
        rules = rulesOf(ruleset, verdict.chain);
        at = 0;
        break;
      case 'goto':
        rules = rulesOf(ruleset, verdict.chain);
        at = 0;
        break;
    }
  }
}

function rulesOf(ruleset: Ruleset, chain: string): readonly Rule[] {
  const found = ruleset.chains.get(chain);
  if (found === undefined) throw new Error(`there is no chain ${chain}`);
  return found.rules;
}

/** Undefined: the next rule follows. */
function act(
  ruleset: Ruleset,
  { action }: Rule,
  packet: Packet,
  logged: string[],
): Verdict | { readonly kind: 'reject' } | undefined {
  switch (action.kind) {
    case 'count':
      return undefined;
    case 'log':
      if (versionOf(packet) === action.version) logged.push(action.prefix);
      return undefined;
    case 'vmap': {
      if (versionOf(packet) !== action.version) return undefined;
      const map = ruleset.maps.get(action.map);
      if (map === undefined) throw new Error(`there is no map ${action.map}`);
      const address = packet[action.side];
      if (map.type === 'address') return map.elements.get(formatAddress(address));
      for (const [range, verdict] of map.elements) if (rangeHolds(range, address)) return verdict;
      return undefined;
    }
    default:
      return action;
  }
}

function versionOf({ saddr }: Packet): 4 | 6 {
  return saddr.family === 'IPv4' ? 4 : 6;
}

function matches(ruleset: Ruleset, match: Match, packet: Packet): boolean {
  switch (match.type) {
    case 'version':
      return versionOf(packet) === match.version;
    case 'ct-state':
      return match.states.includes(packet.ctState);
    case 'address':
      return (
        versionOf(packet) === match.version &&
        holds(setOf(ruleset, match.set), packet, match.side) !== (match.not ?? false)
      );
    case 'pair': {
      const pair = `${formatAddress(packet.saddr)} . ${formatAddress(packet.daddr)}`;
      return versionOf(packet) === match.version && setOf(ruleset, match.set).elements.has(pair);
    }
    case 'port':
      return (
        packet.protocol === match.protocol &&
        (match.ranges === null || match.ranges.some(([first, last]) => first <= packet.dport && packet.dport <= last))
      );
    case 'other-protocol':
      return packet.protocol === 'other';
    case 'neighbour-discovery':
      return packet.icmpv6Type !== undefined && packet.icmpv6Type >= 133 && packet.icmpv6Type <= 137;
    case 'mid-stream':
      return packet.protocol === 'TCP' && packet.midStream === true;
  }
}

function setOf(ruleset: Ruleset, name: string): NftSet {
  const set = ruleset.sets.get(name);
  if (set === undefined) throw new Error(`there is no set ${name}`);
  return set;
}

function holds(set: NftSet, packet: Packet, side: Side): boolean {
  const address = packet[side];
  if (set.type !== 'range') return set.elements.has(formatAddress(address));
  return [...set.elements].some((range) => rangeHolds(range, address));
}

/** Whether a range as nft writes it holds an address. */
function rangeHolds(range: string, address: Address): boolean {
  const [first = '', last] = range.split('-');
  if (last !== undefined) {
    const from = parseAddress(first);
    const to = parseAddress(last);
    if (from === undefined || to === undefined) throw new Error(`not a range: ${range}`);
    return from.family === address.family && compareAddresses(from, address) <= 0 && compareAddresses(address, to) <= 0;
  }
  const cidr = parseCidr(range.includes('/') ? range : `${range}/${address.family === 'IPv4' ? 32 : 128}`)?.cidr;
  if (cidr === undefined || cidr.family !== address.family) return false;
  const shift = BigInt((address.family === 'IPv4' ? 32 : 128) - cidr.prefix);
  return address.value >> shift === cidr.base >> shift;
}
