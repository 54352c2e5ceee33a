import { type ClusterState, namespaceOf } from '../engine/state.ts';
import { say } from '../model/say.ts';
import { type Diagnostic, type FieldPath, formatPath } from '../model/source.ts';
import { type NetworkPolicy, type NetworkPolicyPort, objectRef } from '../model/types.ts';
import { AddressSet } from '../net/address-set.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';

/**
 * What makes the answers other than their author may expect: port names that resolve nowhere, and blocks that hold a
 * part of `--pod-cidr` only.
 */
export function stateWarnings(state: ClusterState): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const names = portNames(state);
  for (const policy of state.policies.values()) {
    const { spec } = policy;
    for (const [rule, { from, ports }] of spec.ingress.entries()) {
      warnUnresolved(warnings, policy, ['spec', 'ingress', rule], ports, names.get(namespaceOf(policy)));
      from.forEach((peer, index) => {
        warnPartial(warnings, policy, ['spec', 'ingress', rule, 'from', index], peer.ipBlock?.cidr, state.podCidrs);
      });
    }
    for (const [rule, { to, ports }] of spec.egress.entries()) {
      warnUnresolved(warnings, policy, ['spec', 'egress', rule], ports, names.get(EVERYWHERE));
      to.forEach((peer, index) => {
        warnPartial(warnings, policy, ['spec', 'egress', rule, 'to', index], peer.ipBlock?.cidr, state.podCidrs);
      });
    }
  }
  return warnings;
}

const EVERYWHERE = '';

/** Names of container ports as `protocol/name`, by namespace. */
function portNames(state: ClusterState): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  const add = (namespace: string, name: string): void => {
    const known = names.get(namespace);
    if (known === undefined) names.set(namespace, new Set([name]));
    else known.add(name);
  };
  for (const pod of state.pods.values()) {
    if (pod.hostNetwork) continue;
    for (const port of pod.ports) {
      if (port.name === undefined) continue;
      add(pod.namespace, `${port.protocol}/${port.name}`);
      add(EVERYWHERE, `${port.protocol}/${port.name}`);
    }
  }
  return names;
}

function warnUnresolved(
  warnings: Diagnostic[],
  policy: NetworkPolicy,
  path: FieldPath,
  ports: readonly NetworkPolicyPort[],
  known: ReadonlySet<string> | undefined,
): void {
  for (const [index, { port, protocol }] of ports.entries()) {
    if (typeof port !== 'string' || known?.has(`${protocol}/${port}`) === true) continue;
    warn(warnings, policy, [...path, 'ports', index, 'port'], {
      code: 'unresolved-port',
      message: say`no pod has a container port named "${port}" for ${protocol}: the name matches nothing`,
    });
  }
}

function warnPartial(
  warnings: Diagnostic[],
  policy: NetworkPolicy,
  path: FieldPath,
  text: string | undefined,
  podCidrs: AddressSet,
): void {
  const cidr = text === undefined || podCidrs.isEmpty() ? undefined : parseCidr(text)?.cidr;
  if (cidr === undefined) return;
  const block = AddressSet.ofCidr(cidr);
  if (!block.intersects(podCidrs) || block.containsSet(podCidrs.ofFamily(cidr.family))) return;
  warn(warnings, policy, [...path, 'ipBlock', 'cidr'], {
    code: 'partial-pod-cidr',
    message: say`${formatCidr(cidr)} holds a part of the pod range only: pods of unknown address do not match it`,
  });
}

function warn(
  warnings: Diagnostic[],
  policy: NetworkPolicy,
  path: FieldPath,
  text: { readonly code: string; readonly message: string },
): void {
  warnings.push({
    ...text,
    severity: 'warning',
    object: objectRef(policy),
    path: formatPath(path),
    ...(policy.source === undefined ? {} : { source: policy.source.locate(path) }),
  });
}
