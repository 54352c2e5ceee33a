import type { KubeObject, ObjectMeta, OwnerReference, Pod, PodSpec, PodStatus } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import type { Interner } from './interner.ts';

/**
 * An object cut down to what verdicts depend on, with equal parts shared. Policies are left whole, but for annotations.
 *
 * Written for memory: objects of one kind are made by one literal, so that they have one shape and no room to spare, and
 * lists that grew while they were read are copied to their size.
 */
export function project(object: KubeObject, interner: Interner): KubeObject {
  const metadata = projectMeta(object.metadata, interner);
  if (isPolicy(object)) return { ...object, metadata };
  const { apiVersion, kind } = object;
  switch (kind) {
    case 'Pod':
      return {
        apiVersion,
        kind,
        metadata: withTimes(metadata, object.metadata),
        spec: projectSpec(object.spec, interner),
        status: projectStatus(object, interner),
      };
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
    case 'CronJob':
    case 'ReplicationController':
      return { apiVersion, kind, metadata, template: interner.value(object.template) };
    default:
      return { ...object, metadata };
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};
const NO_OWNERS: readonly OwnerReference[] = [];
const NO_ADDRESSES: readonly string[] = [];

function projectMeta(metadata: ObjectMeta, interner: Interner): ObjectMeta {
  const { name, namespace } = metadata;
  const labels = metadata.labels === undefined ? NO_LABELS : interner.value(metadata.labels);
  if (namespace === undefined) return { name, labels };
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  const ownerReferences =
    controller === undefined
      ? NO_OWNERS
      : interner.value([{ kind: controller.kind, name: controller.name, controller: true }]);
  return { name, namespace: interner.text(namespace), labels, ownerReferences };
}

/** Who has an address that two pods name depends on these. */
function withTimes(metadata: ObjectMeta, { creationTimestamp, deletionTimestamp }: ObjectMeta): ObjectMeta {
  return {
    ...metadata,
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

function projectSpec({ nodeName, hostNetwork, ports }: PodSpec, interner: Interner): PodSpec {
  const shared = interner.value(ports);
  if (nodeName === undefined) return { hostNetwork, ports: shared };
  return { nodeName: interner.text(nodeName), hostNetwork, ports: shared };
}

function projectStatus({ spec, status }: Pod, interner: Interner): PodStatus {
  const podIPs = status.podIPs.length === 0 ? NO_ADDRESSES : status.podIPs.slice();
  // Where a hostNetwork pod has no address of its own yet, it has its node's; otherwise the node's say nothing.
  const hostIPs = spec.hostNetwork && podIPs.length === 0 ? interner.value(status.hostIPs) : NO_ADDRESSES;
  if (status.phase === undefined) return { podIPs, hostIPs };
  return { phase: interner.text(status.phase), podIPs, hostIPs };
}
