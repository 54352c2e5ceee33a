import { domainKey, type Flow, type FlowEnd } from '../engine/state.ts';
import type { Direction, DirectionVerdict, FlowProtocol, RuleRef } from '../engine/verdict.ts';
import { say } from '../model/say.ts';
import type { Protocol } from '../model/types.ts';
import type { Family } from '../net/address.ts';
import { PORT_PROTOCOLS, PortSet } from '../net/port-set.ts';
import { commonFamilies } from './classes.ts';
import { equalPriorityNotes } from './conflicts.ts';
import { CONTROLLER_ID, isController, isUnknownController, routesTo } from './controller.ts';
import { routeRefs } from './inbound.ts';
import { type FamilyPorts, type PortEntry, type PortQuery, portEntries, queriedPorts } from './ports.ts';
import { type Resolved, type ResolveError, resolveEndpoint } from './resolve.ts';
import type { Unit } from './units.ts';
import type { World } from './world.ts';

/** The answer for one combination of what the two names stand for, in one address family. */
export interface CanCase {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** The port that was judged, where a single one was asked for. */
  readonly protocol?: Protocol;
  readonly port?: number;
  readonly allowed: boolean;
  /** The ports that are open of those asked for, where not a single one was. */
  readonly ports?: readonly PortEntry[];
  readonly egress: DirectionVerdict;
  readonly ingress: DirectionVerdict;
  /** The connections that the verdicts of the directions are of; one of the ports where not a single one was asked for. */
  readonly flows: Readonly<Record<Direction, Flow>>;
}

/** The answer to "can FROM reach TO on PORT?". */
export interface CanAnswer {
  /** Endpoint ids, or the range or `internet` as asked. */
  readonly from: string;
  readonly to: string;
  readonly protocol?: Protocol;
  /** A number; or a range or a name as asked. */
  readonly port?: number | string;
  /**
   * Whether some combination of the ends is allowed on every port asked for; without a number or a name, on any port at
   * all (of the protocol asked for).
   */
  readonly allowed: boolean;
  /** Only when not a single port was asked for. */
  readonly ports?: readonly PortEntry[];
  /** The directions of the first case that is as the whole answer is. */
  readonly egress: DirectionVerdict;
  readonly ingress: DirectionVerdict;
  /** The allowed families, when not all common ones are. */
  readonly families?: readonly Family[];
  /** Every distinct case: variants of a workload, outside blocks, families. Empty when there is none, as the notes say: no family in common, no such port. */
  readonly cases: readonly CanCase[];
  /** What one should know beside: sentences. */
  readonly notes: readonly string[];
}

/**
 * Answers whether FROM reaches TO. A name that stands for several things (variants of a workload, the blocks of an
 * address range, both families) is allowed when one of them is; the cases tell them apart.
 */
export function can(world: World, from: string, to: string, port?: PortQuery): CanAnswer | ResolveError {
  const source = resolveEndpoint(world, from);
  if ('error' in source) return source;
  const target = resolveEndpoint(world, to);
  if ('error' in target) return target;
  const misplaced = misplacedEnd('from', source) ?? misplacedEnd('to', target);
  if (misplaced !== undefined) return misplaced;

  const notes: string[] = [];
  const cases = [...allCases(world, source, target, port, notes)];
  const allowed = cases.some((one) => one.allowed);
  const deciding = cases.find((one) => one.allowed === allowed);
  const answer = {
    from: source.id,
    to: target.id,
    ...askedPort(port, deciding),
    allowed,
    ...(deciding !== undefined && deciding.ports === undefined ? {} : { ports: mergedPorts(cases) }),
    egress: deciding?.egress ?? NOT_JUDGED,
    ingress: deciding?.ingress ?? NOT_JUDGED,
    ...allowedFamilies(cases),
    cases: distinct(cases),
    notes: [...new Set(notes)],
  };
  if (deciding?.ingress.allowed === false && source.units.some(isUnknownController)) {
    answer.notes.push(
      say`${CONTROLLER_ID} may be any pod that the input does not hold; --ingress-controller says which`,
    );
  }
  if (deciding !== undefined) {
    for (const direction of ['egress', 'ingress'] as const) {
      answer.notes.push(...equalPriorityNotes(world.state, direction, deciding[direction], deciding.flows[direction]));
    }
  }
  if (new Set(cases.map((one) => one.allowed)).size > 1) answer.notes.push(say`not every case is alike: see the cases`);
  return answer;
}

