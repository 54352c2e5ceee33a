import type { ClusterState, FlowEnd } from '../engine/state.ts';
import type { Direction, NearMiss, RuleRef, Tier } from '../engine/verdict.ts';
import { capital, say } from '../model/say.ts';
import type { FieldPath } from '../model/source.ts';
import type { NetworkPolicy } from '../model/types.ts';
import type { CanAnswer, CanCase } from './can.ts';
import { routesTo } from './controller.ts';
import { changesOf } from './explain-flip.ts';
import { type TierQuestion, tellTier, tierApplies } from './explain-tiers.ts';
import {
  addCite,
  admittedText,
  askedPort,
  type Cite,
  isolatorsText,
  peersField,
  peersOf,
  peerText,
  policyName,
  policyOf,
  rulesOf,
  ruleText,
  wayName,
} from './explain-words.ts';
import { resolveEndpoint } from './resolve.ts';
import type { World } from './world.ts';

/** Rules without a match that are told one by one. */
const SHOWN_RULES = 12;
/** Places in manifests that are shown for one direction. */
const SHOWN_CITES = 4;

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
  /** Egress, then ingress; empty when there was nothing to judge. */
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
    directions:
      decided === undefined
        ? []
        : [
            explainDirection(world, 'egress', from, to, answer, decided),
            explainDirection(world, 'ingress', to, from, answer, decided),
          ],
    flip: decided === undefined ? [] : changesOf(world, answer, decided),
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
  const { egress, ingress, allowed, cases, notes } = answer;
  if (cases.length === 0) return `${question} No: ${notes.join('; ')}.`;
  if (allowed) return `${question} Yes: nothing on the way refuses it.`;
  if (!egress.allowed && !ingress.allowed)
    return `${question} No: neither the egress of the source nor the ingress of the destination admits it.`;
  if (!egress.allowed) return `${question} No: the egress of ${from} does not admit it.`;
  if (!ingress.allowed) return `${question} No: the ingress of ${to} does not admit it.`;
  return `${question} No: each direction admits something, but no port in common.`;
}

function anyPort({ protocol }: CanAnswer): string {
  return protocol === undefined ? `any port` : `any ${protocol} port`;
}

function explainDirection(
  world: World,
  direction: Direction,
  subject: string,
  other: string,
  answer: CanAnswer,
  decided: CanCase,
): DirectionExplanation {
  const { state } = world;
  const verdict = answer[direction];
  const policies = verdict.isolatedBy.flatMap((ref) => policyOf(state, ref) ?? []);
  const steps: string[] = [];
  const cites: Cite[] = [];
  if (verdict.tier === 'route') {
    tellRoutes(world, decided, subject, other, steps, cites);
    return { direction, subject, allowed: verdict.allowed, steps, cites: cites.slice(0, SHOWN_CITES) };
  }
  const tiers = tierQuestion(world, direction, other, answer, decided);
  if (tiers !== undefined && verdict.tier !== 'self') tellTier(tiers, 'Admin', steps, cites);
  if (verdict.tier === 'admin') {
    steps.push(notAsked(policies, direction, subject));
  } else if (policies.length > 0) {
    const by = isolatorsText(policies);
    steps.push(say`${subject} is isolated for ${wayName(direction)} by ${by}: only what their rules admit passes.`);
    if (verdict.decidedBy !== null) decision(state, direction, other, verdict.decidedBy, steps, cites);
    else refusals(policies, direction, subject, other, verdict.nearMisses, steps, cites);
    if (tiers !== undefined && tierApplies(tiers, 'Baseline')) {
      steps.push(say`The Baseline tier is not asked: it is for pods that no NetworkPolicy isolates.`);
    }
  } else {
    unisolated(direction, subject, verdict.tier, subjectEnd(direction, decided), tiers, steps, cites);
  }
  return { direction, subject, allowed: verdict.allowed, steps, cites: cites.slice(0, SHOWN_CITES) };
}

/** What leads the ingress controller to the other end, with the places where its Service is named. */
function tellRoutes(
  world: World,
  { egress, port, protocol }: CanCase,
  subject: string,
  other: string,
  steps: string[],
  cites: Cite[],
): void {
  if (!egress.allowed) {
    steps.push(
      say`${subject} connects to what an Ingress or a route of a Gateway names: none leads to ${other} there.`,
    );
    return;
  }
  const resolved = resolveEndpoint(world, other);
  const routes =
    'error' in resolved ? [] : resolved.units.flatMap((unit) => routesTo(unit, world.inbound(), world.state));
  for (const { object, service, port: servicePort, path, backends } of routes) {
    if (port !== undefined && !backends.some((one) => one.port === port && one.protocol === protocol)) continue;
    const name = `${object.kind} ${policyName(object.metadata)}`;
    steps.push(say`${name} leads to port ${servicePort} of Service ${service}, and that to ${other}.`);
    addCite(cites, object, path, `Service ${service}`);
  }
}

