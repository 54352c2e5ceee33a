import type { Diagnostic, FieldPath } from '../source.ts';
import { type NetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort, objectRef } from '../types.ts';
import { FieldErrors } from './field-errors.ts';
import { validateIPBlock, warnOfIPBlock } from './ip-block.ts';
import { validateMetadata } from './metadata.ts';
import { portNameProblems } from './names.ts';
import { validateSelector } from './selector.ts';

export interface ValidationOptions {
  /** Accept irregular CIDRs with a warning, as servers before 1.36 do by default, instead of refusing them. */
  readonly legacyCidrs?: boolean;
}

/**
 * What the API server says of a policy on creation: its errors in its order, one diagnostic for each and with its
 * texts, then its warnings (spec section 3). Texts are those of the newest version.
 *
 * Error codes: `required`, `invalid`, `unsupported`, `forbidden`, `too-long`; warnings: `cidr-format`.
 */
export function validateNetworkPolicy(policy: NetworkPolicy, options: ValidationOptions = {}): Diagnostic[] {
  const { legacyCidrs = false } = options;
  const errors = new FieldErrors(objectRef(policy), policy.source);
  const { podSelector, policyTypes } = policy.spec;
  validateMetadata(policy.metadata, errors);
  validateSelector(podSelector, ['spec', 'podSelector'], errors);
  for (const { path, ports, peersField, peers } of rules(policy)) {
    for (const [index, port] of ports.entries()) validatePort(port, [...path, 'ports', index], errors);
    for (const [index, peer] of peers.entries()) {
      const peerPath = [...path, peersField, index];
      validatePeer(peer, peerPath, legacyCidrs, errors);
      if (peer.ipBlock !== undefined) warnOfIPBlock(peer.ipBlock, [...peerPath, 'ipBlock'], legacyCidrs, errors);
    }
  }
  validatePolicyTypes(policyTypes, errors);
  return [...errors.errors, ...errors.warnings];
}

interface Rule {
  readonly path: FieldPath;
  readonly ports: readonly NetworkPolicyPort[];
  readonly peersField: 'from' | 'to';
  readonly peers: readonly NetworkPolicyPeer[];
}

function rules({ spec }: NetworkPolicy): Rule[] {
  return [
    ...spec.ingress.map(
      ({ ports, from }, index): Rule => ({
        path: ['spec', 'ingress', index],
        ports,
        peersField: 'from',
        peers: from,
      }),
    ),
    ...spec.egress.map(
      ({ ports, to }, index): Rule => ({ path: ['spec', 'egress', index], ports, peersField: 'to', peers: to }),
    ),
  ];
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const PORT_RANGE = 'must be between 1 and 65535, inclusive';

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: FieldPath, errors: FieldErrors): void {
  const portPath = [...path, 'port'];
  const endPath = [...path, 'endPort'];
  if (!PROTOCOLS.includes(protocol)) errors.unsupported([...path, 'protocol'], protocol, PROTOCOLS);
  if (typeof port === 'number') {
    if (!isPort(port)) errors.invalid(portPath, port, PORT_RANGE);
    if (endPort === undefined) return;
    if (endPort < port) errors.invalid(endPath, endPort, 'must be greater than or equal to `port`');
    if (!isPort(endPort)) errors.invalid(endPath, endPort, PORT_RANGE);
  } else if (port !== undefined) {
    if (endPort !== undefined) {
      errors.invalid(endPath, endPort, 'may not be specified when `port` is non-numeric');
    }
    errors.invalidEach(portPath, port, portNameProblems(port));
  } else if (endPort !== undefined) {
    errors.invalid(endPath, endPort, 'may not be specified when `port` is not specified');
  }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}

function validatePeer(peer: NetworkPolicyPeer, path: FieldPath, legacyCidrs: boolean, errors: FieldErrors): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const hasSelector = podSelector !== undefined || namespaceSelector !== undefined;
  if (podSelector !== undefined) validateSelector(podSelector, [...path, 'podSelector'], errors);
  if (namespaceSelector !== undefined) validateSelector(namespaceSelector, [...path, 'namespaceSelector'], errors);
  if (ipBlock !== undefined) validateIPBlock(ipBlock, [...path, 'ipBlock'], legacyCidrs, errors);
  if (!hasSelector && ipBlock === undefined) errors.required(path, 'must specify a peer');
  else if (hasSelector && ipBlock !== undefined)
    errors.forbidden(path, 'may not specify both ipBlock and another peer');
}

const POLICY_TYPES = ['Ingress', 'Egress'];

function validatePolicyTypes(types: readonly string[], errors: FieldErrors): void {
  const path = ['spec', 'policyTypes'];
  if (types.length > POLICY_TYPES.length) {
    errors.invalid(path, types, 'may not specify more than two policyTypes');
    return;
  }
  for (const [index, type] of types.entries()) {
    if (!POLICY_TYPES.includes(type)) errors.unsupported([...path, index], type, POLICY_TYPES);
  }
}
