import { unknownFamilies } from '../../engine/build.ts';
import { type Flow, type FlowEnd, namespaceOf, type PodInfo } from '../../engine/state.ts';
import { say } from '../../model/say.ts';
import type { Diagnostic } from '../../model/source.ts';
import type { Service } from '../../model/types.ts';
import { type Family, formatAddress, parseAddress } from '../../net/address.ts';
import { backendsOf, servicesByAddress } from '../backends.ts';
import type { World } from '../world.ts';
import { flowWords, type ObservedFlow, portWords } from './flow.ts';
import type { LabelGroups } from './groups.ts';
import { endWords, type Need } from './needs.ts';
import { type BlockOptions, isSelf, PeerResolver, type ResolvedPeer } from './peers.ts';

/** A connection that must be allowed in the end, with the flow it stands for. */
export interface Probe {
  readonly flow: Flow;
  readonly words: string;
  readonly observed?: ObservedFlow;
}

/** What flows ask of policies. */
export interface Wanted {
  readonly needs: readonly Need[];
  readonly probes: readonly Probe[];
  /** Flows that no policy can admit, each with its place. */
  readonly problems: readonly Diagnostic[];
}

/** Pods of one workload that are judged for one flow: policies treat them alike, so a few are enough. */
const MAX_ENDS = 16;

/** What is known beside the flows. */
export interface FlowOptions extends BlockOptions {
  /** A flow to the address of one of these is to the pods behind it: policies see connections after that translation. */
  readonly services: readonly Service[];
}

/** Where a flow goes, once the address of a Service is looked through. */
interface Destination {
  readonly to: ResolvedPeer;
  readonly first: number;
  readonly last: number;
}

/** Turns observed flows into needs between groups and blocks. */
export function needsOfFlows(
  world: World,
  groups: LabelGroups,
  flows: readonly ObservedFlow[],
  options: FlowOptions,
): Wanted {
  const resolver = new PeerResolver(world, groups, options);
  const services = servicesByAddress(options.services);
  const unknown = unknownFamilies(world.state);
  const needs: Need[] = [];
  const probes: Probe[] = [];
  const problems: Diagnostic[] = [];
  const refuse = (observed: ObservedFlow, reason: string): void => {
    const message = say`no policy can admit ${flowWords(observed)}: ${reason}`;
    problems.push({ code: 'unusable-flow', severity: 'error', message, source: observed.source });
  };
  for (const observed of flows) {
    const from = resolver.resolve(observed.from);
    const destinations = destinationsOf(observed, resolver, services, world);
    if (typeof from === 'string' || typeof destinations === 'string') {
      refuse(observed, typeof from === 'string' ? from : String(destinations));
      continue;
    }
    const { protocol } = observed;
    if (protocol === 'other') {
      if (destinations.some(({ to }) => isConcerned(from, to))) {
        refuse(observed, 'rules name ports of TCP, UDP and SCTP only');
      }
      continue;
    }
    for (const { to, first, last } of destinations) {
      if (!isConcerned(from, to)) continue;
      for (const source of from.needs) {
        for (const target of to.needs) {
          const because = `${endWords(source)} to ${endWords(target)} on ${portWords(protocol, first, last)}`;
          needs.push({ from: source, to: target, protocol, first, last, because, seen: observed.count });
        }
      }
      for (const flow of probesBetween(from.ends, to.ends, unknown)) {
        for (const port of new Set([first, last])) {
          probes.push({ flow: { ...flow, protocol, port }, words: flowWords(observed), observed });
        }
      }
    }
  }
  return { needs, probes, problems };
}

/** Whether a policy may speak of the flow at all. */
function isConcerned(from: ResolvedPeer, to: ResolvedPeer): boolean {
  return [...from.needs, ...to.needs].some(({ type }) => type === 'group') && !isSelf(from, to);
}

function destinationsOf(
  observed: ObservedFlow,
  resolver: PeerResolver,
  services: ReadonlyMap<string, Service>,
  world: World,
): readonly Destination[] | string {
  const { to: peer, protocol, first, last } = observed;
  const address = parseAddress(peer.name ?? (peer.namespace === undefined ? (peer.address ?? '') : ''));
  const service = address === undefined ? undefined : services.get(formatAddress(address));
  if (service === undefined) {
    const to = resolver.resolve(peer);
    return typeof to === 'string' ? to : [{ to, first, last }];
  }
  const byPort = new Map<number, PodInfo[]>();
  for (const backend of backendsOf(service, world.state.pods.values())) {
    const { port } = backend.servicePort;
    if (backend.protocol !== protocol || port < first || port > last) continue;
    byPort.set(backend.port, [...(byPort.get(backend.port) ?? []), backend.pod]);
  }
  if (byPort.size === 0) {
    return `it is the address of Service ${namespaceOf(service)}/${service.metadata.name}, which no known pod serves on that port`;
  }
  const destinations: Destination[] = [];
  for (const [port, pods] of byPort) {
    const to = resolver.ofPods(pods);
    if (typeof to === 'string') return to;
    destinations.push({ to, first: port, last: port });
  }
  return destinations;
}

/** Every pair of ends in every family that both have. */
export function* probesBetween(
  from: readonly FlowEnd[],
  to: readonly FlowEnd[],
  unknown: readonly Family[],
): Generator<Pick<Flow, 'from' | 'to' | 'family'>> {
  for (const source of from.slice(0, MAX_ENDS)) {
    for (const target of to.slice(0, MAX_ENDS)) {
      const families = familiesOf(target, unknown);
      for (const family of familiesOf(source, unknown)) {
        if (families.includes(family)) yield { from: source, to: target, family };
      }
    }
  }
}

function familiesOf(end: FlowEnd, unknown: readonly Family[]): readonly Family[] {
  if (end.type === 'pod' && end.pod.addresses.length > 0) return end.pod.addresses.map(({ family }) => family);
  if ((end.type === 'host' || end.type === 'address') && end.address !== undefined) return [end.address.family];
  return unknown;
}