const NOT_JUDGED: DirectionVerdict = {
  allowed: false,
  tier: 'default',
  decidedBy: null,
  isolatedBy: [],
  nearMisses: [],
};

function* allCases(
  world: World,
  source: Resolved,
  target: Resolved,
  port: PortQuery | undefined,
  notes: string[],
): Generator<CanCase> {
  const everyPort = port?.first !== undefined || port?.name !== undefined;
  let answered = false;
  for (const from of source.units) {
    for (const to of target.units) {
      if (from.endpoint.type === 'external' && to.endpoint.type === 'external') {
        notes.push(say`no pod is at either end: network policies say nothing of this connection (S11)`);
      }
      if (to.endpoint.type === 'domain' && unknownDomain(world, from, to)) {
        notes.push(
          say`the addresses of ${to.endpoint.id} are not known: of the rules for addresses, only those for every address count; --resolve gives them`,
        );
      }
      for (const family of commonFamilies(from, to)) {
        const asked = port === undefined ? PortSet.ALL : queriedPorts(port, to.pods[0]?.ports ?? []);
        if (asked.isEmpty()) {
          notes.push(say`${to.endpoint.id} has no container port named ${port?.name}/${port?.protocol}`);
          answered = true;
          continue;
        }
        for (const one of unitCases(world, from, to, family, asked, everyPort, notes)) {
          answered = true;
          yield one;
        }
      }
    }
  }
  if (!answered) notes.push(say`${source.id} and ${target.id} have no address family in common`);
}

/**
 * The case of two endpoints in a family, for the ports asked for; none when they have no ends in it.
 * @param everyPort all ports asked for must be open; else any one is enough
 */
export function* unitCases(
  world: World,
  from: Unit,
  to: Unit,
  family: Family,
  asked: PortSet,
  everyPort: boolean,
  notes: string[],
): Generator<CanCase> {
  const ids = { from: from.endpoint.id, to: to.endpoint.id, family };
  const single = singlePort(asked);
  const found: CanCase[] = [];
  for (const [fromEnd, toEnd] of endPairs(from, to, family, notes)) {
    if (single !== undefined) {
      const flow = { from: fromEnd, to: toEnd, family, ...single };
      const { egress: byPolicies, ingress } = world.index.verdict(flow);
      const egress = isController(from) ? routeVerdict(world, to, asked, byPolicies) : byPolicies;
      const allowed = egress.allowed && ingress.allowed;
      found.push({ ...ids, ...single, allowed, egress, ingress, flows: { egress: flow, ingress: flow } });
    } else {
      const ends = { from: fromEnd, to: toEnd, routedTo: isController(from) ? to : undefined };
      found.push({ ...ids, ...setCase(world, ends, family, asked, everyPort, notes) });
    }
  }
  // A node may use any of its addresses: what one of them may do, it may do.
  const best = found.find((one) => one.allowed) ?? found[0];
  if (best !== undefined) yield best;
}

/** The pairs of ends to judge for two units: pods that stand for all, every address of a node. */
function* endPairs(from: Unit, to: Unit, family: Family, notes: string[]): Generator<[FlowEnd, FlowEnd]> {
  const fromEnds = endsToward(from, to, family);
  let toEnds = endsToward(to, from, family);
  const [pod] = from.pods;
  if (from.endpoint.id === to.endpoint.id && pod !== undefined && (from.pods.length > 1 || pod.kind !== 'Pod')) {
    notes.push(say`judged between two pods of ${from.endpoint.id}; a pod always reaches itself (S15)`);
    const second = to.pods[1];
    if (second !== undefined) toEnds = [{ type: 'pod', pod: second }];
  }
  for (const one of fromEnds) for (const other of toEnds) yield [one, other];
}

