import { LabelPostings, type Labels, SelectorTable } from '../../engine/compiled/selectors.ts';
import type { ClusterState, NamespaceInfo, PodInfo } from '../../engine/state.ts';
import { matchesSelector, selectorKey } from '../../model/selector.ts';
import type { LabelSelector } from '../../model/types.ts';
import { AddressSet } from '../../net/address-set.ts';

/** Pods of one namespace with the same labels. */
interface PodSet {
  readonly namespace: string;
  readonly labels: Labels;
  readonly pods: PodInfo[];
}

/** Finds the pods that selectors match, also those of policies that the index has no program for. */
export class PodCatalog {
  /** Pods as policies see them: those on the host network are left out (S58b). */
  readonly pods: readonly PodInfo[];
  readonly hostPods: readonly PodInfo[];
  readonly #state: ClusterState;
  readonly #sets = new Map<string, PodSet[]>();
  readonly #all: readonly PodSet[];
  readonly #postings = new LabelPostings<PodSet>();
  readonly #selectors = new SelectorTable();
  readonly #matching = new Map<string, readonly PodInfo[]>();
  #kept = 0;
  #addresses: AddressSet | undefined;
  readonly #namespaces = new Map<string, readonly NamespaceInfo[]>();

  constructor(state: ClusterState) {
    this.#state = state;
    const pods = [...state.pods.values()];
    this.pods = pods.filter(({ hostNetwork }) => !hostNetwork);
    this.hostPods = pods.filter(({ hostNetwork }) => hostNetwork);
    const byKey = new Map<string, PodSet>();
    for (const pod of this.pods) {
      const key = JSON.stringify([pod.namespace, ...Object.entries(pod.labels).flat()]);
      let set = byKey.get(key);
      if (set === undefined) {
        set = { namespace: pod.namespace, labels: pod.labels, pods: [] };
        byKey.set(key, set);
        this.#postings.add(set, set.labels);
        const local = this.#sets.get(pod.namespace);
        if (local === undefined) this.#sets.set(pod.namespace, [set]);
        else local.push(set);
      }
      set.pods.push(pod);
    }
    this.#all = [...byKey.values()];
  }

  /** The pods of a namespace. */
  inNamespace(namespace: string): readonly PodInfo[] {
    return (this.#sets.get(namespace) ?? []).flatMap(({ pods }) => pods);
  }

  /**
   * The pods that a selector matches.
   * @param scope a namespace's name, or a selector of namespaces
   */
  matching(selector: LabelSelector, scope: string | LabelSelector): readonly PodInfo[] {
    const scopeKey = typeof scope === 'string' ? `=${scope}` : `~${selectorKey(scope)}`;
    const key = `${scopeKey}\0${selectorKey(selector)}`;
    let found = this.#matching.get(key);
    if (found === undefined) {
      found = [...this.#setsMatching(selector, scope)].flatMap(({ pods }) => pods);
      this.#kept += found.length;
      if (this.#kept > PODS_KEPT) {
        this.#matching.clear();
        this.#kept = found.length;
      }
      this.#matching.set(key, found);
    }
    return found;
  }

  *#setsMatching(selector: LabelSelector, scope: string | LabelSelector): Iterable<PodSet> {
    const names = typeof scope === 'string' ? undefined : new Set(this.namespaces(scope).map(({ name }) => name));
    const inScope = ({ namespace }: PodSet): boolean =>
      names === undefined ? namespace === scope : names.has(namespace);
    const { entry } = this.#selectors.acquire(selector);
    const local = typeof scope === 'string' ? (this.#sets.get(scope) ?? []) : this.#all;
    const posted = this.#postings.candidates(entry);
    const seen = new Set<PodSet>();
    for (const sets of posted ?? [local]) {
      for (const set of sets) {
        if (seen.has(set) || !inScope(set) || !matchesSelector(selector, set.labels)) continue;
        seen.add(set);
        yield set;
      }
    }
  }

  /** The pods of known address in a set of addresses. */
  inside(addresses: AddressSet): readonly PodInfo[] {
    this.#addresses ??= AddressSet.unionOf(this.pods.flatMap((pod) => pod.addresses.map(AddressSet.ofAddress)));
    if (!addresses.intersects(this.#addresses)) return [];
    return this.pods.filter((pod) => pod.addresses.some((address) => addresses.contains(address)));
  }

  /** The namespaces that a selector matches. */
  namespaces(selector: LabelSelector): readonly NamespaceInfo[] {
    const key = selectorKey(selector);
    let found = this.#namespaces.get(key);
    if (found === undefined) {
      found = [...this.#state.namespaces.values()].filter(({ labels }) => matchesSelector(selector, labels));
      this.#namespaces.set(key, found);
    }
    return found;
  }
}

/** Pods in all remembered answers together. */
const PODS_KEPT = 4_000_000;
