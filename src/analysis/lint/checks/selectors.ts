import { blockAddresses } from '../../../engine/peer-match.ts';
import type { PodInfo } from '../../../engine/state.ts';
import { say } from '../../../model/say.ts';
import { matchesSelector, selectorIsEmpty, selectorKey } from '../../../model/selector.ts';
import type { FieldPath } from '../../../model/source.ts';
import { nearestNames } from '../../../model/suggest.ts';
import type {
  ClusterNetworkPolicy,
  ClusterPodSelector,
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
} from '../../../model/types.ts';
import type { LintContext } from '../context.ts';
import { type PolicyRule, rulesOf } from '../policy-rule.ts';
import { podNames, selectorText } from '../words.ts';

/** What selectors find: `policy-selects-no-pod`, `peer-selects-nothing`, `label-typo`. */
export function checkSelectors(context: LintContext): void {
  const labels = new LabelUse(context);
  for (const policy of context.judged.networkPolicies) {
    checkSubject(context, labels, policy);
    for (const rule of rulesOf(policy)) {
      for (const [index, peer] of rule.peers.entries()) checkPeer(context, labels, rule, index, peer);
    }
  }
  for (const policy of context.judged.clusterPolicies) checkClusterPolicy(context, labels, policy);
}

function checkSubject(context: LintContext, labels: LabelUse, policy: NetworkPolicy): void {
  const { catalog } = context;
  const { podSelector } = policy.spec;
  const namespace = policy.metadata.namespace ?? 'default';
  if (catalog.matching(podSelector, namespace).length > 0) return;
  const path = ['spec', 'podSelector'];
  const typo = labels.explain(
    'pods',
    podSelector,
    catalog.inNamespace(namespace).map((pod) => pod.labels),
  );
  const host = catalog.hostPods.filter(
    (pod) => pod.namespace === namespace && matchesSelector(podSelector, pod.labels),
  );
  context.remark({
    rule: 'policy-selects-no-pod',
    object: policy,
    path,
    message: `${
      selectorIsEmpty(podSelector)
        ? say`no pod of namespace ${namespace} in this input is there to select`
        : say`no pod of namespace ${namespace} in this input has ${selectorText(podSelector, '')}`
    }${
      host.length === 0
        ? ''
        : host.length === 1
          ? say`; ${podNames(host)} is on the host network, which policies do not select`
          : say`; ${podNames(host)} are on the host network, which policies do not select`
    }`,
    help: elsewhere(catalog.matching(podSelector, {})) ?? say`the policy has no effect until such a pod is there`,
  });
  if (typo !== undefined)
    context.remark({ rule: 'label-typo', object: policy, path: [...path, ...typo.path], ...typo.text });
}

function elsewhere(pods: readonly PodInfo[]): string | undefined {
  return pods.length === 0
    ? undefined
    : say`a policy selects pods of its own namespace only; elsewhere there is ${podNames(pods)}`;
}

function checkPeer(
  context: LintContext,
  labels: LabelUse,
  rule: PolicyRule,
  index: number,
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
): void {
  const path = [...rule.path, rule.peersField, index];
  const { policy } = rule;
  if (ipBlock !== undefined) {
    const family = blockAddresses(ipBlock).ranges[0]?.family;
    if (family !== undefined && !context.families.includes(family)) {
      const message = say`no pod of this input has an ${family} address: the block matches nothing`;
      context.remark({
        rule: 'peer-selects-nothing',
        object: policy,
        path: [...path, 'ipBlock'],
        severity: 'info',
        message,
      });
    }
    return;
  }
  const scope = namespaceSelector ?? policy.metadata.namespace ?? 'default';
  checkPods(context, labels, policy, path, podSelector ?? {}, scope, podSelector !== undefined);
}

/** @param hasPodSelector whether there is a podSelector to point at */
function checkPods(
  context: LintContext,
  labels: LabelUse,
  policy: NetworkPolicy | ClusterNetworkPolicy,
  path: FieldPath,
  podSelector: LabelSelector,
  scope: string | LabelSelector,
  hasPodSelector: boolean,
): void {
  const { catalog, state } = context;
  if (catalog.matching(podSelector, scope).length > 0 || context.selectsController(podSelector, scope)) return;
  const namespaces = typeof scope === 'string' ? [scope] : catalog.namespaces(scope).map(({ name }) => name);
  if (typeof scope !== 'string' && namespaces.length === 0) {
    context.remark({
      rule: 'peer-selects-nothing',
      object: policy,
      path: [...path, 'namespaceSelector'],
      severity: 'info',
      message: say`no namespace of this input has ${selectorText(scope, '')}: the peer matches nothing`,
    });
    const known = [...state.namespaces.values()].map((namespace) => namespace.labels);
    const typo = labels.explain('namespaces', scope, known);
    if (typo !== undefined) {
      context.remark({
        rule: 'label-typo',
        object: policy,
        path: [...path, 'namespaceSelector', ...typo.path],
        ...typo.text,
      });
    }
    return;
  }
  const where =
    typeof scope === 'string'
      ? say`of namespace ${scope}`
      : say`of namespaces ${selectorText(scope, say`of any name`)}`;
  const found = catalog.matching(podSelector, {});
  context.remark({
    rule: 'peer-selects-nothing',
    object: policy,
    path: hasPodSelector ? [...path, 'podSelector'] : path,
    message: selectorIsEmpty(podSelector)
      ? say`there is no pod ${where} in this input: the peer matches nothing`
      : say`no pod ${where} in this input has ${selectorText(podSelector, '')}: the peer matches nothing`,
    ...(found.length === 0
      ? {}
      : {
          help:
            found.length === 1
              ? say`${podNames(found)} has these labels, in another namespace`
              : say`${podNames(found)} have these labels, in another namespace`,
        }),
  });
  const near = namespaces.flatMap((name) => catalog.inNamespace(name).map((pod) => pod.labels));
  const typo = labels.explain('pods', podSelector, near);
  if (typo !== undefined) {
    context.remark({ rule: 'label-typo', object: policy, path: [...path, 'podSelector', ...typo.path], ...typo.text });
  }
}