function endsToward(unit: Unit, other: Unit, family: Family): readonly FlowEnd[] {
  if (unit.pods.length === 0) {
    return unit.ends.filter((end) => end.type !== 'host' || end.address === undefined || end.address.family === family);
  }
  // Toward a node, a workload is its pod on that node, where it has one (S16).
  const local =
    other.pods.length > 0 ? undefined : unit.pods.find((pod) => pod.node !== undefined && other.nodes.has(pod.node));
  return local === undefined ? unit.ends : [{ type: 'pod', pod: local }];
}

/** What Ingresses and routes make of a verdict on the ingress controller's own policies. */
function routeVerdict(world: World, to: Unit, asked: PortSet, byPolicies: DirectionVerdict): DirectionVerdict {
  if (!byPolicies.allowed) return byPolicies;
  const routes = routesTo(to, world.inbound(), world.state).filter(({ backends }) =>
    backends.some(({ protocol, port }) => asked.contains(protocol, port)),
  );
  return {
    ...byPolicies,
    allowed: to.routed?.containsSet(asked) === true,
    tier: 'route',
    decidedBy: null,
    routes: routeRefs(routes),
  };
}

/** The answer for a set of ports: what is open of it, with the reason of one port that stands for the answer. */
function setCase(
  world: World,
  { from, to, routedTo }: { readonly from: FlowEnd; readonly to: FlowEnd; readonly routedTo: Unit | undefined },
  family: Family,
  asked: PortSet,
  everyPort: boolean,
  notes: string[],
): Pick<CanCase, 'allowed' | 'ports' | 'egress' | 'ingress' | 'flows'> {
  const { egress: byPolicies, ingress } = world.index.ports(from, to, family);
  const egress = routedTo === undefined ? byPolicies : byPolicies.intersect(routedTo.routed ?? PortSet.EMPTY);
  const open = egress.intersect(ingress).intersect(asked);
  const allowed = !open.isEmpty() && (!everyPort || open.containsSet(asked));
  const both = egress.intersect(asked).isEmpty() || ingress.intersect(asked).isEmpty();
  if (open.isEmpty() && !both) {
    notes.push(
      say`the two directions have no port in common: egress ${egress.intersect(asked).toString()}, ingress ${ingress.intersect(asked).toString()}`,
    );
  }
  const sampleFlow = (admitted: PortSet): Flow => {
    const inside = admitted.intersect(asked);
    const wanted = allowed ? open : everyPort && !inside.containsSet(asked) ? asked.subtract(admitted) : inside;
    const sample = samplePort(wanted) ?? samplePort(asked) ?? { protocol: 'TCP', port: 1 };
    return { from, to, family, ...sample };
  };
  const flows = { egress: sampleFlow(egress), ingress: sampleFlow(ingress) };
  const judge = (direction: Direction): DirectionVerdict => {
    const byRules = world.index.verdict(flows[direction])[direction];
    const { protocol, port } = flows.egress;
    const verdict =
      direction === 'egress' && routedTo !== undefined
        ? routeVerdict(world, routedTo, protocol === 'other' ? PortSet.OTHER : PortSet.of(protocol, port), byRules)
        : byRules;
    return everyPort
      ? verdict
      : { ...verdict, nearMisses: verdict.nearMisses.filter(({ missed }) => !isPortMiss(missed)) };
  };
  return {
    allowed,
    ports: portEntries({ [family]: open }),
    egress: judge('egress'),
    ingress: judge('ingress'),
    flows,
  };
}

/** Whether what a rule misses is the port: no answer where no port was asked for. */
export function isPortMiss(missed: string): boolean {
  return missed === 'port' || missed === 'protocol' || missed === 'named-port';
}

interface SinglePort {
  readonly protocol: Protocol;
  readonly port: number;
}

function singlePort(ports: PortSet): SinglePort | undefined {
  const [entry, other] = ports.toJSON();
  const [range, second] = entry?.ranges ?? [];
  if (ports.other || entry === undefined || other !== undefined || range === undefined || second !== undefined) {
    return undefined;
  }
  return range[0] === range[1] ? { protocol: entry.protocol, port: range[0] } : undefined;
}

