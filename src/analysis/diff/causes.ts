import { withSource } from '../../engine/outcome.ts';
import type { Flow } from '../../engine/state.ts';
import type { Direction, DirectionVerdict, PolicyRef, RuleRef, Verdict } from '../../engine/verdict.ts';
import type { Family } from '../../net/address.ts';
import type { PortEntry } from '../ports.ts';
import { isOwnNodePair } from '../reachability.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';
import type { Delta } from './deltas.ts';
import type { Edit, EditKind, PolicyEdit } from './edits.ts';
import type { Sides } from './sides.ts';
import type { JointUnit } from './units.ts';

/**
 * What a policy has to do with a change. Of opened ports: a rule `allows` them now, or the policy that `isolated` or
 * `denied` does no more. Of closed ports: it `isolates` or `denies` now, or the rule that `allowed` them is gone.
 */
export type Effect = 'allows' | 'isolated' | 'denied' | 'isolates' | 'denies' | 'allowed';

/** What a policy has to do with a change, and where: `rule` counts from 0, on the side that the effect is about. */
export interface CauseEffect {
  readonly effect: Effect;
  readonly direction: Direction;
  readonly rule?: number;
}

/** An object that caused a change by being added, removed or changed. The effect is that of policies, where it was worked out. */
export interface Cause extends PolicyRef, Partial<CauseEffect> {
  readonly change: EditKind;
  /** Where ports were both opened and closed: what it has to do with the closed ones; the fields above are of the others. */
  readonly closing?: CauseEffect & Pick<PolicyRef, 'source'>;
}

const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];

/** Says of edits what they did to a pair, by asking both worlds for a verdict on a port that differs. */
export class Explainer {
  readonly #worlds: Sides<World>;
  readonly #causes = new Map<string, Cause>();
  readonly #ids = new Map<Edit, number>();

  constructor(worlds: Sides<World>) {
    this.#worlds = worlds;
  }

  /** An edit as a cause, nothing more. One object for each edit. */
  plain(edit: Edit): Cause {
    return this.#cause(edit, {});
  }

  /** What the edits did to a pair. */
  explain(delta: Delta, because: readonly Edit[], from: JointUnit, to: JointUnit): readonly Cause[] {
    const verdicts = this.#verdicts(delta, from, to);
    return because.map((edit) => this.#explainOne(edit, verdicts));
  }

  #explainOne(edit: Edit, { opened, closed }: Probes): Cause {
    const policy = 'versions' in edit ? (edit as PolicyEdit) : undefined;
    if (policy === undefined) return this.plain(edit);
    const opening =
      this.#decides(policy, 'allows', opened.new) ??
      this.#decides(policy, 'denied', opened.old) ??
      this.#isolates(policy, 'isolated', opened.old);
    const closing =
      this.#decides(policy, 'denies', closed.new) ??
      this.#decides(policy, 'allowed', closed.old) ??
      this.#isolates(policy, 'isolates', closed.new);
    return opening === undefined || closing === undefined
      ? this.#cause(policy, opening ?? closing ?? {})
      : this.#cause(policy, opening, closing);
  }

