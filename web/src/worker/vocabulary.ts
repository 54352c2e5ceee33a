import { typedName } from '../../../src/analysis/resolve.ts';
import type { World } from '../../../src/analysis/world.ts';

/** What a label selector is about. */
export type LabelScope = 'pods' | 'namespaces' | 'nodes';

/** Label keys with their values, each with how often it occurs. */
type Labels = Map<string, Map<string, number>>;

/** A container port that some pod has. */
export interface KnownPort {
  readonly number: number;
  readonly name?: string;
  readonly protocol: string;
  readonly pods: number;
}

/** The names that exist in a world, for whoever completes what is typed. */
export class Vocabulary {
  readonly namespaces: readonly string[];
  readonly endpoints: readonly string[];
  readonly ports: readonly KnownPort[];
  /** By namespace; the empty name stands for all of them. */
  readonly #pods = new Map<string, Labels>();
  readonly #namespaceLabels: Labels = new Map();
  readonly #nodeLabels: Labels = new Map();

  constructor(world: World) {
    const { namespaces, pods, nodes } = world.state;
    this.namespaces = [...namespaces.keys()].sort();
    for (const { labels } of namespaces.values()) count(this.#namespaceLabels, labels);
    for (const { labels } of nodes.values()) count(this.#nodeLabels, labels);
    const ports = new Map<string, KnownPort>();
    for (const pod of pods.values()) {
      for (const place of ['', pod.namespace]) {
        const known = this.#pods.get(place) ?? new Map();
        this.#pods.set(place, known);
        count(known, pod.labels);
      }
      for (const { name, containerPort, protocol } of pod.ports) {
        const key = `${containerPort}/${protocol}/${name ?? ''}`;
        const seen = ports.get(key)?.pods ?? 0;
        ports.set(key, { number: containerPort, protocol, pods: seen + 1, ...(name === undefined ? {} : { name }) });
      }
    }
    this.ports = [...ports.values()].sort((a, b) => b.pods - a.pods || a.number - b.number);
    this.endpoints = [...new Set(world.units('workload').flatMap((unit) => typedName(unit) ?? []))];
  }

  /** @param namespace of pods; absent: of all namespaces */
  labelKeys(scope: LabelScope, namespace?: string): readonly (readonly [key: string, uses: number])[] {
    return [...this.#labels(scope, namespace)]
      .map(([key, values]) => [key, [...values.values()].reduce((sum, uses) => sum + uses, 0)] as const)
      .sort(byUse);
  }

  labelValues(scope: LabelScope, key: string, namespace?: string): readonly (readonly [value: string, uses: number])[] {
    return [...(this.#labels(scope, namespace).get(key) ?? [])].sort(byUse);
  }

  #labels(scope: LabelScope, namespace = ''): Labels {
    if (scope === 'namespaces') return this.#namespaceLabels;
    return (scope === 'nodes' ? this.#nodeLabels : this.#pods.get(namespace)) ?? new Map();
  }
}

function byUse(a: readonly [string, number], b: readonly [string, number]): number {
  return b[1] - a[1] || (a[0] < b[0] ? -1 : 1);
}

function count(into: Labels, labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    const values = into.get(key) ?? new Map<string, number>();
    into.set(key, values);
    values.set(value, (values.get(value) ?? 0) + 1);
  }
}