function samplePort(ports: PortSet): { readonly protocol: FlowProtocol; readonly port: number } | undefined {
  for (const protocol of PORT_PROTOCOLS) {
    const [range] = ports.ranges(protocol);
    if (range !== undefined) return { protocol, port: range[0] };
  }
  return ports.other ? { protocol: 'other', port: 0 } : undefined;
}

function askedPort(
  query: PortQuery | undefined,
  deciding: CanCase | undefined,
): { readonly protocol?: Protocol; readonly port?: number | string } {
  if (query === undefined) return {};
  const protocol = query.protocol === undefined ? {} : { protocol: query.protocol };
  if (deciding?.port !== undefined) return { ...protocol, port: deciding.port };
  const port = query.name ?? (query.first === undefined ? undefined : portText(query.first, query.last));
  return { ...protocol, ...(port === undefined ? {} : { port }) };
}

function portText(first: number, last: number | undefined): number | string {
  return last === undefined || last === first ? first : `${first}-${last}`;
}

/** What is open in any case, families that differ told apart. */
function mergedPorts(cases: readonly CanCase[]): readonly PortEntry[] {
  const merged: FamilyPorts = {};
  for (const one of cases) {
    merged[one.family] = (merged[one.family] ?? PortSet.EMPTY).union(PortSet.ofPorts(one.ports ?? []));
  }
  return portEntries(merged);
}

function allowedFamilies(cases: readonly CanCase[]): { readonly families?: readonly Family[] } {
  const all = new Set(cases.map((one) => one.family));
  const open = (['IPv4', 'IPv6'] as const).filter((family) =>
    cases.some((one) => one.allowed && one.family === family),
  );
  return open.length === 0 || open.length === all.size ? {} : { families: open };
}

/** Cases that differ in their ends or family only, and not in the answer or its reasons, are shown once. */
function distinct(cases: readonly CanCase[]): CanCase[] {
  const seen = new Map<string, CanCase>();
  for (const one of cases) {
    const key = JSON.stringify([one.allowed, one.ports, reasonKey(one.egress), reasonKey(one.ingress)]);
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}

function reasonKey({ allowed, tier, decidedBy, passedBy = [], isolatedBy }: DirectionVerdict): unknown[] {
  const key = ({ policy, rule, peer }: RuleRef): unknown[] => [policy.kind, policy.namespace, policy.name, rule, peer];
  return [
    allowed,
    tier,
    decidedBy === null ? null : key(decidedBy),
    passedBy.map(key),
    isolatedBy.map(({ namespace, name }) => `${namespace}/${name}`),
  ];
}

/** Policies know domain names as destinations only, and the ingress controller is known by where it connects to only. */
export function misplacedEnd(end: 'from' | 'to', { id, units }: Resolved): ResolveError | undefined {
  if (end === 'to') {
    if (!units.some(isController)) return undefined;
    return { error: say`${CONTROLLER_ID} is where connections come from, not where they go`, suggestions: [] };
  }
  if (!units.some(({ endpoint }) => endpoint.type === 'domain')) return undefined;
  return { error: say`${id} is a domain name: policies know those as destinations only`, suggestions: [] };
}

/** Whether the addresses of a domain are unknown while policies name addresses toward which pods may connect. */
function unknownDomain({ state }: World, from: Unit, to: Unit): boolean {
  return from.pods.length > 0 && !state.domains.has(domainKey(to.endpoint.id)) && namesAddresses(state);
}

function namesAddresses({ policies, clusterPolicies }: World['state']): boolean {
  const blocks = [...policies.values()].some(({ spec }) =>
    spec.egress.some(({ to }) => to.some(({ ipBlock }) => ipBlock !== undefined)),
  );
  return (
    blocks ||
    [...clusterPolicies.values()].some(({ spec }) =>
      spec.egress.some(({ peers }) => peers.some(({ type }) => type === 'networks')),
    )
  );
}