function checkClusterPolicy(context: LintContext, labels: LabelUse, policy: ClusterNetworkPolicy): void {
  const { subject } = policy.spec;
  const selected = context.catalog.matching(subject.podSelector, subject.namespaceSelector);
  if (selected.length === 0) {
    context.remark({
      rule: 'policy-selects-no-pod',
      object: policy,
      path: ['spec', 'subject'],
      message: say`no pod of this input is ${clusterSelectorText(subject)}`,
      help: say`the policy has no effect until such a pod is there`,
    });
  }
  for (const [direction, field] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [rule, { peers }] of policy.spec[direction].entries()) {
      for (const [index, peer] of peers.entries()) {
        if (peer.type !== 'pods') continue;
        const path = ['spec', direction, rule, field, index];
        const { podSelector, namespaceSelector } = peer.pods;
        if (context.catalog.matching(podSelector, namespaceSelector).length > 0) continue;
        if (context.selectsController(podSelector, namespaceSelector)) continue;
        context.remark({
          rule: 'peer-selects-nothing',
          object: policy,
          path,
          message: say`no pod of this input is ${clusterSelectorText(peer.pods)}: the peer matches nothing`,
        });
        const typo = labels.explain(
          'pods',
          podSelector,
          context.catalog.pods.map((pod) => pod.labels),
        );
        if (typo !== undefined) context.remark({ rule: 'label-typo', object: policy, path, ...typo.text });
      }
    }
  }
}

function clusterSelectorText({ podSelector, namespaceSelector }: ClusterPodSelector): string {
  const namespaces = selectorIsEmpty(namespaceSelector)
    ? say`in any namespace`
    : say`in a namespace with ${selectorText(namespaceSelector, '')}`;
  return selectorIsEmpty(podSelector) ? namespaces : say`one with ${selectorText(podSelector, '')} ${namespaces}`;
}

interface Typo {
  /** From the selector. */
  readonly path: FieldPath;
  readonly text: { readonly message: string; readonly help: string };
}

type Labels = Readonly<Record<string, string>>;

/** Which labels are in use, to tell slips of the pen from labels that nothing carries yet. */
class LabelUse {
  readonly #all: Readonly<Record<'pods' | 'namespaces', ReadonlyMap<string, ReadonlySet<string>>>>;
  readonly #told = new Map<string, readonly string[]>();

  constructor({ catalog, state }: LintContext) {
    this.#all = {
      pods: valuesByKey(catalog.pods.map(({ labels }) => labels)),
      namespaces: valuesByKey([...state.namespaces.values()].map(({ labels }) => labels)),
    };
  }

  /**
   * The first requirement of a selector that fails for a label that looks misspelt: a key that nothing carries near one
   * that is carried, or a value near one that the key has.
   * @param near labels of those that the selector was probably meant for
   */
  explain(what: 'pods' | 'namespaces', selector: LabelSelector, near: readonly Labels[]): Typo | undefined {
    const requirements: { readonly key: string; readonly values: readonly string[]; readonly path: FieldPath }[] = [
      ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
        key,
        values: [value],
        path: ['matchLabels', key],
      })),
      ...(selector.matchExpressions ?? []).flatMap(({ key, operator, values = [] }, index) =>
        operator === 'In' || operator === 'Exists' ? [{ key, values, path: ['matchExpressions', index] }] : [],
      ),
    ];
    const all = this.#all[what];
    for (const { key, values, path } of requirements) {
      const known = all.get(key);
      if (known === undefined) {
        const [meant] = this.#nearest(`${what} ${key}`, key, [...all.keys()]);
        if (meant === undefined) continue;
        const message =
          what === 'pods'
            ? say`none of the pods of this input has a label ${key}, but ${meant} is in use`
            : say`none of the namespaces of this input has a label ${key}, but ${meant} is in use`;
        return { path, text: { message, help: say`did you mean ${meant}?` } };
      }
      const missing = values.filter((value) => !known.has(value));
      const [value] = missing;
      if (value === undefined || missing.length < values.length) continue;
      const local = valuesByKey(near).get(key);
      const candidates = [...(local === undefined || local.size === 0 ? known : local)];
      const [meant] = this.#nearest(`${what} ${key}=${value} ${selectorKey(selector)}`, value, candidates);
      if (meant === undefined) continue;
      const message =
        what === 'pods'
          ? say`none of the pods of this input has ${key}=${value}, but ${key}=${meant} is in use`
          : say`none of the namespaces of this input has ${key}=${value}, but ${key}=${meant} is in use`;
      return { path, text: { message, help: say`did you mean ${meant}?` } };
    }
    return undefined;
  }

  #nearest(cacheKey: string, name: string, candidates: readonly string[]): readonly string[] {
    let nearest = this.#told.get(cacheKey);
    if (nearest === undefined) {
      // Short names are near to everything: app and api, a and b.
      nearest = name.length < SHORT ? [] : nearestNames(name, candidates, 1);
      this.#told.set(cacheKey, nearest);
    }
    return nearest;
  }
}

const SHORT = 3;

function valuesByKey(all: Iterable<Labels>): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const labels of all) {
    for (const [key, value] of Object.entries(labels)) {
      const known = values.get(key);
      if (known === undefined) values.set(key, new Set([value]));
      else known.add(value);
    }
  }
  return values;
}
