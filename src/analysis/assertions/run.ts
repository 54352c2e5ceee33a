import type { Assertion, EndPattern, ExceptPattern, PolicyTest } from '../../manifest/policy-test.ts';
import { say } from '../../model/say.ts';
import { type Diagnostic, type FieldPath, formatPath } from '../../model/source.ts';
import { compareCodePoints } from '../../model/text.ts';
import { AddressSet } from '../../net/address-set.ts';
import { misplacedEnd } from '../can.ts';
import { ClassTable } from '../classes.ts';
import { type PortQuery, parsePortQuery } from '../ports.ts';
import { blockSet, type ResolveError } from '../resolve.ts';
import { externalUnit, knownAddresses, type Unit } from '../units.ts';
import type { World } from '../world.ts';
import { patternText, resolvePattern } from './ends.ts';
import { type Counterexample, judge, type ResolvedAssertion } from './judge.ts';

/** An assertion with what became of it. */
export interface AssertionResult {
  readonly test: PolicyTest;
  readonly assertion: Assertion;
  /** Its name, or what it says: `internet -> shop/* is denied`. */
  readonly title: string;
  readonly passed: boolean;
  /** Pairs of endpoints that it is about, and how many of them are not as expected. */
  readonly pairs: number;
  readonly failed: number;
  /** Not all failing pairs: one for each group of pairs that policies treat alike, and not more than twenty. */
  readonly counterexamples: readonly Counterexample[];
}

/** What became of all assertions, in their order. */
export interface PolicyTestRun {
  readonly results: readonly AssertionResult[];
  /** Errors of assertions that mean nothing here: those have no result. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Judges the assertions of tests. An assertion that cannot be wrong proves nothing, so these are errors, unless it has
 * `allowEmpty`: a name, wildcard or selector that matches nothing (`unknown-endpoint`), an exception that excludes
 * nothing (`idle-exception`), and an assertion about no pair or no port (`vacuous`). `bad-port` is one always.
 */
export function runPolicyTests(world: World, tests: readonly PolicyTest[]): PolicyTestRun {
  const diagnostics: Diagnostic[] = [];
  const resolved = tests.flatMap((test) =>
    test.assertions.map((assertion) => ({
      test,
      assertion,
      ends: resolveAssertion(world, test, assertion, diagnostics),
    })),
  );
  const { table, order } = classTable(
    world,
    resolved.flatMap(({ ends }) => (ends === undefined ? [] : [...ends.from, ...ends.to])),
  );
  const results: AssertionResult[] = [];
  for (const { test, assertion, ends } of resolved) {
    if (ends === undefined) continue;
    const { pairs, failed, counterexamples, anyPort } = judge(world, table, order, ends);
    const vacuous = pairs === 0 ? emptyReason(assertion, ends) : anyPort ? undefined : noPortReason(assertion);
    if (vacuous !== undefined && !assertion.allowEmpty) {
      diagnostics.push(
        problem(test, assertion.path, 'vacuous', vacuous, say`allowEmpty: true says that this is as it should be`),
      );
      continue;
    }
    const passed = failed === 0;
    results.push({ test, assertion, title: title(assertion), passed, pairs, failed, counterexamples });
  }
  return { results, diagnostics: inOrder(diagnostics, tests) };
}

/** By file in the order of the tests, then by place. */
function inOrder(diagnostics: readonly Diagnostic[], tests: readonly PolicyTest[]): Diagnostic[] {
  const files = [...new Set(tests.map(({ source }) => source.file))];
  const rank = ({ source }: Diagnostic): readonly [number, number, number] =>
    source === undefined ? [-1, 0, 0] : [files.indexOf(source.file), source.line, source.column];
  return [...diagnostics].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
  });
}

/** What an assertion says, where it has no name. */
function title({ name, from, to, ports, expect, except, family }: Assertion): string {
  if (name !== undefined && name !== '') return name;
  const listed = (patterns: readonly EndPattern[]): string => patterns.map(patternText).join(', ');
  const port = ports.length === 0 ? '' : ` ${ports.map(({ text }) => text).join(', ')}`;
  const excluded = except.map((pattern) => {
    const text = patternText(pattern);
    return pattern.side === undefined ? text : pattern.side === 'from' ? say`from ${text}` : say`to ${text}`;
  });
  const ends = `${listed(from)} -> ${listed(to)}${port}`;
  const expected = expect === 'allowed' ? allowed(ends, family) : denied(ends, family);
  return except.length === 0 ? expected : say`${expected} except ${excluded.join(', ')}`;
}

function allowed(ends: string, family: string | undefined): string {
  return family === undefined ? say`${ends} is allowed` : say`${ends} on ${family} is allowed`;
}

function denied(ends: string, family: string | undefined): string {
  return family === undefined ? say`${ends} is denied` : say`${ends} on ${family} is denied`;
}

function emptyReason({ except }: Assertion, { from, to }: ResolvedAssertion): string {
  if (except.length > 0 && (from.length === 0 || to.length === 0)) {
    return say`it is about no pair: its exceptions leave nothing on one side; \`except: { from: … }\` is about one side only`;
  }
  const outside = (units: readonly Unit[]): boolean => units.every(({ pods, nodes }) => pods.length + nodes.size === 0);
  if (from.length > 0 && to.length > 0 && outside(from) && outside(to)) {
    return say`it is about no pair: both ends are outside the cluster, and policies say nothing of that`;
  }
  const [only] = from;
  if (from.length === 1 && to.length === 1 && only !== undefined && only.endpoint.id === to[0]?.endpoint.id) {
    return say`it is about no pair: ${only.endpoint.id} always reaches itself`;
  }
  return say`it is about no pair of endpoints`;
}

