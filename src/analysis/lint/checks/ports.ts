import { blockAddresses } from '../../../engine/peer-match.ts';
import type { PodInfo } from '../../../engine/state.ts';
import { say } from '../../../model/say.ts';
import { nearestNames } from '../../../model/suggest.ts';
import type { NetworkPolicyPort } from '../../../model/types.ts';
import type { LintContext } from '../context.ts';
import { type PolicyRule, rulesOf } from '../policy-rule.ts';
import { listing, podNames } from '../words.ts';

/** Ports against the containers they are for: `unresolved-named-port`, `port-not-listened`. */
export function checkPorts(context: LintContext): void {
  for (const policy of context.judged.networkPolicies) {
    for (const rule of rulesOf(policy)) {
      if (rule.ports.length === 0 || !rule.inForce) continue;
      const destinations = destinationsOf(context, rule);
      if (destinations.pods.length === 0) continue;
      for (const [index, port] of rule.ports.entries()) {
        if (typeof port.port === 'string') checkName(context, rule, index, port, port.port, destinations.pods);
      }
      if (destinations.complete) checkNumbers(context, rule, destinations.pods);
    }
  }
}

interface Destinations {
  readonly pods: readonly PodInfo[];
  /** Whether nothing but these pods is a destination. */
  readonly complete: boolean;
}

function destinationsOf({ catalog }: LintContext, rule: PolicyRule): Destinations {
  const { policy, direction, peers } = rule;
  const namespace = policy.metadata.namespace ?? 'default';
  if (direction === 'ingress') return { pods: catalog.matching(policy.spec.podSelector, namespace), complete: true };
  if (catalog.matching(policy.spec.podSelector, namespace).length === 0) return { pods: [], complete: false };
  if (peers.length === 0) return { pods: catalog.pods, complete: false };
  const pods = new Set<PodInfo>();
  let complete = true;
  for (const { podSelector, namespaceSelector, ipBlock } of peers) {
    if (ipBlock !== undefined) {
      complete = false;
      for (const pod of catalog.inside(blockAddresses(ipBlock))) pods.add(pod);
    } else if (podSelector !== undefined || namespaceSelector !== undefined) {
      for (const pod of catalog.matching(podSelector ?? {}, namespaceSelector ?? namespace)) pods.add(pod);
    }
  }
  return { pods: [...pods], complete };
}

function checkName(
  context: LintContext,
  rule: PolicyRule,
  index: number,
  { protocol }: NetworkPolicyPort,
  name: string,
  pods: readonly PodInfo[],
): void {
  const others = new Set<string>();
  const names = new Set<string>();
  for (const { ports } of pods) {
    for (const port of ports) {
      if (port.name === undefined) continue;
      if (port.name === name && port.protocol === protocol) return;
      if (port.name === name) others.add(port.protocol);
      names.add(port.name);
    }
  }
  const near = nearestNames(name, [...names], 1);
  const help =
    others.size > 0
      ? say`there the name belongs to ${listing(others)}: say so with protocol:`
      : near.length > 0
        ? say`did you mean ${near[0]}?`
        : say`a name is that of a container port of the destination pod; a name that is not there matches no port`;
  context.remark({
    rule: 'unresolved-named-port',
    object: rule.policy,
    path: [...rule.path, 'ports', index, 'port'],
    message: say`${noneOf(rule, pods)} has a ${protocol} port named ${name}: the entry admits nothing there`,
    help,
  });
}

function noneOf({ direction }: PolicyRule, pods: readonly PodInfo[]): string {
  return direction === 'ingress'
    ? say`none of the selected pods (${podNames(pods)})`
    : say`none of the named pods (${podNames(pods)})`;
}

/** Containers need not declare the ports they listen on, so only pods of which all declare some are judged. */
function checkNumbers(context: LintContext, rule: PolicyRule, pods: readonly PodInfo[]): void {
  if (pods.some(({ ports }) => ports.length === 0)) return;
  const idle = [...rule.ports.entries()].filter(
    ([, { protocol, port, endPort }]) =>
      typeof port === 'number' &&
      !pods.some(({ ports }) =>
        ports.some(
          (own) => own.protocol === protocol && port <= own.containerPort && own.containerPort <= (endPort ?? port),
        ),
      ),
  );
  const [first] = idle;
  if (first === undefined) return;
  const texts = idle.map(([, { protocol, port, endPort }]) =>
    endPort === undefined ? `${port}/${protocol}` : `${port}-${endPort}/${protocol}`,
  );
  const declared = pods.flatMap(({ ports }) => ports.map((own) => `${own.containerPort}/${own.protocol}`));
  context.remark({
    rule: 'port-not-listened',
    object: rule.policy,
    path: [...rule.path, 'ports', first[0], 'port'],
    message: say`${noneOf(rule, pods)} declares ${listing(texts)}; they declare ${listing(declared)}`,
    help: say`a policy sees the port of the pod, not that of a Service`,
  });
}
