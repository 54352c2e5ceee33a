import type { DecodeContext } from '../decode/context.ts';
import { goQuote } from '../go-text.ts';
import { say } from '../say.ts';
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  ClusterNetworkPolicySpec,
  ClusterPodSelector,
  Protocol,
} from '../types.ts';
import { portNameProblems } from '../validate/names.ts';
import { UnknownPeer } from './prune.ts';
import { fields, items, type Raw, texts } from './raw.ts';
import { readSelector } from './selectors.ts';

/** The priority of a kind that has none: behind every other. */
const LAST_PRIORITY = 1001;

/**
 * The one form of all kinds, from an object that the schema found right; of a wrong one the answer means nothing.
 * Selectors that the server does not look into are checked here (`bad-selector`), as are names of ports (`bad-port-name`).
 * Ports that can match nothing (`bad-protocol`, `empty-port-range`) are left out with a warning, so that a rule may be
 * left with an empty list of ports, which matches nothing either.
 */
export function clusterPolicySpec(
  kind: ClusterNetworkPolicy['kind'],
  value: unknown,
  context: DecodeContext,
): ClusterNetworkPolicySpec {
  const spec = fields(value);
  return {
    tier: kind === 'BaselineAdminNetworkPolicy' || spec['tier'] === 'Baseline' ? 'Baseline' : 'Admin',
    priority: spec['priority'] === undefined ? LAST_PRIORITY : Number(spec['priority']),
    subject: context.at(['spec', 'subject'], () => podsOf(fields(spec['subject']), context)),
    ingress: list(spec['ingress'], ['spec', 'ingress'], ruleOf, context),
    egress: list(spec['egress'], ['spec', 'egress'], ruleOf, context),
  };
}

function ruleOf(raw: Raw, context: DecodeContext): ClusterNetworkPolicyRule {
  const { name, action, from, to, protocols, ports } = raw;
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    action: action === 'Deny' || action === 'Pass' ? action : 'Accept',
    peers: [...list(from, ['from'], peerOf, context), ...list(to, ['to'], peerOf, context)],
    ...(protocols === undefined && ports === undefined
      ? {}
      : {
          ports: [
            ...list(protocols, ['protocols'], protocolPort, context),
            ...list(ports, ['ports'], versionedPort, context),
          ].filter((port) => port !== undefined),
        }),
  };
}

/** Reads the items of a list, the context standing at each. */
function list<T>(
  value: unknown,
  path: readonly string[],
  read: (item: Raw, context: DecodeContext) => T,
  context: DecodeContext,
): T[] {
  return items(value).map((item, index) => context.at([...path, index], () => read(fields(item), context)));
}

function peerOf(raw: Raw, context: DecodeContext): ClusterNetworkPolicyPeer {
  if (raw instanceof UnknownPeer) return { type: 'unknown', field: raw.field };
  if (raw['networks'] !== undefined) return { type: 'networks', networks: texts(raw['networks']) };
  if (raw['nodes'] !== undefined) return { type: 'nodes', nodes: readSelector(raw['nodes'], ['nodes'], context) };
  if (raw['domainNames'] !== undefined) return { type: 'domainNames', domainNames: texts(raw['domainNames']) };
  return { type: 'pods', pods: podsOf(raw, context) };
}

/** `namespaces` or `pods` of a subject or peer. */
function podsOf(raw: Raw, context: DecodeContext): ClusterPodSelector {
  if (raw['pods'] === undefined) {
    return { namespaceSelector: readSelector(raw['namespaces'], ['namespaces'], context), podSelector: {} };
  }
  const { namespaceSelector, podSelector } = fields(raw['pods']);
  return {
    namespaceSelector: readSelector(namespaceSelector, ['pods', 'namespaceSelector'], context),
    podSelector: readSelector(podSelector, ['pods', 'podSelector'], context),
  };
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
      say`${goQuote(String(protocol))} is not TCP, UDP or SCTP: it matches no port`,
      context,
    );
    return undefined;
  }
  if (first > last) {
    warn(
      [field],
      'empty-port-range',
      say`the range ends at ${last}, before its start ${first}: it matches no port`,
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
    warn([field], 'bad-port-name', say`${goQuote(name)} ${problem}: no container port has this name`, context);
  }
  return { name };
}

function isProtocol(value: unknown): value is Protocol {
  return value === 'TCP' || value === 'UDP' || value === 'SCTP';
}

function warn(steps: readonly string[], code: string, message: string, context: DecodeContext): void {
  context.at(steps, () => context.report(code, message, { severity: 'warning' }));
}
