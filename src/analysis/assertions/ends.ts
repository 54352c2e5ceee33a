import type { EndPattern } from '../../manifest/policy-test.ts';
import { say } from '../../model/say.ts';
import { formatLabelSelector, matchesSelector, selectorIsEmpty } from '../../model/selector.ts';
import { nearestNames } from '../../model/suggest.ts';
import type { LabelSelector } from '../../model/types.ts';
import { kindNamed, type ResolveError, resolveEndpoint, typedName } from '../resolve.ts';
import type { Unit } from '../units.ts';
import type { World } from '../world.ts';

type NamedPattern = Extract<EndPattern, { type: 'name' }>;
type PodsPattern = Extract<EndPattern, { type: 'pods' }>;

/** An end as people write it: `shop/*`, `pods app=a in namespaces team=b`. */
export function patternText(pattern: EndPattern): string {
  if (pattern.type === 'name') return pattern.name;
  const { podSelector, namespaceSelector } = pattern;
  const labels = (selector: LabelSelector | undefined): string | undefined =>
    selector === undefined || selectorIsEmpty(selector) ? undefined : formatLabelSelector(selector);
  const [ofPods, ofNamespaces] = [labels(podSelector), labels(namespaceSelector)];
  const pods = ofPods === undefined ? say`pods` : say`pods ${ofPods}`;
  return ofNamespaces === undefined ? pods : say`${pods} in namespaces ${ofNamespaces}`;
}

/** The endpoints that an end stands for; an error when there are none. */
export function resolvePattern(world: World, pattern: EndPattern): readonly Unit[] | ResolveError {
  const units = pattern.type === 'pods' ? selectedUnits(world, pattern) : namedUnits(world, pattern);
  if ('error' in units || units.length > 0) return units;
  const what = pattern.type === 'pods' ? patternText(pattern) : `"${pattern.name}"`;
  return { error: say`${what} matches no endpoint of the input`, suggestions: [] };
}

/** Pods by label, as policies select them: never hostNetwork pods (S58b). */
function selectedUnits(world: World, { namespaceSelector = {}, podSelector = {} }: PodsPattern): Unit[] {
  return world.units('workload').filter(({ pods }) =>
    pods.some(({ namespace, labels }) => {
      const namespaceLabels = world.state.namespaces.get(namespace)?.labels ?? {};
      return matchesSelector(namespaceSelector, namespaceLabels) && matchesSelector(podSelector, labels);
    }),
  );
}

function namedUnits(world: World, { name }: NamedPattern): readonly Unit[] | ResolveError {
  const text = name.trim();
  if (!text.includes('*')) {
    const resolved = resolveEndpoint(world, text);
    return 'error' in resolved ? resolved : resolved.units;
  }
  // `*.example.io` is the name of a domain that policies know.
  if (!text.includes('/') && text.includes('.')) {
    const domain = resolveEndpoint(world, text);
    if (!('error' in domain)) return domain.units;
  }
  const glob = readGlob(world, text);
  if ('error' in glob) return glob;
  const nodes = glob.kind === 'Node';
  const found = world
    .units('workload')
    .filter(
      ({ endpoint, pods }) =>
        (nodes ? endpoint.type === 'node' : pods.length > 0 && glob.namespace.test(endpoint.namespace ?? '')) &&
        (nodes || glob.kind === undefined || endpoint.workloadKind === glob.kind) &&
        glob.name.test(endpoint.name ?? ''),
    );
  if (found.length > 0) return found;
  return { error: say`"${text}" matches no endpoint of the input`, suggestions: nearNames(world, text) };
}

interface Glob {
  readonly namespace: RegExp;
  /** Absent: any. */
  readonly kind?: string;
  readonly name: RegExp;
}

const ANYTHING = /^/;
const NODES = ['node', 'nodes', 'no'];

/** Reads `*`, `name*`, `ns/name*`, `kind/name*`, `ns/kind/name*` and `node/*`, each part with wildcards. */
function readGlob(world: World, text: string): Glob | ResolveError {
  if (text === '*') return { namespace: ANYTHING, name: ANYTHING };
  const [first = '', second, third, extra] = text.split('/');
  const own = wildcard(world.defaultNamespace);
  if (extra !== undefined) return unreadable(text);
  if (second === undefined) return { namespace: own, name: wildcard(first) };
  if (third === undefined) {
    if (NODES.includes(first)) return { namespace: ANYTHING, kind: 'Node', name: wildcard(second) };
    const kind = kindNamed(first);
    // As for whole names: a namespace that is called like a kind wins.
    if (kind === undefined || world.state.namespaces.has(first)) {
      return { namespace: wildcard(first), name: wildcard(second) };
    }
    return { namespace: own, kind, name: wildcard(second) };
  }
  if (second === '*') return { namespace: wildcard(first), name: wildcard(third) };
  const kind = kindNamed(second);
  return kind === undefined ? unreadable(text) : { namespace: wildcard(first), kind, name: wildcard(third) };
}

function unreadable(text: string): ResolveError {
  return {
    error: say`"${text}" is not understood: write ns/name*, ns/kind/name*, kind/name* or node/*`,
    suggestions: [],
  };
}

/** `*` stands for any characters, also none. */
function wildcard(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function nearNames(world: World, text: string): string[] {
  const names = world.units('workload').flatMap((unit) => typedName(unit) ?? []);
  return nearestNames(text.replaceAll('*', ''), [...new Set(names)]);
}
