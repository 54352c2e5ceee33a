import type { PolicyTest } from '../../manifest/policy-test.ts';
import type { Diagnostic } from '../../model/source.ts';
import { AddressSet } from '../../net/address-set.ts';
import { type ChangeGroup, diffReachability } from '../diff.ts';
import type { PortEntry, PortQuery } from '../ports.ts';
import { blockSet } from '../resolve.ts';
import type { Endpoint, Unit } from '../units.ts';
import type { World } from '../world.ts';
import type { ResolvedAssertion } from './judge.ts';
import { type AssertionResult, resolveAssertion, runPolicyTests } from './run.ts';

/** A guardrail that a change breaks. */
export interface Breach {
  /** Of the world after the change. */
  readonly result: AssertionResult;
  /** The pairs that the change adds to those that failed before; empty when the guardrail held before. */
  readonly worse: readonly ChangeGroup[];
}

/** What a change does to guardrails. */
export interface GuardrailJudgement {
  /** Held before, or fail on more than before. */
  readonly breaches: readonly Breach[];
  /** Fail as before: the change is not to blame. */
  readonly standing: readonly AssertionResult[];
  /** Assertions that mean nothing after the change: they guard nothing. */
  readonly unjudged: readonly Diagnostic[];
}

/** Judges assertions as guardrails of a change: only what it makes worse counts against it. */
export function judgeGuardrails(before: World, after: World, tests: readonly PolicyTest[]): GuardrailJudgement {
  const { results, diagnostics: unjudged } = runPolicyTests(after, tests);
  const failing = results.filter(({ passed }) => !passed);
  const breaches: Breach[] = [];
  const standing: AssertionResult[] = [];
  if (failing.length === 0) return { breaches, standing, unjudged };
  const held = new Set(
    runPolicyTests(before, tests)
      .results.filter(({ passed }) => passed)
      .map(({ assertion }) => assertion),
  );
  let changes: Changes | undefined;
  for (const result of failing) {
    if (held.has(result.assertion)) breaches.push({ result, worse: [] });
    else {
      changes ??= changesOf(before, after);
      const worse = worsened(changes, before, after, result);
      if (worse.length > 0) breaches.push({ result, worse });
      else standing.push(result);
    }
  }
  return { breaches, standing, unjudged };
}

interface Changes {
  readonly groups: readonly ChangeGroup[];
  readonly external: ReadonlyMap<string, Endpoint>;
}

function changesOf(before: World, after: World): Changes {
  const result = diffReachability(before, after);
  if ('error' in result) return { groups: [], external: new Map() };
  const { diff } = result;
  return { groups: diff.groups(), external: new Map(diff.external.map((endpoint) => [endpoint.id, endpoint])) };
}

/**
 * The changes in the direction that the assertion forbids, between ends that it is about. A block of addresses of which
 * only a part is meant counts whole: in doubt a change is worse, never better.
 */
function worsened(changes: Changes, before: World, after: World, { test, assertion }: AssertionResult): ChangeGroup[] {
  const ends = [before, after].flatMap((world) => resolveAssertion(world, test, assertion, []) ?? []);
  const from = new Ends(
    ends.flatMap((one) => one.from),
    changes.external,
  );
  const to = new Ends(
    ends.flatMap((one) => one.to),
    changes.external,
  );
  const ports = ends.flatMap((one) => one.ports);
  return changes.groups.flatMap((group) => {
    const wrong = assertion.expect === 'denied' ? group.opened : group.closed;
    const asked = wrong.filter((entry) => isAsked(entry, ports, ends[0]));
    if (asked.length === 0) return [];
    const sources = group.from.filter((id) => from.has(id));
    const targets = group.to.filter((id) => to.has(id));
    if (sources.length === 0 || targets.length === 0) return [];
    const shown = assertion.expect === 'denied' ? { opened: asked } : { closed: asked };
    return [{ ...group, ...shown, from: sources, to: targets }];
  });
}

/** Endpoints by the ids that differences have for them. */
class Ends {
  readonly #ids: ReadonlySet<string>;
  readonly #addresses: AddressSet;
  readonly #external: ReadonlyMap<string, Endpoint>;

  constructor(units: readonly Unit[], external: ReadonlyMap<string, Endpoint>) {
    this.#ids = new Set(units.map(({ endpoint }) => endpoint.id));
    this.#addresses = AddressSet.unionOf(
      units.filter(({ endpoint }) => endpoint.type === 'external').map((unit) => blockSet(unit)),
    );
    this.#external = external;
  }

  has(id: string): boolean {
    const block = this.#external.get(id);
    if (block !== undefined) return blockSet({ endpoint: block }).intersects(this.#addresses);
    // A variant that is another one after the change is named by both: `shop/cart[Deployment]{track=a}->{track=b}`.
    return (
      this.#ids.has(id) || [...this.#ids].some((own) => id.includes('->') && id.startsWith(own.replace(/\].*/, ']')))
    );
  }
}

function isAsked(
  { protocol, ranges }: PortEntry,
  ports: readonly PortQuery[],
  ends: ResolvedAssertion | undefined,
): boolean {
  if (ends === undefined || ports.length === 0) return true;
  return ports.some((port) => {
    if (port.protocol !== undefined && port.protocol !== protocol) return false;
    if (port.first === undefined) return true;
    const [first, last] = [port.first, port.last ?? port.first];
    return ranges.some(([low, high]) => low <= last && first <= high);
  });
}
