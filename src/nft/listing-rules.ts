import { PORT_PROTOCOLS, type PortProtocol, type PortRange } from '../net/port-set.ts';
import type { Action, CtState, IpVersion, Match, Rule, Side, Verdict } from './ruleset.ts';

/** Something in a listing that our rulesets never hold. */
export class Unknown extends Error {}

/** A value of a listing. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The expressions of one rule, as the listing has them. */
export type Expressions = readonly Json[];

const CT_STATES: ReadonlySet<Json> = new Set<CtState>(['new', 'established', 'related', 'invalid', 'untracked']);

/**
 * The rules of a chain. A refusal is three rules in the kernel and one in the ruleset.
 * @throws Unknown
 */
export function rulesOf(listed: readonly Expressions[]): Rule[] {
  const rules: Rule[] = [];
  for (let at = 0; at < listed.length; at++) {
    const refusal = refusalAt(listed, at);
    if (refusal === undefined) {
      rules.push(ruleOf(listed[at] ?? []));
    } else {
      rules.push(refusal);
      at += REFUSAL.length - 1;
    }
  }
  return rules;
}

/** What the three rules of a refusal say at their end, and the protocols that the first two name before. */
const REFUSAL: readonly { readonly protocols?: readonly PortProtocol[]; readonly reject: Json }[] = [
  { protocols: ['TCP'], reject: { type: 'tcp reset' } },
  { protocols: ['UDP', 'SCTP'], reject: { type: 'icmpx', expr: 'port-unreachable' } },
  { reject: { type: 'icmpx', expr: 'admin-prohibited' } },
];

function refusalAt(listed: readonly Expressions[], at: number): Rule | undefined {
  let conditions: Expressions | undefined;
  for (const [step, { protocols, reject }] of REFUSAL.entries()) {
    const rule = listed[at + step];
    if (rule === undefined || !same(rule.at(-1), { reject })) return undefined;
    let before = rule.slice(0, -1);
    if (protocols !== undefined) {
      const named = before.at(-1);
      if (named === undefined || !has(named, 'match')) return undefined;
      const { op, left, right } = fields(fields(named)['match']);
      if (op !== '==' || !same(left, { meta: { key: 'l4proto' } }) || !areProtocols(right, protocols)) return undefined;
      before = before.slice(0, -1);
    }
    if (conditions !== undefined && !same(before, conditions)) return undefined;
    conditions = before;
  }
  return { matches: (conditions ?? []).map(matchOf), action: { kind: 'reject' } };
}

function ruleOf(listed: Expressions): Rule {
  const matches: Match[] = [];
  let at = 0;
  for (; at < listed.length; at++) {
    const condition = listed[at];
    if (condition === undefined || !has(condition, 'match')) break;
    matches.push(matchOf(condition));
  }
  return { matches, action: actionOf(listed.slice(at)) };
}

function matchOf(listed: Json): Match {
  const { op, left, right } = fields(fields(listed)['match']);
  const shape = `${String(op)} ${shapeOf(left)}`;
  const version = versionOf(left);
  switch (shape) {
    case '== meta nfproto':
      return { type: 'version', version: right === 'ipv4' ? 4 : right === 'ipv6' ? 6 : unknown(listed) };
    case '== meta l4proto':
      return { type: 'port', protocol: protocolOf(right), ranges: null };
    case '!= meta l4proto':
      if (!areProtocols(right, PORT_PROTOCOLS)) return unknown(listed);
      return { type: 'other-protocol' };
    case 'in ct state':
    case '== ct state': {
      const states = Array.isArray(right) ? (right as readonly Json[]) : [right];
      if (!states.every((state) => CT_STATES.has(state ?? null))) return unknown(listed);
      return { type: 'ct-state', states: states as readonly CtState[] };
    }
    case '== ip saddr':
    case '== ip daddr':
    case '== ip6 saddr':
    case '== ip6 daddr':
      return { type: 'address', side: sideOf(left), version, set: setName(right) };
    case '!= ip saddr':
    case '!= ip daddr':
    case '!= ip6 saddr':
    case '!= ip6 daddr':
      return { type: 'address', side: sideOf(left), version, set: setName(right), not: true };
    case '== ip saddr . ip daddr':
    case '== ip6 saddr . ip6 daddr':
      return { type: 'pair', version, set: setName(right) };
    case '== tcp dport':
    case '== udp dport':
    case '== sctp dport':
      return { type: 'port', protocol: protocolOf(shape.split(' ')[1]), ranges: portRanges(right) };
    case '== icmpv6 type':
      if (!same(right, { range: ['nd-router-solicit', 'nd-redirect'] })) return unknown(listed);
      return { type: 'neighbour-discovery' };
    case '!= tcp flags & fin,syn,rst,ack':
      if (right !== 'syn') return unknown(listed);
      return { type: 'mid-stream' };
    default:
      return unknown(listed);
  }
}

