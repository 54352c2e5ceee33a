import { impliedNamespace } from '../engine/build.ts';
import { domainMatches } from '../engine/peer-match.ts';
import { domainKey, type FlowEnd, type PodInfo } from '../engine/state.ts';
import { say } from '../model/say.ts';
import { nearestNames } from '../model/suggest.ts';
import { compareCodePoints } from '../model/text.ts';
import { formatAddress, parseAddress } from '../net/address.ts';
import { AddressSet } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { CONTROLLER_ID } from './controller.ts';
import { domainUnit, externalUnit, knownAddresses, type Unit } from './units.ts';
import type { World } from './world.ts';

/** A name that stands for nothing in the world. */
export interface ResolveError {
  /** One sentence. */
  readonly error: string;
  /** Names as one would type them, nearest first. */
  readonly suggestions: readonly string[];
}

/** What a name stands for. Several units: variants of a workload, or the blocks of an address range. */
export interface Resolved {
  /** The endpoint id where there is one, else as asked. */
  readonly id: string;
  readonly units: readonly Unit[];
}

/** Kinds as kubectl abbreviates them. */
const KIND_NAMES: Readonly<Record<string, string>> = {
  po: 'Pod',
  pod: 'Pod',
  pods: 'Pod',
  deploy: 'Deployment',
  deployment: 'Deployment',
  deployments: 'Deployment',
  rs: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  replicasets: 'ReplicaSet',
  sts: 'StatefulSet',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  ds: 'DaemonSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  job: 'Job',
  jobs: 'Job',
  cj: 'CronJob',
  cronjob: 'CronJob',
  cronjobs: 'CronJob',
  rc: 'ReplicationController',
  replicationcontroller: 'ReplicationController',
  replicationcontrollers: 'ReplicationController',
};

/** The kind that a word such as `deploy` stands for. */
export function kindNamed(word: string): string | undefined {
  return Object.hasOwn(KIND_NAMES, word.toLowerCase()) ? KIND_NAMES[word.toLowerCase()] : undefined;
}

/** How a kind is written on the command line. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  Deployment: 'deploy',
  ReplicaSet: 'rs',
  StatefulSet: 'sts',
  DaemonSet: 'ds',
  Job: 'job',
  CronJob: 'cronjob',
  ReplicationController: 'rc',
};

/**
 * Finds what a name on the command line means: `ns/pod`, `pod`, `ns/kind/name`, `kind/name`, `node/name`, an endpoint id,
 * an IP address, a CIDR, `internet`, `ingress-controller`, or a domain name that policies know. The address of a known pod or node is that pod or node. A bare name that is no
 * pod's is a workload's, when only one has it.
 */
export function resolveEndpoint(world: World, text: string): Resolved | ResolveError {
  if (text === 'internet') return internet(world);
  if (text === CONTROLLER_ID) {
    const controller = controllerOf(world);
    return 'error' in controller ? controller : { id: text, units: [controller] };
  }
  if (text.includes('/') || /^[0-9a-fA-F.:]+$/.test(text)) {
    const found = resolveAddress(world, text);
    if (found !== undefined) return found;
  }
  const byId = resolveId(world, text) ?? resolveDomain(world, text);
  if (byId !== undefined) return byId;
  const name = splitName(world, text);
  if (name === undefined) return unknown(world, text);
  if (name.kind === 'Node') return resolveId(world, `node/${name.name}`) ?? unknown(world, text);
  return resolveWorkload(world, name) ?? unknown(world, text);
}

interface Name {
  readonly namespace: string;
  readonly kind?: string;
  readonly name: string;
}

function splitName(world: World, text: string): Name | undefined {
  const [first = '', second, third, extra] = text.split('/');
  if (extra !== undefined) return undefined;
  if (third !== undefined) {
    const kind = KIND_NAMES[(second ?? '').toLowerCase()];
    return kind === undefined ? undefined : { namespace: first, kind, name: third };
  }
  if (second === undefined) return { namespace: world.defaultNamespace, name: first };
  if (first === 'node' || first === 'nodes' || first === 'no') return { namespace: '', kind: 'Node', name: second };
  const kind = KIND_NAMES[first.toLowerCase()];
  // A namespace may be called "job" or "deploy": it wins when it exists and has something of that name.
  const asNamespaced: Name = { namespace: first, name: second };
  if (kind === undefined || (world.state.namespaces.has(first) && resolveWorkload(world, asNamespaced) !== undefined)) {
    return asNamespaced;
  }
  return { namespace: world.defaultNamespace, kind, name: second };
}

