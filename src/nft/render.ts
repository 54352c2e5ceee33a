import { PORT_PROTOCOLS } from '../net/port-set.ts';
import {
  type Action,
  type Chain,
  type Delta,
  type IpVersion,
  type Match,
  type NftMap,
  type NftSet,
  type Rule,
  type Ruleset,
  type Side,
  TABLE,
  type Verdict,
} from './ruleset.ts';

/** Meters forget an address that was not denied for so long. */
const METER_TIMEOUT = '1h';
const METER_SIZE = 65_535;

/** An nft script that puts a ruleset in place of whatever the table holds, in one transaction. */
export function renderRuleset({ sets, maps, chains }: Ruleset): string {
  const lines = [`add table inet ${TABLE}`, `delete table inet ${TABLE}`, `add table inet ${TABLE}`];
  declare(lines, sets, maps, chains);
  for (const [name, chain] of chains) addRules(lines, name, chain);
  fill(lines, sets, maps);
  return `${lines.join('\n')}\n`;
}

/** An nft script that takes the table away, whether it is there or not. */
export function renderRemoval(): string {
  return `add table inet ${TABLE}\ndelete table inet ${TABLE}\n`;
}

/** An nft script that changes the table by a delta, in one transaction. */
export function renderDelta(delta: Delta): string {
  const lines: string[] = [];
  declare(lines, delta.addedSets, delta.addedMaps, delta.chains);
  for (const name of delta.chains.keys()) lines.push(`flush chain inet ${TABLE} ${name}`);
  for (const [name, chain] of delta.chains) addRules(lines, name, chain);
  for (const [name, gone] of delta.removedElements) {
    lines.push(`delete element inet ${TABLE} ${name} { ${gone.join(', ')} }`);
  }
  fill(lines, delta.addedSets, delta.addedMaps);
  for (const [name, elements] of delta.addedSetElements) addElements(lines, name, elements);
  for (const [name, elements] of delta.addedMapElements) addElements(lines, name, mapElements(elements));
  // A chain goes only when nothing leads to it any more: first the rules and elements that do.
  for (const name of delta.removedChains) lines.push(`flush chain inet ${TABLE} ${name}`);
  for (const name of delta.removedMaps) lines.push(`delete map inet ${TABLE} ${name}`);
  for (const name of delta.removedSets) lines.push(`delete set inet ${TABLE} ${name}`);
  for (const name of delta.removedChains) lines.push(`delete chain inet ${TABLE} ${name}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function declare(
  lines: string[],
  sets: ReadonlyMap<string, NftSet>,
  maps: ReadonlyMap<string, NftMap>,
  chains: ReadonlyMap<string, Chain>,
): void {
  for (const [name, { hook }] of chains) {
    const base =
      hook === undefined ? '' : ` { type filter hook ${hook.hook} priority ${hook.priority}; policy accept; }`;
    lines.push(`add chain inet ${TABLE} ${name}${base}`);
  }
  for (const [name, set] of sets) lines.push(`add set inet ${TABLE} ${name} { ${setType(set)} }`);
  for (const [name, { type, version }] of maps) {
    const flags = type === 'range' ? ' flags interval;' : '';
    lines.push(`add map inet ${TABLE} ${name} { ${keyType(version)} : verdict;${flags} }`);
  }
}

function setType({ type, version }: NftSet): string {
  const key = keyType(version);
  switch (type) {
    case 'address':
      return `${key};`;
    case 'range':
      return `${key}; flags interval;`;
    case 'pair':
      return version === 4 ? 'type ipv4_addr . ipv4_addr;' : 'type ipv6_addr . ipv6_addr;';
    case 'meter':
      return `${key}; size ${METER_SIZE}; flags dynamic,timeout; timeout ${METER_TIMEOUT};`;
  }
}

/**
 * Not `type ipv4_addr`: what nftables from 1.1.2 on stores beside such a set makes every nft before 1.1.2 on the same node
 * crash, whatever it was asked to do; kube-proxy's, for example.
 */
function keyType(version: IpVersion): string {
  return `typeof ${addressExpression('saddr', version)}`;
}

function fill(lines: string[], sets: ReadonlyMap<string, NftSet>, maps: ReadonlyMap<string, NftMap>): void {
  for (const [name, { elements }] of sets) addElements(lines, name, [...elements]);
  for (const [name, { elements }] of maps) addElements(lines, name, mapElements(elements));
}

/** One statement for all elements of a set: a statement each needs four times the memory. */
function addElements(lines: string[], name: string, elements: readonly string[]): void {
  if (elements.length > 0) lines.push(`add element inet ${TABLE} ${name} { ${elements.join(', ')} }`);
}

function mapElements(elements: ReadonlyMap<string, Verdict>): string[] {
  return Array.from(elements, ([key, verdict]) => `${key} : ${verdictText(verdict)}`);
}

function verdictText(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

function addRules(lines: string[], chain: string, { rules }: Chain): void {
  for (const rule of rules) for (const text of ruleTexts(rule)) lines.push(`add rule inet ${TABLE} ${chain} ${text}`);
}

/** Equal for chains that the kernel is told in the same words. */
export function chainText({ hook, rules }: Chain): string {
  return [hook === undefined ? '' : `${hook.hook} ${hook.priority}`, ...rules.flatMap(ruleTexts)].join('\n');
}

/** A refusal differs by protocol and is three rules. */
function ruleTexts({ matches, action }: Rule): string[] {
  const conditions = matches.map(matchText);
  const behind = action.kind === 'reject' ? REJECTIONS : [actionText(action)];
  return behind.map((text) => [...conditions, text].join(' '));
}

const REJECTIONS: readonly string[] = [
  'meta l4proto tcp reject with tcp reset',
  'meta l4proto { udp, sctp } reject with icmpx port-unreachable',
  'reject with icmpx admin-prohibited',
];

function addressExpression(side: Side, version: IpVersion): string {
  return `${version === 4 ? 'ip' : 'ip6'} ${side}`;
}

function matchText(match: Match): string {
  switch (match.type) {
    case 'version':
      return `meta nfproto ipv${match.version}`;
    case 'ct-state':
      return `ct state ${match.states.join(',')}`;
    case 'address':
      return `${addressExpression(match.side, match.version)} ${match.not === true ? '!= ' : ''}@${match.set}`;
    case 'pair':
      return `${addressExpression('saddr', match.version)} . ${addressExpression('daddr', match.version)} @${match.set}`;
    case 'port': {
      const protocol = match.protocol.toLowerCase();
      if (match.ranges === null) return `meta l4proto ${protocol}`;
      const ranges = match.ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
      const [only] = ranges;
      return `${protocol} dport ${ranges.length === 1 && only !== undefined ? only : `{ ${ranges.join(', ')} }`}`;
    }
    case 'other-protocol':
      return `meta l4proto != { ${PORT_PROTOCOLS.map((protocol) => protocol.toLowerCase()).join(', ')} }`;
    case 'neighbour-discovery':
      return 'icmpv6 type 133-137';
    case 'mid-stream':
      return 'tcp flags & (fin | syn | rst | ack) != syn';
  }
}

function actionText(action: Exclude<Action, { kind: 'reject' }>): string {
  switch (action.kind) {
    case 'vmap':
      return `${addressExpression(action.side, action.version)} vmap @${action.map}`;
    case 'count':
      return 'counter';
    case 'log': {
      const { side, version, meter, group, prefix, ratePerSecond, burst } = action;
      const limit = `limit rate ${ratePerSecond}/second burst ${burst} packets`;
      return `update @${meter} { ${addressExpression(side, version)} counter ${limit} } log prefix "${prefix}" group ${group}`;
    }
    default:
      return verdictText(action);
  }
}
