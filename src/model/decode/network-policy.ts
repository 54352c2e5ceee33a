import { say } from '../say.ts';
import type { IPBlock, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../types.ts';
import { closedMeta } from './metadata.ts';
import { closedRecord, int32, intOrString, list, type Reader, type RecordOf, string, stringMap } from './schema.ts';

const selector = closedRecord({
  matchLabels: stringMap,
  matchExpressions: list(
    closedRecord(
      { key: string, operator: string, values: list(string) },
      new Map([['value', () => say`did you mean ${'values'}?`]]),
    ),
  ),
});

const port = closedRecord(
  { protocol: string, port: intOrString, endPort: int32 },
  new Map([
    ['name', () => say`a port is named by port: itself`],
    ['containerPort', () => say`did you mean ${'port'}?`],
    ['targetPort', () => say`did you mean ${'port'}?`],
    ['number', () => say`did you mean ${'port'}?`],
  ]),
);

const peer = closedRecord(
  {
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: closedRecord({ cidr: string, except: list(string) }),
  },
  new Map([['ports', () => say`ports: belongs to the rule, beside from: or to:`]]),
);

const spec = closedRecord({
  podSelector: selector,
  policyTypes: list(string),
  ingress: list(
    closedRecord(
      { ports: list(port), from: list(peer) },
      new Map([['to', () => say`an ingress rule names its peers under ${'from:'}`]]),
    ),
  ),
  egress: list(
    closedRecord(
      { ports: list(port), to: list(peer) },
      new Map([['from', () => say`an egress rule names its peers under ${'to:'}`]]),
    ),
  ),
});

const policyFields = { apiVersion: string, kind: string, metadata: closedMeta, spec } as const;

/** Reads a whole NetworkPolicy object, in which every field is known (spec section 1). */
export const networkPolicy: Reader<RecordOf<typeof policyFields>> = closedRecord(policyFields);

type RawPeer = NonNullable<ReturnType<typeof peer.read>>;
type RawSelector = ReturnType<typeof selector.read>;

/** The spec as the server stores it: protocols and policyTypes defaulted (S18, S24, spec section 2). */
export function networkPolicySpec(raw: ReturnType<typeof spec.read>): NetworkPolicySpec {
  const ingress = (raw.ingress ?? []).map((rule) => ({
    ports: (rule.ports ?? []).map(policyPort),
    from: (rule.from ?? []).map(policyPeer),
  }));
  const egress = (raw.egress ?? []).map((rule) => ({
    ports: (rule.ports ?? []).map(policyPort),
    to: (rule.to ?? []).map(policyPeer),
  }));
  const types = raw.policyTypes ?? [];
  return {
    podSelector: labelSelector(raw.podSelector ?? {}),
    policyTypes: types.length > 0 ? types : ['Ingress', ...(egress.length > 0 ? ['Egress'] : [])],
    ingress,
    egress,
  };
}

function policyPort(raw: ReturnType<typeof port.read>): NetworkPolicyPort {
  return { ...raw, protocol: raw.protocol ?? 'TCP' };
}

function policyPeer(raw: RawPeer): NetworkPolicyPeer {
  const { podSelector, namespaceSelector, ipBlock } = raw;
  return {
    ...(podSelector === undefined ? {} : { podSelector: labelSelector(podSelector) }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: labelSelector(namespaceSelector) }),
    ...(ipBlock === undefined ? {} : { ipBlock: policyBlock(ipBlock) }),
  };
}

function policyBlock(raw: NonNullable<RawPeer['ipBlock']>): IPBlock {
  return { cidr: raw.cidr ?? '', except: raw.except ?? [] };
}

function labelSelector(raw: RawSelector): NetworkPolicySpec['podSelector'] {
  const { matchLabels, matchExpressions } = raw;
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
            key: key ?? '',
            operator: operator ?? '',
            ...(values === undefined ? {} : { values }),
          })),
        }),
  };
}