function resolveWorkload(world: World, { namespace, kind, name }: Name): Resolved | undefined {
  if (kind === undefined || kind === 'Pod') {
    const pod = world.state.pods.get(`${namespace}/${name}[Pod]`);
    if (pod !== undefined) return resolvePod(world, pod);
    if (kind === 'Pod') return undefined;
  }
  const units = world.units('workload').filter(({ endpoint }) => {
    if (endpoint.namespace !== namespace || endpoint.name !== name) return false;
    return kind === undefined || endpoint.workloadKind === kind;
  });
  if (units.length > 0) {
    const kinds = new Set(units.map(({ endpoint }) => endpoint.workloadKind));
    if (kinds.size > 1) return undefined;
    const [only] = units;
    return {
      id: units.length === 1 && only !== undefined ? only.endpoint.id : `${namespace}/${name}[${[...kinds][0]}]`,
      units,
    };
  }
  // A workload that is represented by what it owns or by its pods: a ReplicaSet under a known Deployment.
  if (kind === undefined) return undefined;
  const owned = [...world.state.pods.values()].filter(
    (pod) => pod.namespace === namespace && pod.hostNetwork && pod.owner?.kind === kind && pod.owner.name === name,
  );
  const hosts = owned.flatMap((pod) => resolvePod(world, pod).units);
  return hosts.length === 0 ? undefined : { id: `${namespace}/${name}[${kind}]`, units: [...new Set(hosts)] };
}

function resolvePod(world: World, pod: PodInfo): Resolved {
  if (pod.hostNetwork) {
    const id = pod.node !== undefined && world.state.nodes.has(pod.node) ? `node/${pod.node}` : pod.id;
    const units = world.units('workload').filter(({ endpoint }) => endpoint.id === id);
    return { id, units };
  }
  const unit = world.units('pod').find(({ endpoint }) => endpoint.id === pod.id);
  return { id: pod.id, units: unit === undefined ? [] : [unit] };
}

