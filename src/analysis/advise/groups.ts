import type { ClusterState, PodInfo } from '../../engine/state.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { LabelSelector } from '../../model/types.ts';
import { workloadId } from '../units.ts';
import { labelsKey, selectorsFor, usableLabels } from './selectors.ts';

/**
 * Workloads of one namespace that labels cannot tell apart: usually one. Policies treat all its pods alike.
 */
export interface LabelGroup {
  /** `shop/cart[Deployment]`; of several, joined by commas. */
  readonly id: string;
  readonly namespace: string;
  /** The first workload's name, for the name of a policy. */
  readonly name: string;
  /** Kind of the first workload. */
  readonly kind: string;
  readonly pods: readonly PodInfo[];
  /** Together they match the group's pods and no other pod of the namespace. */
  readonly selectors: readonly LabelSelector[];
}

/** The pods that policies can select, by {@link PodInfo.id}, with the group of each. */
export type LabelGroups = ReadonlyMap<string, LabelGroup>;

/** Groups the pods of a cluster. hostNetwork pods are in none: no selector matches them (S58b). */
export function labelGroups(state: ClusterState): LabelGroups {
  const byNamespace = new Map<string, PodInfo[]>();
  for (const pod of state.pods.values()) {
    if (pod.hostNetwork) continue;
    byNamespace.set(pod.namespace, [...(byNamespace.get(pod.namespace) ?? []), pod]);
  }
  const groups = new Map<string, LabelGroup>();
  for (const pods of byNamespace.values()) {
    for (const group of groupsOf(pods)) for (const pod of group.pods) groups.set(pod.id, group);
  }
  return groups;
}

interface Draft {
  readonly pods: PodInfo[];
  readonly labels: Map<string, Readonly<Record<string, string>>>;
}

/** Joins pods of one workload, and pods with equal labels; then finds selectors. */
function groupsOf(pods: readonly PodInfo[]): LabelGroup[] {
  const drafts = new Set<Draft>();
  const byWorkload = new Map<string, Draft>();
  const byLabels = new Map<string, Draft>();
  for (const pod of pods) {
    const labels = usableLabels(pod.labels);
    const key = labelsKey(labels);
    const known = [...new Set([byWorkload.get(workloadId(pod)), byLabels.get(key)])].filter(
      (draft) => draft !== undefined,
    );
    const [first, ...joined] = known;
    const target: Draft = first ?? { pods: [], labels: new Map() };
    drafts.add(target);
    target.pods.push(pod);
    target.labels.set(key, labels);
    for (const draft of joined) {
      drafts.delete(draft);
      target.pods.push(...draft.pods);
      for (const [other, value] of draft.labels) target.labels.set(other, value);
    }
    for (const member of target.pods) byWorkload.set(workloadId(member), target);
    for (const other of target.labels.keys()) byLabels.set(other, target);
  }
  return [...drafts].map((draft) => {
    const members = [...draft.pods].sort((a, b) => compareCodePoints(a.id, b.id));
    const others = [...drafts].filter((other) => other !== draft).flatMap((other) => [...other.labels.values()]);
    const workloads = [...new Set(members.map(workloadId))].sort(compareCodePoints);
    const first = members.find((pod) => workloadId(pod) === workloads[0]) as PodInfo;
    return {
      id: workloads.join(', '),
      namespace: first.namespace,
      name: first.owner?.name ?? first.name,
      kind: first.owner?.kind ?? first.kind,
      pods: members,
      selectors: selectorsFor([...draft.labels.values()], others),
    };
  });
}
