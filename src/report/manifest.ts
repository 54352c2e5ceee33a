import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyPeer,
  ClusterNetworkPolicyPort,
  ClusterNetworkPolicyRule,
  ClusterPodSelector,
  KubeObject,
  NetworkPolicy,
  ObjectMeta,
  Pod,
  PodSpec,
  Service,
  Workload,
} from '../model/types.ts';
import { gatewaySpec, grantSpec, ingressSpec, routeSpec } from './manifest-routes.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * An object as a manifest: read again it decodes to the same. Fields that were not kept are not written. Peers of a newer
 * API, which were not understood, are written as a field that is not understood either.
 */
export function manifestOf(object: KubeObject): Fields {
  const { apiVersion, kind } = object;
  const head = { apiVersion, kind, metadata: metadataOf(object.metadata) };
  switch (object.kind) {
    case 'NetworkPolicy':
      return { ...head, spec: networkPolicySpec(object) };
    case 'ClusterNetworkPolicy':
    case 'AdminNetworkPolicy':
    case 'BaselineAdminNetworkPolicy':
      return { ...head, spec: clusterPolicySpec(object) };
    case 'Namespace':
      return head;
    case 'Pod':
      return { ...head, spec: podSpec(object.spec), status: podStatus(object) };
    case 'Node':
      return {
        ...head,
        ...(object.podCIDRs.length === 0 ? {} : { spec: { podCIDRs: object.podCIDRs } }),
        status: { addresses: object.addresses },
      };
    case 'Service':
      return { ...head, spec: serviceSpec(object) };
    case 'Ingress':
      return { ...head, spec: ingressSpec(object) };
    case 'Gateway':
      return { ...head, spec: gatewaySpec(object) };
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'TCPRoute':
    case 'TLSRoute':
    case 'UDPRoute':
      return { ...head, spec: routeSpec(object) };
    case 'ReferenceGrant':
      return { ...head, spec: grantSpec(object) };
    case 'CronJob':
      return { ...head, spec: { jobTemplate: { spec: { template: templateOf(object) } } } };
    default: {
      const { replicas } = object;
      return { ...head, spec: { ...(replicas === undefined ? {} : { replicas }), template: templateOf(object) } };
    }
  }
}

function metadataOf(metadata: ObjectMeta): Fields {
  const { name, generateName, ...rest } = metadata;
  return { ...(name === '' ? {} : { name }), ...(generateName === undefined ? {} : { generateName }), ...rest };
}

function networkPolicySpec({ spec }: NetworkPolicy): Fields {
  const { podSelector, policyTypes, ingress, egress } = spec;
  const rule = (key: 'from' | 'to', peers: readonly Fields[], ports: readonly object[]): Fields => ({
    ...(peers.length === 0 ? {} : { [key]: peers }),
    ...(ports.length === 0 ? {} : { ports }),
  });
  const peers = (
    list: readonly { readonly ipBlock?: { readonly cidr: string; readonly except: readonly string[] } }[],
  ) =>
    list.map(({ ipBlock, ...selectors }) => ({
      ...selectors,
      ...(ipBlock === undefined ? {} : { ipBlock: ipBlock.except.length === 0 ? { cidr: ipBlock.cidr } : ipBlock }),
    }));
  return {
    podSelector,
    policyTypes,
    ...(ingress.length === 0 ? {} : { ingress: ingress.map(({ from, ports }) => rule('from', peers(from), ports)) }),
    ...(egress.length === 0 ? {} : { egress: egress.map(({ to, ports }) => rule('to', peers(to), ports)) }),
  };
}

function clusterPolicySpec({ kind, spec }: ClusterNetworkPolicy): Fields {
  const isCurrent = kind === 'ClusterNetworkPolicy';
  const rules = (key: 'from' | 'to', list: readonly ClusterNetworkPolicyRule[]): readonly Fields[] =>
    list.map(({ name, action, peers, ports }) => ({
      ...(name === undefined ? {} : { name }),
      action: action === 'Accept' && !isCurrent ? 'Allow' : action,
      [key]: peers.map(clusterPeer),
      ...(ports === undefined
        ? {}
        : isCurrent
          ? { protocols: ports.map(protocolEntry) }
          : { ports: ports.map(portEntry) }),
    }));
  return {
    ...(isCurrent ? { tier: spec.tier } : {}),
    ...(kind === 'BaselineAdminNetworkPolicy' ? {} : { priority: spec.priority }),
    subject: { pods: selectorsOf(spec.subject) },
    ...(spec.ingress.length === 0 ? {} : { ingress: rules('from', spec.ingress) }),
    ...(spec.egress.length === 0 ? {} : { egress: rules('to', spec.egress) }),
  };
}

function selectorsOf({ namespaceSelector, podSelector }: ClusterPodSelector): Fields {
  return { namespaceSelector, podSelector };
}

function clusterPeer(peer: ClusterNetworkPolicyPeer): Fields {
  switch (peer.type) {
    case 'pods':
      return { pods: selectorsOf(peer.pods) };
    case 'networks':
      return { networks: peer.networks };
    case 'nodes':
      return { nodes: peer.nodes };
    case 'domainNames':
      return { domainNames: peer.domainNames };
    case 'unknown':
      return { [peer.field]: {} };
  }
}

function protocolEntry(port: ClusterNetworkPolicyPort): Fields {
  if ('name' in port) return { destinationNamedPort: port.name };
  const { protocol, first, last } = port;
  const destinationPort = first === last ? { number: first } : { range: { start: first, end: last } };
  return { [protocol.toLowerCase()]: { destinationPort } };
}

function portEntry(port: ClusterNetworkPolicyPort): Fields {
  if ('name' in port) return { namedPort: port.name };
  const { protocol, first, last } = port;
  return first === last
    ? { portNumber: { protocol, port: first } }
    : { portRange: { protocol, start: first, end: last } };
}

function podSpec({ nodeName, hostNetwork, ports }: PodSpec): Fields {
  return {
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(hostNetwork ? { hostNetwork } : {}),
    containers: [{ name: 'all', ...(ports.length === 0 ? {} : { ports }) }],
  };
}

function podStatus({ status }: Pod): Fields {
  const { phase, podIPs, hostIPs } = status;
  const listed = (ips: readonly string[]): readonly Fields[] => ips.map((ip) => ({ ip }));
  return {
    ...(phase === undefined ? {} : { phase }),
    ...(podIPs.length === 0 ? {} : { podIP: podIPs[0], podIPs: listed(podIPs) }),
    ...(hostIPs.length === 0 ? {} : { hostIP: hostIPs[0], hostIPs: listed(hostIPs) }),
  };
}

function serviceSpec({ spec }: Service): Fields {
  const { type, selector, clusterIPs, headless, ports } = spec;
  const first = headless === true ? 'None' : clusterIPs[0];
  return {
    type,
    ...(Object.keys(selector).length === 0 ? {} : { selector }),
    ...(first === undefined ? {} : { clusterIP: first }),
    ...(clusterIPs.length === 0 ? {} : { clusterIPs }),
    ports,
  };
}

function templateOf({ template }: Workload): Fields {
  return { metadata: { labels: template.labels }, spec: podSpec(template.spec) };
}
