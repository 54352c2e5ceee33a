import type { Cause, ChangeGroup, Endpoint, ReachabilityDiff } from '../analysis/index.ts';
import { formatPosition } from './diagnostics.ts';
import { count, visible } from './text.ts';

/** What the formats need of a difference. */
export type DiffSource = Pick<
  ReachabilityDiff,
  'added' | 'removed' | 'external' | 'policies' | 'counts' | 'changes' | 'groups'
>;

/** How the formats for people are written. */
export interface DiffTextOptions {
  /** The inputs differ as text; told when nothing else does. */
  readonly textDiffers?: boolean;
}

/** Ends of one side that are written out; the others are counted. */
const SHOWN_ENDS = 3;

/** A group as rows show it: of what was opened, or of what was closed. */
export interface DiffRow {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly pairs: number;
  readonly group: ChangeGroup;
  /** Why, one cause each. */
  readonly because: readonly string[];
}

/** The groups that open something, and those that close something; a group may be among both. */
export function diffRows(diff: DiffSource): {
  readonly opened: readonly DiffRow[];
  readonly closed: readonly DiffRow[];
} {
  const added = new Set(diff.added.map(({ id }) => id));
  const removed = new Set(diff.removed.map(({ id }) => id));
  const groups = diff.groups();
  const row = (group: ChangeGroup, closed: boolean): DiffRow => {
    const { from, to, pairs } = group;
    const ends = [...new Set([...from, ...to])];
    const because = [
      ...endCause(
        ends.filter((id) => added.has(id)),
        'new',
      ),
      ...endCause(
        ends.filter((id) => removed.has(id)),
        'gone',
      ),
      ...group.because.map((cause) => causeText(closed ? { ...cause, ...cause.closing } : cause)),
    ];
    return { from, to, pairs, group, because };
  };
  return {
    opened: groups.filter(({ opened }) => opened.length > 0).map((group) => row(group, false)),
    closed: groups.filter(({ closed }) => closed.length > 0).map((group) => row(group, true)),
  };
}

function endCause(ids: readonly string[], what: string): string[] {
  return ids.length === 0 ? [] : [`${namedEnds(ids).join(', ')} ${ids.length === 1 ? 'is' : 'are'} ${what}`];
}

/** The first ids, and how many more there are. */
export function namedEnds(ids: readonly string[]): string[] {
  const shown = ids.slice(0, ids.length === SHOWN_ENDS + 1 ? ids.length : SHOWN_ENDS).map(visible);
  return shown.length === ids.length ? shown : [...shown, `${ids.length - shown.length} more`];
}

const CHANGED: Readonly<Record<Cause['change'], string>> = {
  added: 'added',
  removed: 'removed',
  edited: 'edited',
  relabelled: 'labels changed',
  changed: 'addresses, ports or node changed',
};

/** `NetworkPolicy shop/cart edited: ingress rule 2 allows it (cart.yaml:14:7)`. */
export function causeText(cause: Cause): string {
  const { kind, namespace, name, change, source } = cause;
  const effect = effectText(cause);
  const place = source === undefined ? '' : ` (${formatPosition(source)})`;
  const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return `${visible(object)} ${CHANGED[change]}${effect === undefined ? '' : `: ${effect}`}${place}`;
}

function effectText({ effect, direction, rule, change }: Cause): string | undefined {
  if (effect === undefined) return undefined;
  const rules = `${direction ?? ''} rule ${(rule ?? 0) + 1}`;
  const end = direction === 'egress' ? 'the source' : 'the destination';
  const before = (verb: string): string =>
    change === 'removed' ? `its ${rules} ${verb} it` : `${rules} ${verb} it before`;
  const texts: Readonly<Record<NonNullable<Cause['effect']>, string>> = {
    allows: `${rules} allows it`,
    allowed: before('allowed'),
    denies: `${rules} denies it`,
    denied: before('denied'),
    isolates: `it isolates ${end}`,
    isolated: `it isolated ${end}`,
  };
  return texts[effect];
}

const TYPES: Readonly<Record<Endpoint['type'], readonly [string, string]>> = {
  workload: ['workload', 'workloads'],
  node: ['node', 'nodes'],
  host: ['host pod', 'host pods'],
  external: ['outside block', 'outside blocks'],
  domain: ['domain', 'domains'],
  'ingress-controller': ['ingress controller', 'ingress controllers'],
};

function countEndpoints(endpoints: readonly Endpoint[], what: string): string[] {
  return (Object.keys(TYPES) as Endpoint['type'][]).flatMap((type) => {
    const number = endpoints.filter((endpoint) => endpoint.type === type).length;
    return number === 0 ? [] : [`${count(number, ...TYPES[type])} ${what}`];
  });
}

/** `1 policy added`, `2 policies edited`. */
export function policyCounts({ policies }: DiffSource): string[] {
  return (['added', 'removed', 'edited'] as const).flatMap((what) =>
    policies[what].length === 0 ? [] : [`${count(policies[what].length, 'policy', 'policies')} ${what}`],
  );
}

/** `opened 3, closed 1, 2 workloads added (1 policy edited)`; `2 policies edited, no reachability change`. */
export function diffSummary(diff: DiffSource, { textDiffers = false }: DiffTextOptions = {}): string {
  const { changes, opened, closed } = diff.counts;
  const ends = [...countEndpoints(diff.added, 'added'), ...countEndpoints(diff.removed, 'removed')];
  const policies = policyCounts(diff);
  if (changes === 0) {
    const parts = [...policies, ...ends];
    if (parts.length === 0 && textDiffers) parts.push('the text differs');
    return [...parts, 'no reachability change'].join(', ');
  }
  const parts = [
    ...(opened === 0 ? [] : [`opened ${opened}`]),
    ...(closed === 0 ? [] : [`closed ${closed}`]),
    ...ends,
  ].join(', ');
  return policies.length === 0 ? parts : `${parts} (${policies.join(', ')})`;
}
