import type { ClusterProgram } from '../../../engine/compiled/cluster-program.ts';
import { policyKey } from '../../../engine/state.ts';
import type { Direction } from '../../../engine/verdict.ts';
import { say } from '../../../model/say.ts';
import type { ClusterNetworkPolicy } from '../../../model/types.ts';
import { findShadow } from '../../../model/validate/shadowing.ts';
import type { Family } from '../../../net/address.ts';
import type { UnitClass } from '../../classes.ts';
import { priorityConflicts } from '../../conflicts.ts';
import type { LintContext } from '../context.ts';
import { listing, policyName } from '../words.ts';

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/** Cluster-wide policies: `equal-priority`, `unreachable-tier-rule`. */
export function checkTiers(context: LintContext): void {
  if (context.judged.clusterPolicies.length === 0) return;
  const { world } = context.input;
  const endpoints = () => ({ pods: world.units('workload'), outside: [...world.external(), ...world.domains()] });
  for (const diagnostic of priorityConflicts(context.state, endpoints)) {
    context.remark({ rule: 'equal-priority', path: [], message: diagnostic.message, diagnostic });
  }
  const uses = ruleUses(context);
  for (const policy of context.judged.clusterPolicies) {
    for (const direction of ['ingress', 'egress'] as const) {
      for (const index of policy.spec[direction].keys()) checkRule(context, uses, policy, direction, index);
    }
  }
}

/** What became of one rule over all pairs of ends. */
interface RuleUse {
  decides: boolean;
  /** The rules that were faster. */
  readonly before: Set<string>;
}

function useKey(policy: ClusterNetworkPolicy, direction: Direction, rule: number): string {
  return `${policyKey(policy)} ${direction} ${rule}`;
}

/** Every rule that matches something, by {@link useKey}. */
function ruleUses({ table }: LintContext): ReadonlyMap<string, RuleUse> {
  const uses = new Map<string, RuleUse>();
  for (const direction of ['ingress', 'egress'] as const) {
    for (const { tiers, subjects } of subjectsByTiers(table.classes, direction)) {
      const seen = new Set<string>();
      for (const target of table.classes) {
        if (direction === 'ingress' && !target.source) continue;
        for (const family of FAMILIES) {
          for (const subject of subjects) {
            if (!subject.families.includes(family) || isAlone(subject, target, table.unitsOf(target))) continue;
            for (const view of target.views[family]) {
              const destination = direction === 'egress' ? view.named : subject.named;
              const key = `${view.cluster?.id} ${tiers.hasNamed ? destination?.id : ''}`;
              if (view.cluster === undefined || seen.has(key)) continue;
              seen.add(key);
              for (const tier of ['Admin', 'Baseline'] as const) {
                note(uses, direction, tiers.shares(tier, view.cluster, destination));
              }
            }
            if (!tiers.hasNamed) break;
          }
        }
      }
    }
  }
  return uses;
}

function note(uses: Map<string, RuleUse>, direction: Direction, shares: ReturnType<ClusterProgram['shares']>): void {
  for (const [at, { policy, rule, matched, decides }] of shares.entries()) {
    if (matched.isEmpty()) continue;
    const key = useKey(policy, direction, rule);
    const use = uses.get(key) ?? { decides: false, before: new Set() };
    uses.set(key, use);
    use.decides ||= !decides.isEmpty();
    if (use.decides) continue;
    for (const earlier of shares.slice(0, at)) {
      if (earlier.decides.intersects(matched))
        use.before.add(say`rule ${earlier.rule + 1} of ${policyName(earlier.policy)}`);
    }
  }
}

function subjectsByTiers(
  classes: readonly UnitClass[],
  direction: Direction,
): Iterable<{ readonly tiers: ClusterProgram; readonly subjects: UnitClass[] }> {
  const rows = new Map<ClusterProgram, { tiers: ClusterProgram; subjects: UnitClass[] }>();
  for (const subject of classes) {
    const { tiers } = subject[direction];
    if (tiers === null) continue;
    const row = rows.get(tiers);
    if (row === undefined) rows.set(tiers, { tiers, subjects: [subject] });
    else row.subjects.push(subject);
  }
  return rows.values();
}

/** One Pod, which would meet nobody but itself. */
function isAlone(subject: UnitClass, target: UnitClass, units: ReturnType<LintContext['table']['unitsOf']>): boolean {
  return subject === target && units.length === 1 && units[0]?.pods.length === 1 && units[0].pods[0]?.kind === 'Pod';
}

function checkRule(
  context: LintContext,
  uses: ReadonlyMap<string, RuleUse>,
  policy: ClusterNetworkPolicy,
  direction: Direction,
  index: number,
): void {
  const use = uses.get(useKey(policy, direction, index));
  const shadow = findShadow(policy.spec[direction], index);
  const place = { rule: 'unreachable-tier-rule', object: policy, path: ['spec', direction, index] } as const;
  if (shadow !== undefined) {
    const message = say`never reached, whatever pods there are: rule ${shadow + 1} decides all that it matches`;
    context.remark({ ...place, message, help: say`put the narrower rule first` });
  } else if (use !== undefined && !use.decides) {
    const before = listing(use.before);
    const message =
      use.before.size === 1
        ? say`never reached in this input: ${before} decides all that it matches`
        : say`never reached in this input: ${before} decide all that it matches`;
    context.remark({ ...place, message, help: say`the first rule that matches decides; lower priorities go first` });
  }
}
