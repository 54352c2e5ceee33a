/** The kinds that are decoded: their API versions, scope, and how the typed object is made. */

import { CLUSTER_POLICY_TABLES, decodeClusterPolicy } from '../cluster-policy/index.ts';
import type { KubeObject, ObjectMeta, Route, RouteKind, Workload, WorkloadKind } from '../types.ts';
import type { DecodeContext } from './context.ts';
import { metaOnly, namespaceMeta, node, nodeParts, pod, podParts, service, serviceSpec } from './core.ts';
import { objectMeta, policyMeta, type RawMeta } from './metadata.ts';
import { networkPolicy, networkPolicySpec } from './network-policy.ts';
import { gateway, gatewaySpec, grantSpec, ingress, ingressSpec, referenceGrant, route, routeSpec } from './routes.ts';
import type { Reader } from './schema.ts';
import { cronJob, cronJobTemplate, replicasPart, templated, templatedTemplate } from './workload.ts';

/** Fields by name, those of items where a field is a list. */
export type FieldTree = ReadonlyMap<string, FieldNode>;

/** A field: those below it, and its values where they are a closed list. */
export interface FieldNode {
  readonly fields?: FieldTree;
  readonly enum?: readonly string[];
}

/** How one kind is decoded. To add a kind, add an entry to {@link KINDS}. */
export interface KindDecoder {
  /** The version that is served. */
  readonly apiVersion: string;
  /** Versions that are served too and read alike. */
  readonly otherVersions: readonly string[];
  /** Whether objects of the kind live in a namespace. */
  readonly namespaced: boolean;
  /**
   * Versions that are no longer served: `read` when they are close enough to be read all the same, with a warning;
   * `refused` when they are an error, as on the server. Other versions of a group named here or by
   * {@link apiVersion} are an error too; other groups are other kinds.
   */
  readonly formerVersions: { readonly read: readonly string[]; readonly refused: readonly string[] };
  /** The fields that are looked at, for suggestions. */
  readonly fields?: FieldTree;
  /**
   * Reads the whole object. The answer means nothing once the context has failed.
   * @param defaultNamespace of objects that name none; unused by kinds without namespaces
   */
  decode(value: unknown, defaultNamespace: string, context: DecodeContext): KubeObject;
}

/** What is particular to an object of a kind. Workloads are one type, so their kinds are not told apart. */
type Parts<K extends KubeObject['kind']> = Omit<
  K extends WorkloadKind ? Workload : K extends RouteKind ? Route : Extract<KubeObject, { kind: K }>,
  'apiVersion' | 'kind' | 'source'
>;

interface KindSpec<Raw, K extends KubeObject['kind']> {
  readonly kind: K;
  readonly apiVersion: string;
  readonly clusterScoped?: true;
  readonly others?: readonly string[];
  readonly read?: readonly string[];
  readonly refused?: readonly string[];
  readonly reader: Reader<Raw>;
  make(raw: Raw, namespace: string | undefined, context: DecodeContext): Parts<K>;
}

function kind<Raw, K extends KubeObject['kind']>(spec: KindSpec<Raw, K>): readonly [string, KindDecoder] {
  const namespaced = spec.clusterScoped !== true;
  return [
    spec.kind,
    {
      apiVersion: spec.apiVersion,
      otherVersions: spec.others ?? [],
      namespaced,
      formerVersions: { read: spec.read ?? [], refused: spec.refused ?? [] },
      ...(spec.reader.fields === undefined ? {} : { fields: spec.reader.fields }),
      decode: (value, defaultNamespace, context) => {
        const raw = spec.reader.read(value, context);
        const parts = spec.make(raw, namespaced ? defaultNamespace : undefined, context);
        return { apiVersion: spec.apiVersion, kind: spec.kind, ...parts } as KubeObject;
      },
    },
  ];
}

function metadataOf(
  raw: { readonly metadata?: RawMeta },
  namespace: string | undefined,
  context: DecodeContext,
): ObjectMeta {
  return objectMeta(raw.metadata ?? {}, namespace, context);
}

function workload(
  name: Exclude<WorkloadKind, 'CronJob'>,
  apiVersion: string,
  read: readonly string[] = [],
): readonly [string, KindDecoder] {
  return kind({
    kind: name,
    apiVersion,
    read,
    reader: templated,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      ...replicasPart(raw),
      template: templatedTemplate(raw, context),
    }),
  });
}