function resolveId(world: World, id: string): Resolved | undefined {
  for (const units of [world.units('workload'), world.external(), world.domains(), world.units('pod')]) {
    const unit = units.find(({ endpoint }) => endpoint.id === id);
    if (unit !== undefined) return { id, units: [unit] };
  }
  const variants = world
    .units('workload')
    .filter(({ endpoint }) => /^[{#]/.test(endpoint.id.slice(id.length)) && endpoint.id.startsWith(id));
  return variants.length === 0 || !id.endsWith(']') ? undefined : { id, units: variants };
}

function resolveAddress(world: World, text: string): Resolved | ResolveError | undefined {
  const address = parseAddress(text);
  if (address !== undefined) {
    const shown = formatAddress(address);
    for (const pod of world.state.pods.values()) {
      const matches = pod.addresses.some((own) => own.family === address.family && own.value === address.value);
      if (matches && !pod.hostNetwork) {
        const { id, units } = resolvePod(world, pod);
        return { id, units: units.map((unit) => ({ ...unit, families: [address.family] })) };
      }
    }
    for (const unit of world.units('workload')) {
      if (unit.pods.length === 0 && unit.endpoint.addresses?.includes(shown) === true) {
        const ends = unit.ends.filter((end) => end.type === 'host' && end.address?.value === address.value);
        return { id: unit.endpoint.id, units: [{ ...unit, ends, families: [address.family] }] };
      }
    }
    const unit = externalUnit(AddressSet.ofAddress(address), { IPv4: [], IPv6: [] }, shown);
    return unit === undefined ? undefined : { id: shown, units: [unit] };
  }
  const cidr = parseCidr(text)?.cidr;
  if (cidr === undefined) return undefined;
  const set = AddressSet.ofCidr(cidr);
  const units = outside(world, set);
  if (units.length > 0) return { id: text, units };
  return {
    error: say`every address of ${text} belongs to a known pod or node: name that instead`,
    suggestions: [],
  };
}

/** A domain name that some policy's name stands for, or whose addresses are known. */
function resolveDomain(world: World, text: string): Resolved | undefined {
  if (!looksLikeDomain(text)) return undefined;
  const name = domainKey(text);
  const known =
    world.state.domains.has(name) || world.domains().some(({ endpoint }) => domainMatches(endpoint.id, name));
  return known ? { id: name, units: [domainUnit(world.state, name, world.families())] } : undefined;
}

function looksLikeDomain(text: string): boolean {
  return text.includes('.') && !text.includes('/') && /[a-z]/i.test(text);
}

function internet(world: World): Resolved {
  return { id: 'internet', units: world.external() };
}

/** The part of a range that lies outside the cluster, cut as policies cut it. */
function outside(world: World, set: AddressSet): Unit[] {
  const known = knownAddresses(world.state);
  const family = set.ranges[0]?.family;
  const blocks = world.external().filter((unit) => unit.families[0] === family);
  const units: Unit[] = [];
  let rest = set;
  for (const block of blocks) {
    const part = blockSet(block).intersect(set);
    if (part.isEmpty()) continue;
    rest = rest.subtract(part);
    const unit = externalUnit(part, known);
    if (unit !== undefined) units.push(unit);
  }
  const left = rest.isEmpty() ? undefined : externalUnit(rest, known);
  return left === undefined ? units : [...units, left];
}

/** The addresses of an outside block. */
export function blockSet(unit: Pick<Unit, 'endpoint'>): AddressSet {
  return AddressSet.ofRanges(
    (unit.endpoint.ranges ?? []).flatMap(([first, last]) => {
      const from = parseAddress(first);
      const to = parseAddress(last);
      return from === undefined || to === undefined ? [] : [{ family: from.family, first: from.value, last: to.value }];
    }),
  );
}

function unknown(world: World, text: string): ResolveError {
  const [first = '', second, third] = text.split('/');
  const { namespaces, pods } = world.state;
  if (first === 'svc' || second === 'svc' || first === 'service' || second === 'service') {
    return {
      error: say`"${text}" is a Service: policies speak of the pods behind it, name one of those`,
      suggestions: [],
    };
  }
  const names = new Map<string, string>();
  for (const unit of world.units('workload')) {
    const typed = typedName(unit);
    if (typed !== undefined) names.set(typed, typed);
  }
  for (const pod of pods.values())
    if (pod.kind === 'Pod') names.set(`${pod.namespace}/${pod.name}`, `${pod.namespace}/${pod.name}`);
  const all = [...names.keys()].sort(compareCodePoints);
  const qualified = second === undefined ? `${world.defaultNamespace}/${first}` : text;
  const wanted = [third ?? second ?? first];
  const sameName = all.filter((name) => wanted.includes(name.split('/').at(-1) ?? ''));
  const suggestions = [...new Set([...sameName, ...nearestNames(qualified, all)])].slice(0, 3);
  if (
    second !== undefined &&
    third === undefined &&
    !namespaces.has(first) &&
    KIND_NAMES[first] === undefined &&
    first !== 'node'
  ) {
    return { error: say`no namespace "${first}" in the input`, suggestions };
  }
  const sameNamed = world
    .units('workload')
    .filter(
      ({ endpoint }) =>
        endpoint.name === (second ?? first) &&
        endpoint.namespace === (second === undefined ? world.defaultNamespace : first),
    );
  if (sameNamed.length > 1)
    return {
      error: say`"${text}" is the name of several workloads: say which kind`,
      suggestions: sameNamed.flatMap((unit) => typedName(unit) ?? []),
    };
  if (looksLikeDomain(text)) {
    return { error: say`no policy names the domain "${text}", and --resolve gives no address of it`, suggestions };
  }
  return { error: say`no pod, workload or node "${text}" in the input`, suggestions };
}

/** How a user would type the name of an endpoint; undefined for outside blocks. */
export function typedName({ endpoint }: Unit): string | undefined {
  if (endpoint.type === 'node') return endpoint.id;
  if (endpoint.namespace === undefined || endpoint.name === undefined) return undefined;
  const short = SHORT_NAMES[endpoint.workloadKind ?? ''];
  return short === undefined
    ? `${endpoint.namespace}/${endpoint.name}`
    : `${endpoint.namespace}/${short}/${endpoint.name}`;
}

const CONTROLLERS = new WeakMap<World, Unit | ResolveError>();

/** The ingress controller, whether anything leads it anywhere or not; an error when its name means nothing. */
export function controllerOf(world: World): Unit | ResolveError {
  let controller = CONTROLLERS.get(world);
  if (controller === undefined) {
    controller = controllerUnit(world, world.controllerName);
    CONTROLLERS.set(world, controller);
  }
  return controller;
}

/** The ingress controller where listings should show it: an Ingress or route leads it to a pod. */
export function listedController(world: World): readonly Unit[] {
  if (!world.inbound().some(({ via, backends }) => via === 'ingress-controller' && backends.length > 0)) return [];
  const controller = controllerOf(world);
  return 'error' in controller ? [] : [controller];
}

/** @param name what is known of it; nothing when absent */
function controllerUnit(world: World, name: string | undefined): Unit | ResolveError {
  if (name === undefined) return unseenController(world, undefined, { type: 'unseen' });
  const slash = name.indexOf('/');
  const namespaceName = slash < 0 ? name : name.slice(0, slash);
  const rest = slash < 0 ? '' : name.slice(slash + 1);
  const namespace = world.state.namespaces.get(namespaceName) ?? impliedNamespace(namespaceName);
  if (namespaceName === '' || (slash >= 0 && rest === '')) return unreadable(name);
  if (rest === '') return unseenController(world, name, { type: 'unseen', namespace });
  if (rest.includes('=')) {
    const pairs = rest.split(',').map((pair) => pair.split('='));
    if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) return unreadable(name);
    return unseenController(world, name, { type: 'unseen', namespace, labels: Object.fromEntries(pairs) });
  }
  const resolved = resolveEndpoint(world, name);
  if ('error' in resolved) return resolved;
  return knownController(name, resolved.units);
}

function unreadable(name: string): ResolveError {
  return {
    error: say`"${name}" is not an ingress controller: write NAMESPACE, NAMESPACE/NAME, or NAMESPACE/LABEL=VALUE,…`,
    suggestions: [],
  };
}

function unseenController(world: World, name: string | undefined, end: FlowEnd): Unit {
  return {
    endpoint: controllerEndpoint(name),
    ends: [end],
    families: world.families(),
    nodes: new Set(),
    pods: [],
  };
}

/** Pods of the input, or the nodes that hostNetwork pods are. */
function knownController(name: string, units: readonly Unit[]): Unit | ResolveError {
  const [first] = units;
  if (first === undefined || units.some(({ endpoint: { type } }) => type === 'external' || type === 'domain')) {
    return { error: say`"${name}" is no workload of the cluster`, suggestions: [] };
  }
  if (units.length > 1 && units.some(({ pods }) => pods.length > 0)) {
    return {
      error: say`policies tell pods of "${name}" apart: name one pod`,
      suggestions: units.flatMap(({ pods: [pod] }) => (pod === undefined ? [] : [`${pod.namespace}/${pod.name}`])),
    };
  }
  return {
    endpoint: controllerEndpoint(name),
    ends: units.flatMap(({ ends }) => ends),
    families: first.families,
    nodes: new Set(units.flatMap(({ nodes }) => [...nodes])),
    pods: first.pods,
  };
}

function controllerEndpoint(name: string | undefined): Unit['endpoint'] {
  return {
    id: CONTROLLER_ID,
    type: 'ingress-controller',
    name: CONTROLLER_ID,
    ...(name === undefined ? {} : { controller: name }),
  };
}
