import { compilePort, EVERY_PORT, mergeSpecs, type PortSpec } from '../../engine/compiled/program.ts';
import { blockAddresses } from '../../engine/peer-match.ts';
import { namespaceOf } from '../../engine/state.ts';
import { selectorIsEmpty, selectorKey } from '../../model/selector.ts';
import type { LabelSelector, NetworkPolicyPeer, NetworkPolicyPort } from '../../model/types.ts';
import { PortSet } from '../../net/port-set.ts';
import type { PolicyRule } from './policy-rule.ts';

/**
 * Whether a rule admits all that another does, whatever pods there are: told from the two rules alone, so that `false`
 * means "not plainly". Selectors are compared by what they require, not by what they could imply.
 */
export function plainlyCovers(wide: PolicyRule, narrow: PolicyRule): boolean {
  if (wide.direction !== narrow.direction || !wide.inForce) return false;
  if (wide.policy === narrow.policy ? wide.index === narrow.index : !coversSubject(wide, narrow)) return false;
  const namespace = namespaceOf(narrow.policy);
  return (
    coversPorts(wide.ports, narrow.ports) &&
    (wide.peers.length === 0 ||
      (narrow.peers.length > 0 &&
        narrow.peers.every((peer) => wide.peers.some((other) => coversPeer(other, peer, namespace)))))
  );
}

function coversSubject({ policy: wide }: PolicyRule, { policy: narrow }: PolicyRule): boolean {
  return namespaceOf(wide) === namespaceOf(narrow) && coversSelector(wide.spec.podSelector, narrow.spec.podSelector);
}

/** Whether one peer matches all that another does; both of policies of one namespace. */
export function coversPeer(wide: NetworkPolicyPeer, narrow: NetworkPolicyPeer, namespace: string): boolean {
  if (wide.ipBlock !== undefined || narrow.ipBlock !== undefined) {
    if (wide.ipBlock === undefined || narrow.ipBlock === undefined) return false;
    return blockAddresses(wide.ipBlock).containsSet(blockAddresses(narrow.ipBlock));
  }
  if (isNobody(wide) || isNobody(narrow)) return false;
  return (
    coversSelector(wide.podSelector ?? {}, narrow.podSelector ?? {}) &&
    coversScope(wide.namespaceSelector, narrow.namespaceSelector, namespace)
  );
}

function isNobody({ podSelector, namespaceSelector }: NetworkPolicyPeer): boolean {
  return podSelector === undefined && namespaceSelector === undefined;
}

function coversScope(wide: LabelSelector | undefined, narrow: LabelSelector | undefined, namespace: string): boolean {
  if (wide === undefined) return narrow === undefined || isNamed(narrow, namespace);
  if (selectorIsEmpty(wide)) return true;
  return narrow === undefined ? isNamed(wide, namespace) : selectorKey(wide) === selectorKey(narrow);
}

/** The selector of one namespace by its name. */
function isNamed(selector: LabelSelector, namespace: string): boolean {
  return selectorKey(selector) === selectorKey({ matchLabels: { 'kubernetes.io/metadata.name': namespace } });
}

function coversSelector(wide: LabelSelector, narrow: LabelSelector): boolean {
  return selectorIsEmpty(wide) || selectorKey(wide) === selectorKey(narrow);
}

function coversPorts(wide: readonly NetworkPolicyPort[], narrow: readonly NetworkPolicyPort[]): boolean {
  return coversSpec(specOf(wide), specOf(narrow));
}

function specOf(ports: readonly NetworkPolicyPort[]): PortSpec {
  return ports.length === 0 ? EVERY_PORT : mergeSpecs(ports.map(compilePort));
}

/** Whether one entry of `ports` admits all that another does. */
export function coversPort(wide: NetworkPolicyPort, narrow: NetworkPolicyPort): boolean {
  return coversSpec(compilePort(wide), compilePort(narrow));
}

function coversSpec(wide: PortSpec, narrow: PortSpec): boolean {
  return (
    wide.fixed.containsSet(narrow.fixed) &&
    narrow.named.every(
      ({ protocol, name }) =>
        wide.fixed.containsSet(PortSet.allOf(protocol)) ||
        wide.named.some((other) => other.protocol === protocol && other.name === name),
    )
  );
}