function noPortReason({ ports }: Assertion): string {
  return say`it is about no port: no destination has a container port named ${ports.map(({ text }) => text).join(say` or `)}`;
}

function problem(test: PolicyTest, path: FieldPath, code: string, message: string, help?: string): Diagnostic {
  return {
    code,
    severity: 'error',
    path: formatPath(path),
    message,
    ...(help === undefined ? {} : { help }),
    source: test.source.locate(path),
  };
}

/** What the names of an assertion stand for. Undefined when something in it is wrong; the diagnostics say what. */
export function resolveAssertion(
  world: World,
  test: PolicyTest,
  assertion: Assertion,
  diagnostics: Diagnostic[],
): ResolvedAssertion | undefined {
  const before = diagnostics.length;
  const report = (pattern: EndPattern, { error, suggestions }: ResolveError): void => {
    const help = suggestions.length === 0 ? undefined : say`did you mean ${suggestions.join(say` or `)}?`;
    diagnostics.push(problem(test, pattern.path, 'unknown-endpoint', error, help));
  };
  const lookUp = (patterns: readonly EndPattern[], end: 'from' | 'to' | 'except' = 'except'): (readonly Unit[])[] =>
    patterns.map((pattern) => {
      const found = resolvePattern(world, pattern);
      if ('error' in found) {
        if (!assertion.allowEmpty) report(pattern, found);
        return [];
      }
      const misplaced = end === 'except' ? undefined : misplacedEnd(end, { id: patternText(pattern), units: found });
      if (misplaced !== undefined) report(pattern, misplaced);
      return found;
    });
  const from = distinct(lookUp(assertion.from, 'from').flat());
  const to = distinct(lookUp(assertion.to, 'to').flat());
  const ports: PortQuery[] = [];
  for (const { text, path } of assertion.ports) {
    const query = parsePortQuery(text);
    if ('error' in query) diagnostics.push(problem(test, path, 'bad-port', query.error));
    else ports.push(query);
  }
  let ends = { from, to };
  for (const [index, excluded] of lookUp(assertion.except).entries()) {
    const pattern = assertion.except[index] as ExceptPattern;
    if (excluded.length === 0) continue;
    const left = {
      from: pattern.side === 'to' ? ends.from : without(world, ends.from, excluded),
      to: pattern.side === 'from' ? ends.to : without(world, ends.to, excluded),
    };
    if (left.from === ends.from && left.to === ends.to && !assertion.allowEmpty) {
      const error = say`the exception ${patternText(pattern)} excludes nothing: it is no end of this assertion`;
      diagnostics.push(problem(test, pattern.path, 'idle-exception', error));
    }
    ends = left;
  }
  if (diagnostics.length > before) return undefined;
  const exact = [...assertion.from, ...assertion.to].every((end) => end.type === 'name' && !end.name.includes('*'));
  const withSelf = exact && isOneWorkload([...ends.from, ...ends.to]);
  return { ...ends, ports, expect: assertion.expect, family: assertion.family, withSelf };
}

function distinct(units: readonly Unit[]): readonly Unit[] {
  const byKey = new Map<string, Unit>();
  // One address of a node is another end than the node.
  for (const unit of units) byKey.set(`${unit.endpoint.id} ${unit.ends.length}`, unit);
  return [...byKey.values()];
}

/** The units that are not excluded, address blocks cut where only a part is; `units` itself when nothing is excluded. */
function without(world: World, units: readonly Unit[], excluded: readonly Unit[]): readonly Unit[] {
  const ids = new Set(excluded.map(({ endpoint }) => endpoint.id));
  const pods = new Set(excluded.flatMap((unit) => unit.pods.map(({ id }) => id)));
  const addresses = AddressSet.unionOf(
    excluded.filter(({ endpoint }) => endpoint.type === 'external').map((unit) => blockSet(unit)),
  );
  const known = knownAddresses(world.state);
  let changed = false;
  const left = units.flatMap((unit): Unit[] => {
    if (unit.endpoint.type === 'external') {
      const set = blockSet(unit);
      if (!set.intersects(addresses)) return [unit];
      changed = true;
      const rest = set.subtract(addresses);
      const cut = rest.isEmpty() ? undefined : externalUnit(rest, known);
      return cut === undefined ? [] : [cut];
    }
    const gone = ids.has(unit.endpoint.id) || (unit.pods.length > 0 && unit.pods.every(({ id }) => pods.has(id)));
    changed ||= gone;
    return gone ? [] : [unit];
  });
  return changed ? left : units;
}

function classTable(
  world: World,
  units: readonly Unit[],
): { readonly table: ClassTable; readonly order: ReadonlyMap<Unit, number> } {
  const all = [...new Set(units)].sort((a, b) => compareCodePoints(a.endpoint.id, b.endpoint.id));
  return { table: new ClassTable(world.index, all), order: new Map(all.map((unit, index) => [unit, index])) };
}

/** Whether all units are one workload, its variants included. */
function isOneWorkload(units: readonly Unit[]): boolean {
  const [first] = units;
  return (
    first !== undefined &&
    first.pods.length > 0 &&
    units.every(
      ({ endpoint, pods }) =>
        pods.length > 0 &&
        endpoint.namespace === first.endpoint.namespace &&
        endpoint.name === first.endpoint.name &&
        endpoint.workloadKind === first.endpoint.workloadKind,
    )
  );
}