  #decides(edit: PolicyEdit, effect: Effect, verdict: Verdict | undefined): CauseEffect | undefined {
    if (verdict === undefined) return undefined;
    for (const direction of DIRECTIONS) {
      const { allowed, decidedBy } = verdict[direction];
      if (allowed !== (effect === 'allows' || effect === 'allowed')) continue;
      if (decidedBy !== null && isSame(decidedBy, edit)) return { effect, direction, rule: decidedBy.rule };
    }
    return undefined;
  }

  #isolates(edit: PolicyEdit, effect: Effect, verdict: Verdict | undefined): CauseEffect | undefined {
    if (verdict === undefined) return undefined;
    const direction = DIRECTIONS.find((one) => isolatedBy(verdict[one], edit));
    return direction === undefined ? undefined : { effect, direction };
  }

  #cause(edit: Edit, found: Partial<CauseEffect>, closing?: CauseEffect): Cause {
    const id = this.#ids.get(edit) ?? this.#ids.size;
    this.#ids.set(edit, id);
    const text = ({ effect, direction, rule }: Partial<CauseEffect>): string =>
      `${effect ?? ''} ${direction ?? ''} ${rule ?? ''}`;
    const key = `${id} ${text(found)} ${text(closing ?? {})}`;
    let cause = this.#causes.get(key);
    if (cause === undefined) {
      const { kind, namespace, name } = edit.ref;
      const named = { kind, ...(namespace === undefined ? {} : { namespace }), name, change: edit.change, ...found };
      cause = placed(named, edit, found);
      if (closing !== undefined) cause = { ...cause, closing: placed(closing, edit, closing) };
      this.#causes.set(key, cause);
    }
    return cause;
  }

  #verdicts(delta: Delta, from: JointUnit, to: JointUnit): Probes {
    const probe = ([entry]: readonly PortEntry[], side: keyof Sides<unknown>): Sides<Verdict | undefined> => {
      const [source, target] = [from[side], to[side]];
      const none = { old: undefined, new: undefined };
      if (entry === undefined || source === undefined || target === undefined) return none;
      const family = entry.families?.[0] ?? source.families.find((own) => target.families.includes(own));
      const port = entry.ranges[0]?.[0];
      if (family === undefined || port === undefined) return none;
      const ask = (one: keyof Sides<unknown>): Verdict | undefined =>
        this.#verdict(one, from[one], to[one], family, entry.protocol, port);
      return { old: ask('old'), new: ask('new') };
    };
    return { opened: probe(delta.opened, 'new'), closed: probe(delta.closed, 'old') };
  }

  #verdict(
    side: keyof Sides<unknown>,
    from: Unit | undefined,
    to: Unit | undefined,
    family: Family,
    protocol: Flow['protocol'],
    port: number,
  ): Verdict | undefined {
    if (from === undefined || to === undefined) return undefined;
    const source = endOf(from, to, family);
    const target = endOf(to, from, family);
    if (source === undefined || target === undefined) return undefined;
    return this.#worlds[side].index.verdict({ from: source, to: target, family, protocol, port });
  }
}

/** Adds the place of the rule that an effect is about, else that of the object. */
function placed<T extends object>(
  to: T,
  edit: Edit,
  { effect, direction, rule }: Partial<CauseEffect>,
): T & Pick<PolicyRef, 'source'> {
  const side = effect === 'allowed' || effect === 'denied' ? 'old' : 'new';
  const version = 'versions' in edit ? (edit as PolicyEdit).versions[side] : undefined;
  if (rule !== undefined && direction !== undefined && version !== undefined) {
    return withSource(to, version.source, ['spec', direction, rule]);
  }
  const { source } = edit.ref;
  return source === undefined ? to : { ...to, source };
}

interface Probes {
  readonly opened: Sides<Verdict | undefined>;
  readonly closed: Sides<Verdict | undefined>;
}

function refKey({ kind, namespace, name }: PolicyRef): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

function isSame({ policy }: Pick<RuleRef, 'policy'>, edit: PolicyEdit): boolean {
  return refKey(policy) === refKey(edit.ref);
}

function isolatedBy({ allowed, isolatedBy: isolating }: DirectionVerdict, edit: PolicyEdit): boolean {
  return !allowed && isolating.some((policy) => isSame({ policy }, edit));
}

/** An end of a unit that has the family; of a workload beside its own node, a pod that runs there. */
function endOf(unit: Unit, other: Unit, family: Family): Flow['from'] | undefined {
  const pods = isOwnNodePair(unit, other)
    ? unit.pods.filter(({ node }) => node !== undefined && other.nodes.has(node))
    : unit.pods;
  const [pod] = pods;
  if (pod !== undefined) return { type: 'pod', pod };
  return unit.ends.find((end) => !('address' in end) || end.address === undefined || end.address.family === family);
}
