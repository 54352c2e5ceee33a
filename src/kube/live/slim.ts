import { isFields } from './api.ts';
import type { RawObject } from './list.ts';

/** Which fields are kept: all of a value, those of a table, or those of each item of a list. */
type Keep = true | { readonly [field: string]: Keep };

const CONTAINER: Keep = { name: true, restartPolicy: true, ports: true };
const POD_SPEC: Keep = { nodeName: true, hostNetwork: true, containers: CONTAINER, initContainers: CONTAINER };
const TEMPLATE: Keep = { metadata: { labels: true, annotations: true }, spec: POD_SPEC };
const WORKLOAD: Keep = { spec: { replicas: true, template: TEMPLATE } };

/** Beside apiVersion, kind and metadata. Of kinds that are not here everything is kept. */
const KEPT: Readonly<Record<string, Readonly<Record<string, Keep>>>> = {
  Namespace: {},
  Node: { spec: { podCIDR: true, podCIDRs: true }, status: { addresses: true } },
  Pod: { spec: POD_SPEC, status: { phase: true, podIP: true, podIPs: true, hostIP: true, hostIPs: true } },
  Deployment: WORKLOAD,
  ReplicaSet: WORKLOAD,
  StatefulSet: WORKLOAD,
  DaemonSet: WORKLOAD,
  Job: WORKLOAD,
  ReplicationController: WORKLOAD,
  CronJob: { spec: { jobTemplate: { spec: { template: TEMPLATE } } } },
};

/** Says nothing of its own: the object as it was applied, in an annotation. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * An object without what policies do not depend on: commands, environment variables and volumes of containers, records
 * of field managers, most of what controllers report. What is left decodes to the same.
 */
export function slim(object: RawObject): RawObject {
  const kept = typeof object['kind'] === 'string' ? KEPT[object['kind']] : undefined;
  const rest =
    kept === undefined
      ? object
      : (pick(object, { apiVersion: true, kind: true, metadata: true, ...kept }) as RawObject);
  const { metadata } = object;
  return isFields(metadata) ? { ...rest, metadata: slimMetadata(metadata) } : rest;
}

function slimMetadata(metadata: RawObject): RawObject {
  const { managedFields: _managed, annotations, ...rest } = metadata;
  if (!isFields(annotations)) return annotations === undefined ? rest : { ...rest, annotations };
  const { [LAST_APPLIED]: _applied, ...others } = annotations;
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
}

function pick(value: unknown, keep: Keep): unknown {
  if (keep === true) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, keep));
  if (!isFields(value)) return value;
  const picked: Record<string, unknown> = {};
  for (const [field, below] of Object.entries(keep)) {
    if (value[field] !== undefined) picked[field] = pick(value[field], below);
  }
  return picked;
}