/** What there is to tell of the cluster-wide tiers; undefined where they have no say. */
function tierQuestion(
  { state }: World,
  direction: Direction,
  other: string,
  answer: CanAnswer,
  decided: CanCase,
): TierQuestion | undefined {
  const flow = decided.flows[direction];
  const end = subjectEnd(direction, decided);
  if (end.type !== 'pod' || state.clusterPolicies.size === 0) return undefined;
  const { allowed } = answer[direction];
  return { state, direction, flow, pod: end.pod, other, allowed, onePort: decided.port !== undefined };
}

function subjectEnd(direction: Direction, decided: CanCase): FlowEnd {
  return direction === 'egress' ? decided.flows.egress.from : decided.flows.ingress.to;
}

function notAsked(policies: readonly NetworkPolicy[], direction: Direction, subject: string): string {
  const isolated =
    policies.length === 0
      ? ''
      : say`, though ${subject} is isolated for ${wayName(direction)} by ${isolatorsText(policies)}`;
  return say`NetworkPolicies are not asked${isolated}: the Admin tier comes first.`;
}

/** The reasoning where no NetworkPolicy isolates the subject, or none has a say. */
function unisolated(
  direction: Direction,
  subject: string,
  tier: Tier,
  end: FlowEnd,
  tiers: TierQuestion | undefined,
  steps: string[],
  cites: Cite[],
): void {
  if (tier === 'self') {
    steps.push(say`A pod always reaches itself, whatever the policies say.`);
  } else if (tier === 'node') {
    steps.push(say`Traffic between a pod and the node it runs on is always allowed, whatever NetworkPolicies say.`);
  } else if (end.type !== 'pod') {
    steps.push(say`${subject} is not a pod of the cluster network: policies do not limit its ${wayName(direction)}.`);
  } else if (tiers === undefined || !(['Admin', 'Baseline'] as const).some((one) => tierApplies(tiers, one))) {
    const all = direction === 'egress' ? say`it may connect to everything` : say`everything may connect to it`;
    steps.push(say`No NetworkPolicy selects ${subject} for ${wayName(direction)}: ${all}.`);
  } else {
    const next = tierApplies(tiers, 'Baseline') ? say`, so the Baseline tier is asked` : '';
    steps.push(say`No NetworkPolicy isolates ${subject} for ${wayName(direction)}${next}.`);
    tellTier(tiers, 'Baseline', steps, cites);
    if (tier === 'default') steps.push(say`No policy decides: what none decides is allowed.`);
  }
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
  if (policy === undefined || rule === undefined) return;
  const peer = decided.peer === null ? undefined : peersOf(rule)[decided.peer];
  const who =
    peer === undefined
      ? say`it names no peers, so it is for everybody`
      : say`its peer ${(decided.peer ?? 0) + 1} is ${peerText(peer, policy.metadata.namespace ?? '')}, and ${other} is one of them`;
  const what =
    decided.port === null ? say`it names no ports, so it is for every port` : say`the port is one of its ports`;
  steps.push(say`${capital(ruleText(policy, direction, decided.rule))} admits it: ${who}; ${what}.`);
  const path: FieldPath = ['spec', direction, decided.rule];
  if (decided.peer !== null) {
    const peerPath = [...path, peersField(direction), decided.peer];
    addCite(
      cites,
      policy,
      peer?.ipBlock === undefined ? peerPath : [...peerPath, 'ipBlock', 'cidr'],
      say`matches ${other}`,
    );
  }
  if (decided.port !== null) addCite(cites, policy, [...path, 'ports', decided.port, 'port'], say`admits the port`);
  if (decided.peer === null && decided.port === null) addCite(cites, policy, path, say`admits everything`);
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
    if (listed.length === 0)
      steps.push(say`${policyName(policy.metadata)} has no ${wayName(direction)} rules: it admits nothing.`);
    for (const [index, rule] of listed.entries()) {
      const own = misses.filter(
        (miss) => miss.rule === index && policyName(miss.policy) === policyName(policy.metadata),
      );
      if (told >= SHOWN_RULES && own.length === 0) continue;
      told++;
      const name = capital(ruleText(policy, direction, index));
      if (own.length === 0) {
        steps.push(say`${name} is for others: it admits ${admittedText(policy, rule)}; ${other} is none of them.`);
      }
      for (const miss of own) {
        steps.push(say`${name} nearly matches: ${miss.message}.`);
        addCite(cites, policy, missPath(direction, miss), miss.message);
      }
    }
  }
  if (rules > told) steps.push(say`None of the other ${rules - told} rules matches either.`);
  const [first] = policies;
  if (cites.length === 0 && first !== undefined) {
    addCite(cites, first, ['spec', 'podSelector'], say`selects ${subject}, and no rule admits this`);
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