/** An expression in few words: `ip saddr`, `ct state`, `ip saddr . ip daddr`. */
function shapeOf(expression: Json | undefined): string {
  if (Array.isArray(expression)) return (expression as readonly Json[]).join();
  const { payload, meta, ct, concat, '&': masked, '|': joined } = fields(expression);
  if (payload !== undefined) return `${String(fields(payload)['protocol'])} ${String(fields(payload)['field'])}`;
  if (meta !== undefined) return `meta ${String(fields(meta)['key'])}`;
  if (ct !== undefined) return `ct ${String(fields(ct)['key'])}`;
  if (concat !== undefined) return items(concat).map(shapeOf).join(' . ');
  if (joined !== undefined)
    return items(joined)
      .map((flag) => (typeof flag === 'string' ? flag : shapeOf(flag)))
      .join();
  if (masked !== undefined) {
    const [value, ...mask] = items(masked);
    return `${shapeOf(value)} & ${mask.map((flag) => (typeof flag === 'string' ? flag : shapeOf(flag))).join()}`;
  }
  return unknown(expression);
}

function actionOf(listed: readonly Json[]): Action {
  const [first, second] = listed;
  if (first !== undefined && listed.length === 1) {
    if (has(first, 'counter')) return { kind: 'count' };
    const { vmap } = fields(first);
    if (vmap === undefined) return verdictOf(first);
    const { key, data } = fields(vmap);
    return { kind: 'vmap', side: sideOf(key), version: versionOf(key), map: setName(data) };
  }
  const { set } = fields(first);
  const { log } = fields(second);
  if (set === undefined || log === undefined || listed.length !== 2) return unknown(listed);
  const { op, elem, set: meter, stmt } = fields(set);
  const [counter, limit] = items(stmt);
  const { rate, burst, per } = fields(fields(limit)['limit']);
  const { prefix, group } = fields(log);
  if (op !== 'update' || per !== 'second' || counter === undefined || !has(counter, 'counter')) return unknown(listed);
  return {
    kind: 'log',
    side: sideOf(elem),
    version: versionOf(elem),
    meter: setName(meter),
    group: number(group),
    prefix: typeof prefix === 'string' ? prefix : unknown(listed),
    ratePerSecond: number(rate),
    burst: number(burst),
  };
}

/** A verdict as rules and map elements have it. @throws Unknown */
export function verdictOf(listed: Json | undefined): Verdict {
  const [[kind, value] = ['', null], ...more] = Object.entries(fields(listed));
  if (more.length > 0) return unknown(listed);
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind };
    case 'jump':
    case 'goto': {
      const { target } = fields(value);
      return { kind, chain: typeof target === 'string' ? target : unknown(listed) };
    }
    default:
      return unknown(listed);
  }
}

/** nft names protocols from the host's /etc/protocols, and says numbers where there is none, as in small images. */
const PROTOCOL_NUMBERS: Readonly<Record<PortProtocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

function isProtocol(listed: Json | undefined, protocol: PortProtocol): boolean {
  return listed === protocol.toLowerCase() || listed === PROTOCOL_NUMBERS[protocol];
}

function protocolOf(listed: Json | undefined): PortProtocol {
  return PORT_PROTOCOLS.find((protocol) => isProtocol(listed, protocol)) ?? unknown(listed);
}

/** Whether a protocol or a set of them is just these. */
function areProtocols(listed: Json | undefined, wanted: readonly PortProtocol[]): boolean {
  const all = listed !== undefined && has(listed, 'set') ? items(fields(listed)['set']) : [listed];
  return all.length === wanted.length && wanted.every((protocol) => all.some((one) => isProtocol(one, protocol)));
}

function portRanges(listed: Json | undefined): PortRange[] {
  if (typeof listed === 'number') return [[listed, listed]];
  const { range, set } = fields(listed);
  if (set !== undefined) return items(set).flatMap(portRanges);
  const [first, last] = items(range);
  return [[number(first), number(last)]];
}

function sideOf(listed: Json | undefined): Side {
  const side = shapeOf(listed).split(' ')[1];
  return side === 'saddr' || side === 'daddr' ? side : unknown(listed);
}

function versionOf(listed: Json | undefined): IpVersion {
  return shapeOf(listed).startsWith('ip6') ? 6 : 4;
}

function setName(listed: Json | undefined): string {
  return typeof listed === 'string' && listed.startsWith('@') ? listed.slice(1) : unknown(listed);
}

function has(listed: Json, key: string): boolean {
  return typeof listed === 'object' && listed !== null && key in listed;
}

/** The fields of an object. @throws Unknown for what is none */
export function fields(listed: Json | undefined): { readonly [key: string]: Json | undefined } {
  if (typeof listed !== 'object' || listed === null || Array.isArray(listed)) return unknown(listed);
  return listed as { readonly [key: string]: Json };
}

/** The items of an array. @throws Unknown for what is none */
export function items(listed: Json | undefined): readonly Json[] {
  return Array.isArray(listed) ? (listed as readonly Json[]) : unknown(listed);
}

function number(listed: Json | undefined): number {
  return typeof listed === 'number' ? listed : unknown(listed);
}

/** Gives up on a listing, with what it is about. */
export function unknown(listed: Json | undefined): never {
  throw new Unknown((JSON.stringify(listed) ?? 'nothing').slice(0, 200));
}

function same(one: Json | undefined, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