/** Versions of the Gateway API's kinds; what is read of them is the same in all. */
const GATEWAY_VERSIONS = ['v1beta1', 'v1alpha3', 'v1alpha2'].map((version) => `gateway.networking.k8s.io/${version}`);

function routeKind(name: RouteKind): readonly [string, KindDecoder] {
  return kind({
    kind: name,
    apiVersion: 'gateway.networking.k8s.io/v1',
    others: GATEWAY_VERSIONS,
    reader: route,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      spec: routeSpec(raw, context),
    }),
  });
}

const clusterPolicies = CLUSTER_POLICY_TABLES.map((table): readonly [string, KindDecoder] => [
  table.kind,
  {
    apiVersion: table.apiVersion,
    otherVersions: [],
    namespaced: false,
    formerVersions: { read: [], refused: [] },
    fields: table.schema.fields,
    decode: (value, _defaultNamespace, context) => decodeClusterPolicy(table, value, context),
  },
]);

/** By the name of the kind. */
export const KINDS: ReadonlyMap<string, KindDecoder> = new Map([
  ...clusterPolicies,
  kind({
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    refused: ['extensions/v1beta1'],
    reader: networkPolicy,
    make: (raw, namespace) => ({
      metadata: policyMeta(raw.metadata ?? {}, namespace),
      spec: networkPolicySpec(raw.spec ?? {}),
    }),
  }),
  kind({
    kind: 'Namespace',
    apiVersion: 'v1',
    clusterScoped: true,
    reader: metaOnly,
    make: (raw, namespace, context) => ({ metadata: namespaceMeta(metadataOf(raw, namespace, context)) }),
  }),
  kind({
    kind: 'Node',
    apiVersion: 'v1',
    clusterScoped: true,
    reader: node,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      ...nodeParts(raw, context),
    }),
  }),
  kind({
    kind: 'Pod',
    apiVersion: 'v1',
    reader: pod,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      ...podParts(raw, context),
    }),
  }),
  kind({
    kind: 'Service',
    apiVersion: 'v1',
    reader: service,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      spec: serviceSpec(raw, context),
    }),
  }),
  kind({
    kind: 'Ingress',
    apiVersion: 'networking.k8s.io/v1',
    refused: ['networking.k8s.io/v1beta1', 'extensions/v1beta1'],
    reader: ingress,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      spec: ingressSpec(raw, context),
    }),
  }),
  kind({
    kind: 'Gateway',
    apiVersion: 'gateway.networking.k8s.io/v1',
    others: GATEWAY_VERSIONS,
    reader: gateway,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      spec: gatewaySpec(raw, context),
    }),
  }),
  routeKind('HTTPRoute'),
  routeKind('GRPCRoute'),
  routeKind('TCPRoute'),
  routeKind('TLSRoute'),
  routeKind('UDPRoute'),
  kind({
    kind: 'ReferenceGrant',
    apiVersion: 'gateway.networking.k8s.io/v1',
    others: GATEWAY_VERSIONS,
    reader: referenceGrant,
    make: (raw, namespace, context) => ({ metadata: metadataOf(raw, namespace, context), spec: grantSpec(raw) }),
  }),
  workload('Deployment', 'apps/v1', ['apps/v1beta2', 'apps/v1beta1', 'extensions/v1beta1']),
  workload('ReplicaSet', 'apps/v1', ['apps/v1beta2', 'extensions/v1beta1']),
  workload('StatefulSet', 'apps/v1', ['apps/v1beta2', 'apps/v1beta1']),
  workload('DaemonSet', 'apps/v1', ['apps/v1beta2', 'extensions/v1beta1']),
  workload('Job', 'batch/v1'),
  workload('ReplicationController', 'v1'),
  kind({
    kind: 'CronJob',
    apiVersion: 'batch/v1',
    read: ['batch/v1beta1', 'batch/v2alpha1'],
    reader: cronJob,
    make: (raw, namespace, context) => ({
      metadata: metadataOf(raw, namespace, context),
      template: cronJobTemplate(raw, context),
    }),
  }),
]);
