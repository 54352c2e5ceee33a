import type { DecodeContext } from '../decode/context.ts';
import { isObject } from '../decode/schema.ts';
import { goQuote } from '../go-text.ts';
import type {
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  ClusterNetworkPolicySpec,
  ClusterPodSelector,
  LabelSelector,
  Protocol,
} from '../types.ts';
import { portNameProblems } from '../validate/names.ts';
import { UnknownPeer } from './prune.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The priority of a kind that has none: behind every other. */
const LAST_PRIORITY = 1001;

/**
 * The one form of all kinds, from an object that the schema found right; of a wrong one the answer means nothing.
 * Ports that can match nothing (`bad-protocol`, `empty-port-range`) are left out with a warning, so that a rule may be
 * left with an empty list of ports, which matches nothing either.
 */
export function clusterPolicySpec(value: unknown, context: DecodeContext): ClusterNetworkPolicySpec {
  const spec = fields(value);
  const tier = spec['tier'];
  // AdminNetworkPolicy has a priority and no tier, BaselineAdminNetworkPolicy has neither.
  const baseline = tier === undefined ? spec['priority'] === undefined : tier === 'Baseline';
  return {
    tier: baseline ? 'Baseline' : 'Admin',
    priority: spec['priority'] === undefined ? LAST_PRIORITY : Number(spec['priority']),
    subject: podsOf(fields(spec['subject'])),
    ingress: items(spec['ingress']).map((rule, index) => ruleOf(fields(rule), ['spec', 'ingress', index], context)),
    egress: items(spec['egress']).map((rule, index) => ruleOf(fields(rule), ['spec', 'egress', index], context)),
  };
}

function fields(value: unknown): Raw {
  return isObject(value) ? value : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return items(value).map(String);
}

function ruleOf(raw: Raw, path: readonly (string | number)[], context: DecodeContext): ClusterNetworkPolicyRule {
  const { name, action, from, to, protocols, ports } = raw;
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    action: action === 'Deny' || action === 'Pass' ? action : 'Accept',
    peers: items(from ?? to).map(peerOf),
    ...(protocols === undefined && ports === undefined
      ? {}
      : {
          ports: [
            ...portsOf(protocols, [...path, 'protocols'], protocolPort, context),
            ...portsOf(ports, [...path, 'ports'], versionedPort, context),
          ],
        }),
  };
}

function peerOf(value: unknown): ClusterNetworkPolicyPeer {
  if (value instanceof UnknownPeer) return { type: 'unknown', field: value.field };
  const raw = fields(value);
  if (raw['networks'] !== undefined) return { type: 'networks', networks: texts(raw['networks']) };
  if (raw['nodes'] !== undefined) return { type: 'nodes', nodes: selectorOf(raw['nodes']) };
  if (raw['domainNames'] !== undefined) return { type: 'domainNames', domainNames: texts(raw['domainNames']) };
  return { type: 'pods', pods: podsOf(raw) };
}

/** `namespaces` or `pods` of a subject or peer. */
function podsOf(raw: Raw): ClusterPodSelector {
  if (raw['pods'] === undefined) return { namespaceSelector: selectorOf(raw['namespaces']), podSelector: {} };
  const pods = fields(raw['pods']);
  return { namespaceSelector: selectorOf(pods['namespaceSelector']), podSelector: selectorOf(pods['podSelector']) };
}

function selectorOf(value: unknown): LabelSelector {
  const { matchLabels, matchExpressions } = fields(value);
  return {
    ...(isObject(matchLabels) ? { matchLabels: matchLabels as Readonly<Record<string, string>> } : {}),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: items(matchExpressions).map((entry) => {
            const { key, operator, values } = fields(entry);
            return {
              key: String(key),
              operator: String(operator),
              ...(values === undefined ? {} : { values: texts(values) }),
            };
          }),
        }),
  };
}

type PortReader = (raw: Raw, context: DecodeContext) => ClusterNetworkPolicyPort | undefined;

function portsOf(
  value: unknown,
  path: readonly (string | number)[],
  read: PortReader,
  context: DecodeContext,
): ClusterNetworkPolicyPort[] {
  return items(value).flatMap((entry, index) => context.at([...path, index], () => read(fields(entry), context) ?? []));
}

const PROTOCOL_FIELDS: readonly (readonly [string, Protocol])[] = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
];

/** An entry of v1alpha2's `protocols`. */
function protocolPort(raw: Raw, context: DecodeContext): ClusterNetworkPolicyPort | undefined {
  for (const [field, protocol] of PROTOCOL_FIELDS) {
    if (raw[field] === undefined) continue;
    const { number, range } = fields(fields(raw[field])['destinationPort']);
    const { start, end } = fields(range);
    return { protocol, first: Number(number ?? start), last: Number(number ?? end) };
  }
  return namedPort(raw['destinationNamedPort'], 'destinationNamedPort', context);
}

/** An entry of v1alpha1's `ports`. */
function versionedPort(raw: Raw, context: DecodeContext): ClusterNetworkPolicyPort | undefined {
  if (raw['namedPort'] !== undefined) return namedPort(raw['namedPort'], 'namedPort', context);
  const field = raw['portRange'] === undefined ? 'portNumber' : 'portRange';
  const { protocol, port, start, end } = fields(raw[field]);
  const [first, last] = [Number(port ?? start), Number(port ?? end)];
  if (!isProtocol(protocol)) {
    warn(
      [field, 'protocol'],
      'bad-protocol',
      `${goQuote(String(protocol))} is not TCP, UDP or SCTP: it matches no port`,
      context,
    );
    return undefined;
  }
  if (first > last) {
    warn(
      [field],
      'empty-port-range',
      `the range ends at ${last}, before its start ${first}: it matches no port`,
      context,
    );
    return undefined;
  }
  return { protocol, first, last };
}

function namedPort(value: unknown, field: string, context: DecodeContext): ClusterNetworkPolicyPort {
  const name = String(value);
  const [problem] = portNameProblems(name);
  if (problem !== undefined) {
    warn([field], 'bad-port-name', `${goQuote(name)} ${problem}: no container port has this name`, context);
  }
  return { name };
}

function isProtocol(value: unknown): value is Protocol {
  return value === 'TCP' || value === 'UDP' || value === 'SCTP';
}

function warn(steps: readonly string[], code: string, message: string, context: DecodeContext): void {
  context.at(steps, () => context.report(code, message, { severity: 'warning' }));
}
