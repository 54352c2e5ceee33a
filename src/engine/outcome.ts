import type { FieldPath, ObjectSource, SourcePosition } from '../model/source.ts';
import { compareCodePoints } from '../model/text.ts';
import { type ClusterNetworkPolicy, type NetworkPolicy, type ObjectMeta, objectRef } from '../model/types.ts';
import { namespaceOf } from './state.ts';
import type { Direction, DirectionVerdict, NearMiss, PolicyRef, RuleRef, Tier } from './verdict.ts';

/** The rule that decides a flow, before it is put into words and positions. Indexes as in {@link RuleRef}. */
export interface RuleHit {
  readonly policy: NetworkPolicy | ClusterNetworkPolicy;
  readonly direction: Direction;
  readonly rule: number;
  readonly peer: number | null;
  readonly port: number | null;
  readonly action: RuleRef['action'];
}

/** Policies in the order in which results name them: by namespace, then name. */
export function sortPolicies<T extends { readonly metadata: ObjectMeta }>(policies: readonly T[]): T[] {
  return [...policies].sort(
    (a, b) => compareCodePoints(namespaceOf(a), namespaceOf(b)) || compareCodePoints(a.metadata.name, b.metadata.name),
  );
}

/** Cluster-wide policies in the order of evaluation: by priority, equal ones by name, then kind. */
export function comparePrecedence(a: ClusterNetworkPolicy, b: ClusterNetworkPolicy): number {
  return (
    a.spec.priority - b.spec.priority ||
    compareCodePoints(a.metadata.name, b.metadata.name) ||
    compareCodePoints(a.kind, b.kind)
  );
}

/** Puts a decision into the shape that both implementations answer with. */
export function directionVerdict(
  allowed: boolean,
  tier: Tier,
  reason: {
    readonly isolating?: readonly NetworkPolicy[];
    readonly hit?: RuleHit;
    readonly passed?: readonly RuleHit[];
    readonly nearMisses?: readonly NearMiss[];
  } = {},
): DirectionVerdict {
  const { isolating = [], hit, passed = [], nearMisses = [] } = reason;
  return {
    allowed,
    tier,
    decidedBy: hit === undefined ? null : ruleRef(hit),
    isolatedBy: isolating.map(policyRef),
    ...(passed.length === 0 ? {} : { passedBy: passed.map(ruleRef) }),
    nearMisses,
  };
}

/** The reference to a policy, with the place it begins at. */
export function policyRef(policy: NetworkPolicy | ClusterNetworkPolicy): PolicyRef {
  const ref = objectRef(policy);
  return policy.source === undefined ? ref : { ...ref, source: policy.source.start };
}

function ruleRef(hit: RuleHit): RuleRef {
  const { policy, direction, rule, peer, port, action } = hit;
  const name = policy.kind === 'NetworkPolicy' ? undefined : policy.spec[direction][rule]?.name;
  const ref = {
    policy: policyRef(policy),
    rule,
    ...(name === undefined ? {} : { ruleName: name }),
    peer,
    port,
    action,
  };
  return withSource(ref, policy.source, ['spec', direction, rule]);
}

/**
 * Adds `source` to a result, found only when it is read: finding a field's place may mean reading its document again,
 * which most users of a verdict never need.
 */
export function withSource<T extends object>(
  target: T,
  source: ObjectSource | undefined,
  path: FieldPath,
): T & { readonly source?: SourcePosition } {
  if (source === undefined) return target;
  let place: SourcePosition | undefined;
  return Object.defineProperty(target, 'source', {
    enumerable: true,
    get(): SourcePosition {
      if (place === undefined) {
        const { file, line, column } = source.locate(path);
        place = { file, line, column };
      }
      return place;
    },
  });
}
