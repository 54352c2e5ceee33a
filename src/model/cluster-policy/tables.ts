/**
 * The schemas of the cluster-wide policies (spec cluster-network-policy sections 2 and 4), the experimental channel,
 * which holds all that the standard one does. One rule of the experimental channel is left out: named ports beside
 * peers that have none, which the standard channel accepts, are a warning of `validateClusterNetworkPolicy`.
 */

import { parseCidr } from '../../net/cidr.ts';
import { say } from '../say.ts';
import type { ClusterNetworkPolicy } from '../types.ts';
import {
  any,
  array,
  integer,
  map,
  type ObjectRule,
  type ObjectSchema,
  object,
  type Schema,
  string,
  union,
} from './schema.ts';

/** A kind with its version and schema. */
export interface ClusterPolicyTable {
  readonly kind: ClusterNetworkPolicy['kind'];
  readonly apiVersion: string;
  readonly schema: ObjectSchema;
}

const selector = object({
  matchExpressions: array(
    object(
      { key: string(), operator: string(), values: array(string()) },
      { required: ['key', 'operator'], hints: new Map([['value', () => say`did you mean ${'values'}?`]]) },
    ),
  ),
  matchLabels: map,
});

const networks = array(string({ maxLength: 43, rule: { message: 'Invalid CIDR format provided', holds: isCidr } }), {
  minItems: 1,
  maxItems: 25,
  set: true,
});

/** CEL's `isCIDR`: host bits and any spelling of IPv6 pass; leading zeros and IPv4-mapped addresses do not. */
function isCidr(text: string): boolean {
  const parsed = parseCidr(text);
  return parsed !== undefined && !parsed.issues.includes('leading-zeros') && !parsed.issues.includes('ipv4-mapped');
}

