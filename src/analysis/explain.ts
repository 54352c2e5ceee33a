import type { ClusterState } from '../engine/state.ts';
import type { Direction, DirectionVerdict, NearMiss, RuleRef } from '../engine/verdict.ts';
import type { FieldPath, SourceSpan } from '../model/source.ts';
import type { NetworkPolicy } from '../model/types.ts';
import type { CanAnswer, CanCase } from './can.ts';
import { changesOf } from './explain-flip.ts';
import {
  admittedText,
  askedPort,
  isolatorsText,
  peersField,
  peersOf,
  peerText,
  policyName,
  policyOf,
  rulesOf,
  ruleText,
} from './explain-words.ts';
import { resolveEndpoint } from './resolve.ts';
import type { World } from './world.ts';

/** Rules without a match that are told one by one. */
const SHOWN_RULES = 12;
/** Places in manifests that are shown for one direction. */
const SHOWN_CITES = 4;

/** A line of a manifest that decided, with what it says. */
export interface Cite {
  readonly position: SourceSpan;
  readonly note: string;
}

/** The reasoning of one direction. */
export interface DirectionExplanation {
  readonly direction: Direction;
  /** The endpoint whose policies speak: the source for egress, the destination for ingress. */
  readonly subject: string;
  readonly allowed: boolean;
  /** Sentences, in order. */
  readonly steps: readonly string[];
  readonly cites: readonly Cite[];
}

/** Why an answer is what it is, in words and places. */
export interface Explanation {
  /** The question and the answer in two sentences. */
  readonly summary: string;
  /** Egress, then ingress. */
  readonly directions: readonly DirectionExplanation[];
  /** Changes that would turn the answer around; alternatives, unless one says that both directions need one. */
  readonly flip: readonly string[];
}

/** Explains an answer that {@link can} gave of the same world: its deciding case. */
export function explain(world: World, answer: CanAnswer): Explanation {
  const decided = decidingCase(answer);
  // Blocks and variants are named apart only where there are several.
  const { from, to } = answer.cases.length > 1 && decided !== undefined ? decided : answer;
  return {
    summary: summary(answer, from, to),
    directions: [
      explainDirection(world, 'egress', from, to, answer.egress),
      explainDirection(world, 'ingress', to, from, answer.ingress),
    ],
    flip: changesOf(world, answer, decided),
  };
}

/** The case that the answer's directions are of. */
function decidingCase(answer: CanAnswer): CanCase | undefined {
  const { cases, allowed, egress, ingress } = answer;
  return (
    cases.find((one) => one.egress === egress && one.ingress === ingress) ??
    cases.find((one) => one.allowed === allowed)
  );
}

function summary(answer: CanAnswer, from: string, to: string): string {
  const question = `May ${from} connect to ${to} on ${askedPort(answer) ?? anyPort(answer)}?`;
  const { egress, ingress, allowed } = answer;
  if (allowed) return `${question} Yes: nothing on the way refuses it.`;
  if (!egress.allowed && !ingress.allowed)
    return `${question} No: neither the egress of the source nor the ingress of the destination admits it.`;
  if (!egress.allowed) return `${question} No: the egress of ${from} does not admit it.`;
  if (!ingress.allowed) return `${question} No: the ingress of ${to} does not admit it.`;
  return `${question} No: each direction admits something, but no port in common.`;
}

function anyPort({ protocol }: CanAnswer): string {
  return protocol === undefined ? 'any port' : `any ${protocol} port`;
}

function explainDirection(
  world: World,
  direction: Direction,
  subject: string,
  other: string,
  verdict: DirectionVerdict,
): DirectionExplanation {
  const { state } = world;
  const policies = verdict.isolatedBy.flatMap((ref) => policyOf(state, ref) ?? []);
  const steps: string[] = [];
  const cites: Cite[] = [];
  if (verdict.tier === 'default' || verdict.tier === 'self' || verdict.tier === 'node') {
    steps.push(withoutPolicies(world, direction, subject, verdict));
  }
  if (policies.length > 0) {
    const by = isolatorsText(policies);
    steps.push(`${subject} is isolated for ${direction} by ${by}: only what their rules admit passes.`);
  }
  if (verdict.decidedBy !== null) decision(state, direction, other, verdict.decidedBy, steps, cites);
  else if (!verdict.allowed) refusals(policies, direction, subject, other, verdict.nearMisses, steps, cites);
  return { direction, subject, allowed: verdict.allowed, steps, cites: cites.slice(0, SHOWN_CITES) };
}

