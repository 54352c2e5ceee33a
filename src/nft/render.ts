import { finish, type Steps } from '../model/steps.ts';
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
export function renderRuleset(ruleset: Ruleset): string {
  return finish(rulesetSteps(ruleset));
}

/** As {@link renderRuleset}, in steps. */
export function* rulesetSteps({ sets, maps, chains }: Ruleset): Steps<string> {
  const lines = [`add table inet ${TABLE}`, `delete table inet ${TABLE}`, `add table inet ${TABLE}`];
  yield* declare(lines, sets, maps, chains);
  for (const [name, chain] of chains) yield* addRules(lines, name, chain);
  yield* fill(lines, sets, maps);
  return `${lines.join('\n')}\n`;
}

/** An nft script that takes the table away, whether it is there or not. */
export function renderRemoval(): string {
  return `add table inet ${TABLE}\ndelete table inet ${TABLE}\n`;
}

/** An nft script that changes the table by a delta, in one transaction. */
export function renderDelta(delta: Delta): string {
  return finish(deltaSteps(delta));
}

/** As {@link renderDelta}, in steps. */
export function* deltaSteps(delta: Delta): Steps<string> {
  const lines: string[] = [];
  yield* declare(lines, delta.addedSets, delta.addedMaps, delta.chains);
  for (const name of delta.chains.keys()) lines.push(`flush chain inet ${TABLE} ${name}`);
  for (const [name, chain] of delta.chains) yield* addRules(lines, name, chain);
  for (const [name, gone] of delta.removedElements) yield* elementsLine(lines, 'delete', name, gone, String);
  yield* fill(lines, delta.addedSets, delta.addedMaps);
  for (const [name, elements] of delta.addedSetElements) yield* elementsLine(lines, 'add', name, elements, String);
  for (const [name, elements] of delta.addedMapElements) yield* elementsLine(lines, 'add', name, elements, mapElement);
  // A chain goes only when nothing leads to it any more: first the rules and elements that do.
  for (const name of delta.removedChains) lines.push(`flush chain inet ${TABLE} ${name}`);
  for (const name of delta.removedMaps) lines.push(`delete map inet ${TABLE} ${name}`);
  for (const name of delta.removedSets) lines.push(`delete set inet ${TABLE} ${name}`);
  for (const name of delta.removedChains) lines.push(`delete chain inet ${TABLE} ${name}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function* declare(
  lines: string[],
  sets: ReadonlyMap<string, NftSet>,
  maps: ReadonlyMap<string, NftMap>,
  chains: ReadonlyMap<string, Chain>,
): Steps<void> {
  for (const [name, { hook }] of chains) {
    const base =
      hook === undefined ? '' : ` { type filter hook ${hook.hook} priority ${hook.priority}; policy accept; }`;
    lines.push(`add chain inet ${TABLE} ${name}${base}`);
    yield;
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

function* fill(lines: string[], sets: ReadonlyMap<string, NftSet>, maps: ReadonlyMap<string, NftMap>): Steps<void> {
  for (const [name, { elements }] of sets) yield* elementsLine(lines, 'add', name, elements, String);
  for (const [name, { elements }] of maps) yield* elementsLine(lines, 'add', name, elements, mapElement);
}

/** Elements that are written between two steps. */
const PIECE = 256;

/** One statement for all elements of a set: a statement each needs four times the memory. */
function* elementsLine<T>(
  lines: string[],
  verb: 'add' | 'delete',
  name: string,
  elements: Iterable<T>,
  textOf: (element: T) => string,
): Steps<void> {
  const pieces: string[] = [];
  let piece: string[] = [];
  for (const element of elements) {
    piece.push(textOf(element));
    if (piece.length < PIECE) continue;
    pieces.push(piece.join(', '));
    piece = [];
    yield;
  }
  if (piece.length > 0) pieces.push(piece.join(', '));
  if (pieces.length > 0) lines.push(`${verb} element inet ${TABLE} ${name} { ${pieces.join(', ')} }`);
  yield;
}

function mapElement([key, verdict]: readonly [string, Verdict]): string {
  return `${key} : ${verdictText(verdict)}`;
}

function verdictText(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

function* addRules(lines: string[], chain: string, { rules }: Chain): Steps<void> {
  for (const rule of rules) for (const text of ruleTexts(rule)) lines.push(`add rule inet ${TABLE} ${chain} ${text}`);
  yield;
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
