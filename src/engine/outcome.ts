import type { FieldPath, ObjectSource, SourcePosition } from '../model/source.ts';
import { compareText } from '../model/text.ts';
import { type NetworkPolicy, type ObjectMeta, objectRef } from '../model/types.ts';
import { namespaceOf } from './state.ts';
import type { Direction, DirectionVerdict, NearMiss, PolicyRef, RuleRef, Tier } from './verdict.ts';

/** The rule that admits a flow, before it is put into words and positions. Indexes as in {@link RuleRef}. */
export interface RuleHit {
  readonly policy: NetworkPolicy;
  readonly direction: Direction;
  readonly rule: number;
  readonly peer: number | null;
  readonly port: number | null;
  readonly action: RuleRef['action'];
}

/** Policies in the order in which results name them: by namespace, then name. */
export function sortPolicies<T extends { readonly metadata: ObjectMeta }>(policies: readonly T[]): T[] {
  return [...policies].sort(
    (a, b) => compareText(namespaceOf(a), namespaceOf(b)) || compareText(a.metadata.name, b.metadata.name),
  );
}

/** Puts a decision into the shape that both implementations answer with. */
export function directionVerdict(
  allowed: boolean,
  tier: Tier,
  reason: {
    readonly isolating?: readonly NetworkPolicy[];
    readonly hit?: RuleHit;
    readonly nearMisses?: readonly NearMiss[];
  } = {},
): DirectionVerdict {
  return {
    allowed,
    tier,
    decidedBy: reason.hit === undefined ? null : ruleRef(reason.hit),
    isolatedBy: (reason.isolating ?? []).map(policyRef),
    nearMisses: reason.nearMisses ?? [],
  };
}

/** The reference to a policy, with the place it begins at. */
export function policyRef(policy: NetworkPolicy): PolicyRef {
  const ref = objectRef(policy);
  return policy.source === undefined ? ref : { ...ref, source: policy.source.start };
}

function ruleRef(hit: RuleHit): RuleRef {
  const { policy, direction, rule, peer, port, action } = hit;
  const ref = { policy: policyRef(policy), rule, peer, port, action };
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
