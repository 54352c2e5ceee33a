import type { LabPlan } from './model.ts';

/**
 * The objects that a cluster would know of a lab: its nodes, and its pods where they run with the addresses they have.
 * They are read after the user's and replace those of the same name.
 */
export function labObjects(plan: LabPlan): object[] {
  const nodes = plan.nodes.map(({ name, labels, addresses, podCidrs }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
    status: {
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
    },
  }));
  const nodeAddresses = new Map(plan.nodes.map(({ name, addresses }) => [name, addresses]));
  const pods = plan.pods.map((pod) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: pod.podNamespace,
      name: pod.name,
      labels: pod.labels,
      ...(pod.owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: apiVersionOf(pod.owner.kind), ...pod.owner, controller: true }] }),
    },
    spec: {
      nodeName: pod.node,
      ...(pod.hostNetwork ? { hostNetwork: true } : {}),
      containers: [{ name: 'lab', ports: pod.ports }],
    },
    status: {
      phase: 'Running',
      podIP: pod.addresses[0],
      podIPs: pod.addresses.map((ip) => ({ ip })),
      hostIP: nodeAddresses.get(pod.node)?.[0],
      hostIPs: (nodeAddresses.get(pod.node) ?? []).map((ip) => ({ ip })),
    },
  }));
  return [...nodes, ...pods];
}

function apiVersionOf(kind: string): string {
  if (kind === 'Job' || kind === 'CronJob') return 'batch/v1';
  return kind === 'ReplicationController' ? 'v1' : 'apps/v1';
}