function withoutPolicies(world: World, direction: Direction, subject: string, { tier }: DirectionVerdict): string {
  if (tier === 'self') return 'A pod always reaches itself, whatever the policies say.';
  if (tier === 'node')
    return 'Traffic between a pod and the node it runs on is always allowed, whatever the policies say.';
  const resolved = resolveEndpoint(world, subject);
  const isPod = !('error' in resolved) && resolved.units.some((unit) => unit.pods.length > 0);
  if (!isPod) return `${subject} is not a pod of the cluster network: policies do not limit its ${direction}.`;
  const all = direction === 'egress' ? 'it may connect to everything' : 'everything may connect to it';
  return `No NetworkPolicy selects ${subject} for ${direction}: ${all}.`;
}

function decision(
  state: ClusterState,
  direction: Direction,
  other: string,
  decided: RuleRef,
  steps: string[],
  cites: Cite[],
): void {
  const policy = policyOf(state, decided.policy);
  const rule = policy === undefined ? undefined : rulesOf(policy, direction)[decided.rule];
  if (policy === undefined || rule === undefined) {
    const verb = decided.action === 'Deny' ? 'refuses' : 'admits';
    const where = decided.source === undefined ? '' : ` (${decided.source.file}:${decided.source.line})`;
    steps.push(`Rule ${decided.rule + 1} of ${decided.policy.kind} ${policyName(decided.policy)}${where} ${verb} it.`);
    return;
  }
  const peer = decided.peer === null ? undefined : peersOf(rule)[decided.peer];
  const who =
    peer === undefined
      ? 'it names no peers, so it is for everybody'
      : `its peer ${(decided.peer ?? 0) + 1} is ${peerText(peer, policy.metadata.namespace ?? '')}, and ${other} is one of them`;
  const what = decided.port === null ? 'it names no ports, so it is for every port' : 'the port is one of its ports';
  steps.push(`${capital(ruleText(policy, direction, decided.rule))} admits it: ${who}; ${what}.`);
  const path: FieldPath = ['spec', direction, decided.rule];
  if (decided.peer !== null) {
    const peerPath = [...path, peersField(direction), decided.peer];
    addCite(
      cites,
      policy,
      peer?.ipBlock === undefined ? peerPath : [...peerPath, 'ipBlock', 'cidr'],
      `matches ${other}`,
    );
  }
  if (decided.port !== null) addCite(cites, policy, [...path, 'ports', decided.port, 'port'], 'admits the port');
  if (decided.peer === null && decided.port === null) addCite(cites, policy, path, 'admits everything');
}

function refusals(
  policies: readonly NetworkPolicy[],
  direction: Direction,
  subject: string,
  other: string,
  misses: readonly NearMiss[],
  steps: string[],
  cites: Cite[],
): void {
  let told = 0;
  let rules = 0;
  for (const policy of policies) {
    const listed = rulesOf(policy, direction);
    rules += listed.length;
    if (listed.length === 0) steps.push(`${policyName(policy.metadata)} has no ${direction} rules: it admits nothing.`);
    for (const [index, rule] of listed.entries()) {
      const own = misses.filter(
        (miss) => miss.rule === index && policyName(miss.policy) === policyName(policy.metadata),
      );
      if (told >= SHOWN_RULES && own.length === 0) continue;
      told++;
      const name = capital(ruleText(policy, direction, index));
      if (own.length === 0) {
        steps.push(`${name} is for others: it admits ${admittedText(policy, rule)}; ${other} is none of them.`);
      }
      for (const miss of own) {
        steps.push(`${name} nearly matches: ${miss.message}.`);
        addCite(cites, policy, missPath(direction, miss), miss.message);
      }
    }
  }
  if (rules > told) steps.push(`None of the other ${rules - told} rules matches either.`);
  const [first] = policies;
  if (cites.length === 0 && first !== undefined) {
    addCite(cites, first, ['spec', 'podSelector'], `selects ${subject}, and no rule admits this`);
  }
}

function missPath(direction: Direction, { missed, rule, peer }: NearMiss): FieldPath {
  const path: FieldPath = ['spec', direction, rule];
  if (missed === 'port' || missed === 'protocol' || missed === 'named-port') return [...path, 'ports', 0, 'port'];
  if (peer === undefined) return path;
  const peerPath = [...path, peersField(direction), peer];
  if (missed === 'except') return [...peerPath, 'ipBlock', 'except'];
  return missed === 'address' ? [...peerPath, 'ipBlock', 'cidr'] : peerPath;
}

function addCite(cites: Cite[], policy: NetworkPolicy, path: FieldPath, note: string): void {
  const position = policy.source?.locate(path);
  if (position === undefined) return;
  if (cites.some((cite) => cite.position.file === position.file && cite.position.line === position.line)) return;
  cites.push({ position, note });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
