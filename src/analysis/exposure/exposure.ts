import { NAMESPACE_NAME_LABEL } from '../../engine/namespace.ts';
import { policyRef } from '../../engine/outcome.ts';
import { selectsPod } from '../../engine/peer-match.ts';
import type { PodInfo } from '../../engine/state.ts';
import type { Direction, PolicyRef } from '../../engine/verdict.ts';
import { matchesSelector } from '../../model/selector.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { LabelSelector } from '../../model/types.ts';
import type { Family } from '../../net/address.ts';
import { PortSet } from '../../net/port-set.ts';
import { ClassTable, rowKey, type UnitClass } from '../classes.ts';
import { type FamilyPorts, type PortEntry, portEntries } from '../ports.ts';
import { listedController } from '../resolve.ts';
import { type Endpoint, type Granularity, type Unit, workloadId } from '../units.ts';
import type { World } from '../world.ts';
import { Entrances, type ExposedBy } from './exposed-by.ts';
import { type DomainExposure, type OutsideExposure, type OutsideUnit, outsideExposure } from './outside.ts';
import { conditionKey, type Entry, type PodBox } from './region.ts';
import { podEntries } from './rules.ts';

/** Pods by label, whether they exist or not. */
export interface PeerCondition {
  /** Empty selectors select everything. */
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
  /** Only on the ports that the destination has under each of these names (`TCP/http`); absent: on all. */
  readonly named?: readonly string[];
}

/** Pods that a workload's policies admit, and on what ports. */
export interface PodExposure extends PeerCondition {
  /** How wide it is: every pod, those of one namespace, those of namespaces by label, or those with labels. */
  readonly scope: 'cluster' | 'namespace' | 'namespaces' | 'pods';
  /** The only namespace that it can be about. */
  readonly namespace?: string;
  /** Pods that are left out; one with `named` is left out on the ports of those names only. */
  readonly except: readonly PeerCondition[];
  /** Beyond what a wider entry has: a pod is admitted on the ports of all entries that it matches. */
  readonly ports: readonly PortEntry[];
  /** The pods it is about today; hostNetwork pods are never among them (S58b). */
  readonly now: {
    readonly workloads: number;
    readonly pods: number;
    /** The first ten ids: an entry may be about every pod there is. */
    readonly endpoints: readonly string[];
  };
}

/** What may reach a workload (`ingress`), or what it may reach (`egress`), as far as its own policies go. */
export interface DirectionExposure {
  /** False when no policy takes anything away in this direction. */
  readonly protected: boolean;
  /** Why policies do not apply, where they do not. */
  readonly reason?: 'host-network';
  readonly isolatedBy: readonly PolicyRef[];
  /** Cluster-wide policies that have rules for it. */
  readonly clusterPolicies: readonly PolicyRef[];
  /** Wider entries first. */
  readonly pods: readonly PodExposure[];
  readonly outside: readonly OutsideExposure[];
  readonly domains: readonly DomainExposure[];
}

/** One workload, or pod. */
export interface WorkloadExposure {
  readonly endpoint: Endpoint;
  readonly ingress: DirectionExposure;
  readonly egress: DirectionExposure;
  /** What leads to it from outside; empty for hostNetwork pods. */
  readonly exposedBy: readonly ExposedBy[];
}

export interface ExposureOptions {
  readonly by?: Granularity;
  readonly namespaces?: readonly string[];
  readonly selector?: LabelSelector;
}

/**
 * For every workload what its policies admit in each direction, pods that do not exist yet included. The policies of the
 * other end are not looked at: they can only take away.
 */
export function computeExposure(world: World, options: ExposureOptions = {}): WorkloadExposure[] {
  const { by = 'workload', namespaces, selector } = options;
  const shown = ({ endpoint }: { readonly endpoint: Endpoint }): boolean =>
    (namespaces === undefined || namespaces.includes(endpoint.namespace ?? '')) &&
    (selector === undefined || matchesSelector(selector, endpoint.labels ?? {}));
  const units = world.units(by).filter((unit) => unit.pods.length > 0 && shown(unit));
  const computer = new Computer(world, units);
  const workloads = units.map((unit) => computer.exposure(unit));
  const hosts = hostNetworkEndpoints(world, by)
    .filter((endpoint) => shown({ endpoint }))
    .map((endpoint) => ({
      endpoint,
      ingress: computer.unrestricted,
      egress: computer.unrestricted,
      exposedBy: [],
    }));
  return [...workloads, ...hosts].sort((a, b) => compareCodePoints(a.endpoint.id, b.endpoint.id));
}

/** {@link DirectionExposure.protected} of a workload in each direction. */
export interface ProtectedDirections {
  readonly ingress: boolean;
  readonly egress: boolean;
}

