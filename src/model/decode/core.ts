import { parseAddress } from '../../net/address.ts';
import type { Node as KubeNode, NodeAddress, ObjectMeta, PodSpec, PodStatus, Service, ServicePort } from '../types.ts';
import { type AddressAt, addressTexts, reportBadAddress } from './addresses.ts';
import type { DecodeContext } from './context.ts';
import { openMeta } from './metadata.ts';
import { podSpec, protocol, rawPodSpec } from './pod-spec.ts';
import { int32, intOrString, list, type Reader, type RecordOf, record, string, stringMap } from './schema.ts';

const metaFields = { metadata: openMeta } as const;

/** An object of which only the metadata counts, as a Namespace. */
export const metaOnly: Reader<RecordOf<typeof metaFields>> = record(metaFields);

/** The labels of a namespace with the one that the control plane sets on each (S37). */
export function namespaceMeta(meta: ObjectMeta): ObjectMeta {
  return { ...meta, labels: { ...meta.labels, 'kubernetes.io/metadata.name': meta.name } };
}

const podFields = {
  metadata: openMeta,
  spec: rawPodSpec,
  status: record({
    phase: string,
    podIP: string,
    podIPs: list(record({ ip: string })),
    hostIP: string,
    hostIPs: list(record({ ip: string })),
  }),
} as const;

/** Reads what policies need of a Pod, also of one without status. */
export const pod: Reader<RecordOf<typeof podFields>> = record(podFields);

/** The spec and status of a pod; either may be absent. */
export function podParts(
  raw: RecordOf<typeof podFields>,
  context: DecodeContext,
): { readonly spec: PodSpec; readonly status: PodStatus } {
  const status = raw.status ?? {};
  const podIPs = statusAddresses('podIP', status.podIP, status.podIPs, context);
  const hostIPs = statusAddresses('hostIP', status.hostIP, status.hostIPs, context);
  return {
    spec: podSpec(raw.spec ?? {}, ['spec'], context),
    status: status.phase ? { phase: status.phase, podIPs, hostIPs } : { podIPs, hostIPs },
  };
}

function statusAddresses(
  field: 'podIP' | 'hostIP',
  single: string | undefined,
  several: readonly { readonly ip?: string }[] | undefined,
  context: DecodeContext,
): readonly string[] {
  if (single === undefined && several === undefined) return [];
  const entries: AddressAt[] = single === undefined ? [] : [[single, ['status', field]]];
  for (const [index, { ip }] of (several ?? []).entries()) {
    if (ip !== undefined) entries.push([ip, ['status', `${field}s`, index, 'ip']]);
  }
  return addressTexts(entries, context);
}

const nodeFields = {
  metadata: openMeta,
  spec: record({ podCIDR: string, podCIDRs: list(string) }),
  status: record({ addresses: list(record({ type: string, address: string })) }),
} as const;

/** Reads the addresses and pod blocks of a Node. */
export const node: Reader<RecordOf<typeof nodeFields>> = record(nodeFields);

/** The addresses and pod blocks of a node. Internal and external addresses that are none are left out, with a warning. */
export function nodeParts(
  raw: RecordOf<typeof nodeFields>,
  context: DecodeContext,
): Pick<KubeNode, 'addresses' | 'podCIDRs'> {
  const addresses: NodeAddress[] = [];
  for (const [index, { type = '', address = '' }] of (raw.status?.addresses ?? []).entries()) {
    const isIP = type === 'InternalIP' || type === 'ExternalIP';
    if (isIP && parseAddress(address) === undefined) {
      reportBadAddress(address, ['status', 'addresses', index, 'address'], context);
    } else {
      addresses.push({ type, address });
    }
  }
  const { podCIDR, podCIDRs } = raw.spec ?? {};
  const blocks = [...(podCIDR ? [podCIDR] : []), ...(podCIDRs ?? [])];
  return { addresses, podCIDRs: [...new Set(blocks)].filter((block) => block !== '') };
}

const serviceFields = {
  metadata: openMeta,
  spec: record({
    type: string,
    selector: stringMap,
    clusterIP: string,
    clusterIPs: list(string),
    ports: list(record({ name: string, protocol, port: int32, targetPort: intOrString, nodePort: int32 })),
  }),
} as const;

/** Reads what a Service selects and listens on. */
export const service: Reader<RecordOf<typeof serviceFields>> = record(serviceFields);

/** The spec of a service, with the server's defaults; a headless one (`None`) has no cluster address. */
export function serviceSpec(raw: RecordOf<typeof serviceFields>, context: DecodeContext): Service['spec'] {
  const spec = raw.spec ?? {};
  const entries: AddressAt[] = [
    [spec.clusterIP ?? '', ['spec', 'clusterIP']],
    ...(spec.clusterIPs ?? []).map((ip, index): AddressAt => [ip, ['spec', 'clusterIPs', index]]),
  ];
  const ports: ServicePort[] = [];
  for (const [index, { name, protocol: portProtocol = 'TCP', port, targetPort, nodePort }] of (
    spec.ports ?? []
  ).entries()) {
    if (port === undefined) {
      context.required(['spec', 'ports', index, 'port']);
      continue;
    }
    ports.push({
      ...(name ? { name } : {}),
      protocol: portProtocol,
      port,
      targetPort: targetPort || port,
      ...(nodePort ? { nodePort } : {}),
    });
  }
  return {
    type: spec.type || 'ClusterIP',
    selector: spec.selector ?? {},
    ...(entries.some(([ip]) => ip === 'None') ? { headless: true } : {}),
    clusterIPs: addressTexts(
      entries.filter(([ip]) => ip !== 'None'),
      context,
    ),
    ports,
  };
}