// The server's own pattern, `A-z` for `A-Za-z` included.
const DOMAIN_NAME = /^(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

const domainNames = array(string({ pattern: DOMAIN_NAME }), { minItems: 1, maxItems: 25, set: true });

const portNumber = integer(1, 65535);

/** `pods` of a subject or peer. */
function namespacedPod(required: readonly string[]): ObjectSchema {
  return object({ namespaceSelector: selector, podSelector: selector }, { required });
}

interface Version {
  /** Field of a rule that holds its ports, and their schema. */
  readonly portsField: 'protocols' | 'ports';
  readonly port: Schema;
  readonly pods: ObjectSchema;
  readonly actions: readonly string[];
  /** Most rules of a direction, peers of a rule and ports of a rule. */
  readonly most: number;
  readonly domainNames: boolean;
  /** `tier` and `priority`, as far as the kind has them. */
  readonly order: Readonly<Record<string, Schema>>;
  readonly rule?: ObjectRule;
}

function policySchema(version: Version): ObjectSchema {
  const { pods, order, most, rule } = version;
  const ingressPeer = union(
    { namespaces: selector, pods },
    {
      peer: true,
      hints: new Map(
        ['networks', 'nodes', 'domainNames'].map(
          (field) => [field, () => say`an ingress rule has no such peers`] as const,
        ),
      ),
    },
  );
  const egressPeer = union(
    {
      ...(version.domainNames ? { domainNames } : {}),
      namespaces: selector,
      networks,
      nodes: selector,
      pods,
    },
    { peer: true },
  );
  const spec = object(
    {
      egress: array(ruleSchema(version, 'to', egressPeer), { maxItems: most }),
      ingress: array(ruleSchema(version, 'from', ingressPeer), { maxItems: most }),
      ...('priority' in order ? { priority: order['priority'] as Schema } : {}),
      subject: union({ namespaces: selector, pods }),
      ...('tier' in order ? { tier: order['tier'] as Schema } : {}),
    },
    { required: ['priority', 'subject', 'tier'].filter((field) => field === 'subject' || field in order) },
  );
  // The status is the cluster's to write: the server drops it on creation.
  return object(
    { apiVersion: any, kind: any, metadata: any, spec, status: any },
    { required: ['spec'], ...(rule === undefined ? {} : { rule }) },
  );
}

function ruleSchema(
  { portsField, port, actions, most }: Version,
  peersField: 'from' | 'to',
  peer: Schema,
): ObjectSchema {
  const otherPeers = peersField === 'from' ? 'to' : 'from';
  const otherPorts = portsField === 'ports' ? 'protocols' : 'ports';
  return object(
    {
      action: string({ enum: actions }),
      ...(peersField === 'from' ? { from: array(peer, { minItems: 1, maxItems: most }) } : {}),
      name: string({ maxLength: 100 }),
      [portsField]: array(port, { minItems: 1, maxItems: most }),
      ...(peersField === 'to' ? { to: array(peer, { minItems: 1, maxItems: most }) } : {}),
    },
    {
      required: ['action', peersField],
      hints: new Map([
        [
          otherPeers,
          () =>
            peersField === 'from'
              ? say`an ingress rule names its peers under ${'from:'}`
              : say`an egress rule names its peers under ${'to:'}`,
        ],
        [otherPorts, () => say`in this version a rule names its ports under ${`${portsField}:`}`],
      ]),
    },
  );
}

const portsOfProtocol = object(
  {
    destinationPort: union({
      number: portNumber,
      range: object(
        { end: portNumber, start: portNumber },
        {
          required: ['end', 'start'],
          rule: {
            message: 'Start port must be less than End port',
            holds: ({ start, end }) => Number(start) < Number(end),
          },
        },
      ),
    }),
  },
  { minProperties: 1 },
);

const priority = integer(0, 1000);

const CLUSTER_NETWORK_POLICY: Version = {
  portsField: 'protocols',
  port: union({ destinationNamedPort: string(), sctp: portsOfProtocol, tcp: portsOfProtocol, udp: portsOfProtocol }),
  pods: namespacedPod(['podSelector']),
  actions: ['Accept', 'Deny', 'Pass'],
  most: 25,
  domainNames: true,
  order: { priority, tier: string({ enum: ['Admin', 'Baseline'] }) },
};

const protocol = string({ default: 'TCP' });

const ADMIN_NETWORK_POLICY: Version = {
  portsField: 'ports',
  port: union({
    namedPort: string(),
    portNumber: object({ port: portNumber, protocol }, { required: ['port', 'protocol'] }),
    portRange: object({ end: portNumber, protocol, start: portNumber }, { required: ['end', 'start'] }),
  }),
  pods: namespacedPod(['namespaceSelector', 'podSelector']),
  actions: ['Allow', 'Deny', 'Pass'],
  most: 100,
  domainNames: true,
  order: { priority },
};

const BASELINE_ADMIN_NETWORK_POLICY: Version = {
  ...ADMIN_NETWORK_POLICY,
  actions: ['Allow', 'Deny'],
  domainNames: false,
  order: {},
  rule: {
    message: 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
    at: ['metadata', 'name'],
    holds: ({ metadata }) =>
      typeof metadata === 'object' && metadata !== null && 'name' in metadata && metadata.name === 'default',
  },
};

const GROUP = 'policy.networking.k8s.io';

/** Every kind that is read as a cluster-wide policy. */
export const CLUSTER_POLICY_TABLES: readonly ClusterPolicyTable[] = [
  { kind: 'ClusterNetworkPolicy', apiVersion: `${GROUP}/v1alpha2`, schema: policySchema(CLUSTER_NETWORK_POLICY) },
  { kind: 'AdminNetworkPolicy', apiVersion: `${GROUP}/v1alpha1`, schema: policySchema(ADMIN_NETWORK_POLICY) },
  {
    kind: 'BaselineAdminNetworkPolicy',
    apiVersion: `${GROUP}/v1alpha1`,
    schema: policySchema(BASELINE_ADMIN_NETWORK_POLICY),
  },
];