/** What {@link computeExposure} says of `protected`, by endpoint id, without the rest of it; hostNetwork pods are left out. */
export function computeProtection(world: World): ReadonlyMap<string, ProtectedDirections> {
  const units = world.units('workload').filter(({ pods }) => pods.length > 0);
  // One for all to which the same rules of cluster-wide policies apply; where none do, there is nothing to compute.
  const alike = new Map<string, Unit>();
  const keyOf = ({ pods: [pod], endpoint: { isolated }, families }: Unit, direction: Direction): string | undefined => {
    if (pod === undefined || isolated?.[direction] === true) return undefined;
    const { tiers } = world.index.policiesOf(pod, direction);
    if (tiers === null) return undefined;
    const [family = 'IPv4'] = families;
    const named = tiers.hasNamed ? world.index.peerView({ type: 'pod', pod }, family).named?.id : '';
    return `${direction} ${tiers.id} ${named} ${families.join('+')}`;
  };
  for (const unit of units) {
    for (const direction of DIRECTIONS) {
      const key = keyOf(unit, direction);
      if (key !== undefined && !alike.has(key)) alike.set(key, unit);
    }
  }
  const computer = alike.size === 0 ? undefined : new Computer(world, [...new Set(alike.values())]);
  const isProtected = (unit: Unit, direction: Direction): boolean => {
    const key = keyOf(unit, direction);
    const like = key === undefined ? undefined : alike.get(key);
    if (like === undefined) return unit.endpoint.isolated?.[direction] === true;
    return computer?.direction(like, direction).protected === true;
  };
  return new Map(
    units.map((unit) => [
      unit.endpoint.id,
      { ingress: isProtected(unit, 'ingress'), egress: isProtected(unit, 'egress') },
    ]),
  );
}

const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
const EVERY_PORT = PortSet.ALL.subtract(PortSet.OTHER);

class Computer {
  readonly #world: World;
  readonly #units: readonly Unit[];
  readonly #table: ClassTable;
  readonly #outside: { readonly blocks: readonly OutsideUnit[]; readonly domains: readonly OutsideUnit[] };
  readonly #classOf = new Map<Unit, UnitClass>();
  readonly #entrances: Entrances;
  readonly #done = new Map<string, DirectionExposure>();
  readonly #now = new Map<string, PodExposure['now']>();

