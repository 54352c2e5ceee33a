import {
  type ClusterMiss,
  clusterRuleHit,
  clusterRuleMiss,
  type RulePlace,
  tierRules,
} from '../engine/cluster-rules.ts';
import type { RuleHit } from '../engine/outcome.ts';
import { clusterPeerMatches } from '../engine/peer-match.ts';
import type { ClusterState, Flow, PodInfo } from '../engine/state.ts';
import type { Direction } from '../engine/verdict.ts';
import { capital, say } from '../model/say.ts';
import type { ClusterNetworkPolicyPeer, ClusterNetworkPolicyRule } from '../model/types.ts';
import { isPortMiss } from './can.ts';
import {
  ACTION_VERBS,
  clusterPeerText,
  clusterRuleText,
  policiesText,
  portsField,
  rulePath,
} from './explain-tier-words.ts';
import { addCite, type Cite, peersField, wayName } from './explain-words.ts';

/** Rules of higher precedence that nearly matched and are told one by one. */
const SHOWN_MISSES = 3;

/** The direction of a connection whose tiers are told. */
export interface TierQuestion {
  readonly state: ClusterState;
  readonly direction: Direction;
  readonly flow: Flow;
  /** The pod whose policies speak. */
  readonly pod: PodInfo;
  /** How results call the end that rules are matched with. */
  readonly other: string;
  /** The verdict of the direction. */
  readonly allowed: boolean;
  /** A single port was asked for: then a rule for other ports is a near miss. */
  readonly onePort: boolean;
}

/** Whether a tier has a say in the direction of a pod at all. */
export function tierApplies({ state, direction, pod }: TierQuestion, tier: 'Admin' | 'Baseline'): boolean {
  return tierRules(state, direction, tier, pod).length > 0;
}

/**
 * What a tier makes of the connection, as sentences and places: the rules before the deciding one that would have decided
 * otherwise but for one thing, then the one that decides, or that none does. Nothing for a tier without rules for the pod.
 */
export function tellTier(question: TierQuestion, tier: 'Admin' | 'Baseline', steps: string[], cites: Cite[]): void {
  const { state, direction, flow, pod } = question;
  const places = tierRules(state, direction, tier, pod);
  if (places.length === 0) return;
  const at = places.findIndex((place) => clusterRuleHit(state, flow, place) !== undefined);
  const before = at === -1 ? places : places.slice(0, at);
  const deciding = places[at];
  const hit = deciding === undefined ? undefined : clusterRuleHit(state, flow, deciding);
  for (const [place, miss] of tellingMisses(question, before, hit !== undefined)) {
    const text = clusterRuleText(place);
    steps.push(
      hit === undefined
        ? say`${tier} tier: ${text} nearly matches: ${miss.message}.`
        : say`${tier} tier: ${text} comes first and nearly matches: ${miss.message}.`,
    );
    citeMiss(place, miss, cites);
  }
  if (deciding === undefined || hit === undefined) {
    steps.push(
      places.length === 1
        ? say`${tier} tier: the ${wayName(direction)} rule of ${policiesText(places)} does not match.`
        : say`${tier} tier: none of the ${places.length} ${wayName(direction)} rules of ${policiesText(places)} matches.`,
    );
    return;
  }
  steps.push(
    say`${tier} tier: ${clusterRuleText(deciding)} ${ACTION_VERBS[hit.action]()}: ${reasons(question, deciding, hit)}.`,
  );
  citeHit(question, deciding, hit, cites);
}

function ruleAt({ policy, direction, rule }: RulePlace): ClusterNetworkPolicyRule | undefined {
  return policy.spec[direction][rule];
}

/** Near misses of rules that would have changed the answer had they matched. */
function tellingMisses(
  { state, flow, allowed, onePort }: TierQuestion,
  places: readonly RulePlace[],
  decided: boolean,
): [RulePlace, ClusterMiss][] {
  const found: [RulePlace, ClusterMiss][] = [];
  for (const place of places) {
    const action = ruleAt(place)?.action;
    const wouldChange = action === 'Pass' ? decided : action === (allowed ? 'Deny' : 'Accept');
    const miss = wouldChange ? clusterRuleMiss(state, flow, place) : undefined;
    if (miss === undefined || found.length >= SHOWN_MISSES) continue;
    const aboutPort = isPortMiss(miss.missed);
    // Of what is allowed, every rule that denies others would be a near miss.
    if (aboutPort ? onePort : !allowed || miss.missed === 'host') found.push([place, miss]);
  }
  return found;
}

function reasons(question: TierQuestion, place: RulePlace, hit: RuleHit): string {
  const rule = ruleAt(place);
  const peer = rule?.peers[hit.peer ?? 0];
  if (rule === undefined || peer === undefined) return say`it matches`;
  if (peer.type === 'unknown') {
    const field = peer.field === '' ? '' : ` (${peer.field})`;
    return say`this version cannot read its peer ${(hit.peer ?? 0) + 1}${field}, and such a ${rule.action} rule denies everything`;
  }
  const ports =
    rule.ports === undefined ? say`it names no ports, so it is for every port` : say`the port is one of its ports`;
  return say`its peer ${(hit.peer ?? 0) + 1} is ${clusterPeerText(peer)}, and ${membership(question, peer)}; ${ports}`;
}

/** A Deny holds for a pod that may have an address of a network. */
function membership({ state, direction, flow, other }: TierQuestion, peer: ClusterNetworkPolicyPeer): string {
  const end = direction === 'egress' ? flow.to : flow.from;
  return clusterPeerMatches(state, peer, 'Accept', end, flow.family)
    ? say`${other} is one of them`
    : say`${other} may have an address there`;
}

function citeHit({ other }: TierQuestion, place: RulePlace, hit: RuleHit, cites: Cite[]): void {
  const { policy, direction } = place;
  const path = rulePath(direction, hit.rule);
  const rule = ruleAt(place);
  const verb = ACTION_VERBS[hit.action]();
  addCite(
    cites,
    policy,
    [...path, rule?.name === undefined ? 'action' : 'name'],
    say`${capital(wayName(direction))} rule ${hit.rule + 1} ${verb}`,
  );
  addCite(cites, policy, [...path, peersField(direction), hit.peer ?? 0], say`matches ${other}`);
  if (hit.port !== null) addCite(cites, policy, [...path, portsField(policy), hit.port], say`matches the port`);
}

function citeMiss({ policy, direction, rule }: RulePlace, { missed, peer, message }: ClusterMiss, cites: Cite[]): void {
  const path = rulePath(direction, rule);
  const field = isPortMiss(missed) ? [portsField(policy), 0] : [peersField(direction), peer];
  addCite(cites, policy, [...path, ...field], message);
}
