import type { KubeObject, ObjectMeta, Pod, PodSpec } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import type { Interner } from './interner.ts';

/** An object cut down to what verdicts depend on, with equal parts shared. Policies are left whole, but for annotations. */
export function project(object: KubeObject, interner: Interner): KubeObject {
  const metadata = projectMeta(object.metadata, interner);
  if (isPolicy(object)) {
    const { labels } = object.metadata;
    return { ...object, metadata: labels === undefined ? metadata : { ...metadata, labels } };
  }
  switch (object.kind) {
    case 'Pod':
      return projectPod(object, metadata, interner);
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
    case 'CronJob':
    case 'ReplicationController':
      return {
        apiVersion: object.apiVersion,
        kind: object.kind,
        metadata,
        template: interner.value(object.template),
      };
    default:
      return { ...object, metadata };
  }
}

function projectMeta({ name, namespace, labels, ownerReferences }: ObjectMeta, interner: Interner): ObjectMeta {
  const controller = ownerReferences?.find((owner) => owner.controller === true);
  const owner =
    controller === undefined ? undefined : { kind: controller.kind, name: controller.name, controller: true };
  return {
    name,
    ...(namespace === undefined ? {} : { namespace: interner.text(namespace) }),
    ...(labels === undefined ? {} : { labels: interner.value(labels) }),
    ...(owner === undefined ? {} : { ownerReferences: interner.value([owner]) }),
  };
}

function projectPod({ apiVersion, kind, spec, status }: Pod, metadata: ObjectMeta, interner: Interner): Pod {
  const { phase, podIPs, hostIPs } = status;
  // Where a hostNetwork pod has no address of its own yet, it has its node's; otherwise the node's say nothing.
  const borrowed = spec.hostNetwork && podIPs.length === 0;
  return {
    apiVersion,
    kind,
    metadata,
    spec: projectSpec(spec, interner),
    status: {
      ...(phase === undefined ? {} : { phase: interner.text(phase) }),
      podIPs,
      hostIPs: borrowed ? interner.value(hostIPs) : NONE,
    },
  };
}

const NONE: readonly string[] = [];

function projectSpec({ nodeName, hostNetwork, ports }: PodSpec, interner: Interner): PodSpec {
  return {
    ...(nodeName === undefined ? {} : { nodeName: interner.text(nodeName) }),
    hostNetwork,
    ports: interner.value(ports),
  };
}