  constructor(world: World, subjects: readonly Unit[]) {
    this.#world = world;
    this.#units = world.units('workload').filter(({ pods }) => pods.length > 0);
    const blocks = world.external();
    const domains = world.domains();
    const routes = world.inbound();
    // Ends that only what comes in by a route has need of.
    const further = routes.length === 0 ? [] : [...listedController(world), ...world.units('workload')];
    const all = [...new Set([...subjects, ...blocks, ...domains, ...further])];
    this.#table = new ClassTable(world.index, all);
    for (const [at, unit] of all.entries()) this.#classOf.set(unit, this.#table.classOf[at] as UnitClass);
    this.#entrances = new Entrances(world, this.#table);
    const placed = (unit: Unit): OutsideUnit => ({ unit, ofClass: this.#classOf.get(unit) as UnitClass });
    this.#outside = { blocks: blocks.map(placed), domains: domains.map(placed) };
  }

  exposure(unit: Unit): WorkloadExposure {
    return {
      endpoint: unit.endpoint,
      ingress: this.direction(unit, 'ingress'),
      egress: this.direction(unit, 'egress'),
      exposedBy: this.#entrances.to(unit, this.#classOf.get(unit) as UnitClass),
    };
  }

  /** What policies leave to a pod that they do not apply to. */
  get unrestricted(): DirectionExposure {
    const ports = EVERY_PORT.toJSON();
    return {
      protected: false,
      reason: 'host-network',
      isolatedBy: [],
      clusterPolicies: [],
      pods: [{ scope: 'cluster', namespaceSelector: {}, podSelector: {}, except: [], ports, now: this.#everyPod() }],
      outside: [{ scope: 'all', ports }],
      domains: [],
    };
  }

  direction(unit: Unit, direction: Direction): DirectionExposure {
    const subject = this.#classOf.get(unit) as UnitClass;
    const key = `${rowKey(subject, direction)} ${subject.families.join('+')}`;
    let exposure = this.#done.get(key);
    if (exposure === undefined) {
      exposure = this.#compute(unit.pods[0] as PodInfo, subject, direction);
      this.#done.set(key, exposure);
    }
    return exposure;
  }

  #compute(pod: PodInfo, subject: UnitClass, direction: Direction): DirectionExposure {
    const isolatedBy = (subject[direction].program?.policies ?? []).map(({ policy }) => policyRef(policy));
    const pods = this.#pods(pod, subject.families, direction);
    const { outside, domains } = outsideExposure(this.#table, subject, direction, this.#outside);
    const open = isolatedBy.length === 0 && isEverything(pods, outside, this.#outside.blocks.length > 0);
    return {
      protected: !open,
      isolatedBy,
      clusterPolicies: this.#clusterPolicies(pod, direction),
      pods,
      outside,
      domains,
    };
  }

  #clusterPolicies(pod: PodInfo, direction: Direction): PolicyRef[] {
    return [...this.#world.state.clusterPolicies.values()]
      .filter(({ spec }) => spec[direction].length > 0 && selectsPod(this.#world.state, spec.subject, pod))
      .map(policyRef)
      .sort((a, b) => compareCodePoints(a.name, b.name) || compareCodePoints(a.kind, b.kind));
  }

  /** The entries of all families, those that differ between families told apart by their ports. */
  #pods(pod: PodInfo, families: readonly Family[], direction: Direction): PodExposure[] {
    const joined = new Map<string, { readonly entry: Entry; readonly ports: FamilyPorts }>();
    for (const family of families) {
      for (const entry of podEntries(this.#world, pod, direction, family)) {
        const key = conditionKey(entry);
        const known = joined.get(key) ?? {
          entry,
          ports: Object.fromEntries(families.map((one) => [one, PortSet.EMPTY])),
        };
        known.ports[family] = entry.ports.subtract(PortSet.OTHER);
        joined.set(key, known);
      }
    }
    return [...joined.values()].flatMap(({ entry, ports }) => {
      const entries = portEntries(ports);
      return entries.length === 0 ? [] : [this.#podExposure(entry, entries)];
    });
  }

  #podExposure(entry: Entry, ports: readonly PortEntry[]): PodExposure {
    const { box, names, except } = entry;
    const namespace = box.namespaces.only(NAMESPACE_NAME_LABEL);
    return {
      scope: scopeOf(box),
      ...(namespace === undefined ? {} : { namespace }),
      ...condition({ box, names }),
      except: except.map(condition),
      ports,
      now: this.#existing(entry),
    };
  }

  #existing(entry: Entry): PodExposure['now'] {
    if (scopeOf(entry.box) === 'cluster' && entry.except.length === 0 && entry.names.length === 0)
      return this.#everyPod();
    const key = conditionKey(entry);
    let now = this.#now.get(key);
    if (now === undefined) {
      const units = this.#units.filter(({ pods: [pod] }) => pod !== undefined && this.#matches(entry, pod));
      now = summary(units);
      this.#now.set(key, now);
    }
    return now;
  }

  #everyPod(): PodExposure['now'] {
    return summary(this.#units);
  }

  #matches({ box, names, except }: Entry, pod: PodInfo): boolean {
    const namespaceLabels = this.#world.state.namespaces.get(pod.namespace)?.labels ?? {};
    const inside = ({ namespaces, pods }: PodBox): boolean =>
      namespaces.matches(namespaceLabels) && pods.matches(pod.labels);
    const has = (name: string): boolean =>
      pod.ports.some((port) => port.name !== undefined && `${port.protocol}/${port.name}` === name);
    return inside(box) && names.every(has) && !except.some((one) => one.names.length === 0 && inside(one.box));
  }
}

function condition({ box, names }: { readonly box: PodBox; readonly names: readonly string[] }): PeerCondition {
  return {
    namespaceSelector: box.namespaces.toSelector(),
    podSelector: box.pods.toSelector(),
    ...(names.length === 0 ? {} : { named: names }),
  };
}

function scopeOf({ namespaces, pods }: PodBox): PodExposure['scope'] {
  if (!pods.isAll()) return 'pods';
  if (namespaces.isAll()) return 'cluster';
  return namespaces.size === 1 && namespaces.only(NAMESPACE_NAME_LABEL) !== undefined ? 'namespace' : 'namespaces';
}

const LISTED = 10;

function summary(units: readonly Unit[]): PodExposure['now'] {
  return {
    workloads: units.length,
    pods: units.reduce((sum, { pods }) => sum + pods.length, 0),
    endpoints: units.slice(0, LISTED).map(({ endpoint }) => endpoint.id),
  };
}

function isEverything(pods: readonly PodExposure[], outside: readonly OutsideExposure[], hasOutside: boolean): boolean {
  const whole = (ports: readonly PortEntry[]): boolean =>
    ports.every(({ families }) => families === undefined) && PortSet.ofPorts(ports).containsSet(EVERY_PORT);
  return (
    pods.some(
      ({ scope, except, named, ports }) =>
        scope === 'cluster' && except.length === 0 && named === undefined && whole(ports),
    ) &&
    (!hasOutside || outside.some(({ scope, ports }) => scope === 'all' && whole(ports)))
  );
}

/** hostNetwork pods as endpoints of their own, which policies do not apply to (S58b). */
function hostNetworkEndpoints(world: World, by: Granularity): Endpoint[] {
  const found = new Map<string, PodInfo[]>();
  for (const pod of world.state.pods.values()) {
    if (!pod.hostNetwork) continue;
    const id = by === 'pod' ? pod.id : workloadId(pod);
    const known = found.get(id);
    if (known === undefined) found.set(id, [pod]);
    else known.push(pod);
  }
  return [...found].map(([id, pods]) => {
    const [pod] = pods as [PodInfo];
    const single = id === pod.id;
    return {
      id,
      type: 'host',
      namespace: pod.namespace,
      name: single ? pod.name : (pod.owner?.name ?? pod.name),
      workloadKind: single ? pod.kind : (pod.owner?.kind ?? pod.kind),
      labels: pod.labels,
    };
  });
}
