import { KINDS } from '../../model/decode/kinds.ts';

/** A kind of object that is read from a cluster. */
export interface Resource {
  readonly kind: string;
  /** Empty for the core group. */
  readonly group: string;
  /** As in paths and in RBAC rules: `networkpolicies`. */
  readonly plural: string;
  /** Versions that can be read, best first. */
  readonly versions: readonly string[];
  /** Whether verdicts are wrong without it. Without the others they are only told less well. */
  readonly necessary: boolean;
  /** Whether clusters may be without it: a custom resource. */
  readonly custom: boolean;
}

function row(
  group: string,
  versions: string,
  kindsAndPlurals: Readonly<Record<string, string>>,
  traits: { readonly necessary?: boolean; readonly custom?: boolean } = {},
): Resource[] {
  const { necessary = false, custom = false } = traits;
  return Object.entries(kindsAndPlurals).map(([kind, plural]) => ({
    kind,
    group,
    plural,
    versions: versions.split(' '),
    necessary,
    custom,
  }));
}

const POLICY_GROUP = 'policy.networking.k8s.io';
const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Everything that may be read from clusters, what verdicts need first. `docs/live-clusters.md` has it as RBAC rules. */
export const RESOURCES: readonly Resource[] = [
  ...row('', 'v1', { Namespace: 'namespaces', Pod: 'pods' }, { necessary: true }),
  ...row('networking.k8s.io', 'v1', { NetworkPolicy: 'networkpolicies' }, { necessary: true }),
  ...row(
    POLICY_GROUP,
    'v1alpha2',
    { ClusterNetworkPolicy: 'clusternetworkpolicies' },
    { necessary: true, custom: true },
  ),
  ...row(
    POLICY_GROUP,
    'v1alpha1',
    { AdminNetworkPolicy: 'adminnetworkpolicies', BaselineAdminNetworkPolicy: 'baselineadminnetworkpolicies' },
    { necessary: true, custom: true },
  ),
  ...row('', 'v1', { Node: 'nodes', Service: 'services', ReplicationController: 'replicationcontrollers' }),
  ...row('apps', 'v1', {
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
    DaemonSet: 'daemonsets',
  }),
  ...row('batch', 'v1', { Job: 'jobs', CronJob: 'cronjobs' }),
  ...row('networking.k8s.io', 'v1', { Ingress: 'ingresses' }),
  ...row(
    GATEWAY_GROUP,
    'v1 v1beta1 v1alpha3 v1alpha2',
    {
      Gateway: 'gateways',
      HTTPRoute: 'httproutes',
      GRPCRoute: 'grpcroutes',
      TCPRoute: 'tcproutes',
      TLSRoute: 'tlsroutes',
      UDPRoute: 'udproutes',
      ReferenceGrant: 'referencegrants',
    },
    { custom: true },
  ),
];

/** Those of {@link RESOURCES} that can be decoded. */
export function knownResources(): Resource[] {
  return RESOURCES.filter(({ kind }) => KINDS.has(kind));
}

/** A resource in a version that the cluster serves. */
export interface ServedResource extends Resource {
  readonly version: string;
}

/** `v1`, `networking.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Pick<ServedResource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Whether objects of it are in namespaces. */
export function isNamespaced({ kind }: Pick<Resource, 'kind'>): boolean {
  return KINDS.get(kind)?.namespaced === true;
}

/** The path that lists a resource, in all namespaces or in one; that of cluster-scoped ones is the same either way. */
export function pathOf(resource: ServedResource, namespace?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const within =
    namespace === undefined || !isNamespaced(resource) ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
  return `${root}/${resource.version}/${within}${resource.plural}`;
}

/** The lines of the RBAC rules that let a role do something with some resources. */
export function rbacRules(
  resources: readonly Pick<Resource, 'group' | 'plural'>[],
  verbs: readonly string[],
): string[] {
  const byGroup = new Map<string, string[]>();
  for (const { group, plural } of resources) byGroup.set(group, [...(byGroup.get(group) ?? []), plural]);
  return [...byGroup].flatMap(([group, plurals]) => [
    `- apiGroups: ["${group}"]`,
    `  resources: [${plurals.join(', ')}]`,
    `  verbs: [${verbs.join(', ')}]`,
  ]);
}
