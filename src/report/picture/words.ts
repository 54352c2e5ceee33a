import type { Endpoint } from '../../analysis/index.ts';
import { count } from '../text.ts';
import type { Box } from './model.ts';
import { type Part, stateOf } from './parts.ts';

const MAX_NAMES = 6;
const MAX_RANGES = 4;

/** What the box of a part says. */
export type BoxWords = Pick<Box, 'kind' | 'title' | 'lines' | 'isolation'>;

/** The words for a part. */
export function partWords({ endpoints, place, summary }: Part): BoxWords {
  const first = endpoints[0] as Endpoint;
  if (first.type === 'external' || first.type === 'domain' || first.type === 'ingress-controller')
    return { kind: first.type, ...manyOutside(endpoints) };
  const state = stateOf(endpoints);
  const isolation = state === undefined ? {} : { isolation: state };
  if (summary === true) {
    const namespaces = [...new Set(endpoints.flatMap(({ namespace }) => namespace ?? []))];
    const size = count(endpoints.length, place.kind === 'namespace' ? 'workload' : 'node');
    const words = { ...isolation, kind: 'overview' } as const;
    if (namespaces.length <= 1) return { ...words, title: namespaces[0] ?? 'nodes', lines: [size] };
    return {
      ...words,
      title: `${namespaces.length} namespaces alike`,
      lines: [...cut(namespaces, MAX_NAMES * 2), size],
    };
  }
  const kind = first.type;
  if (endpoints.length === 1) return { ...isolation, kind, title: nameOf(first), lines: [kindOf(first)] };
  const noun = kind === 'node' ? 'nodes' : kind === 'host' ? 'host pods' : 'workloads';
  const names = endpoints.map((endpoint) => `${nameOf(endpoint)} (${kindOf(endpoint)})`);
  return { ...isolation, kind, title: `${endpoints.length} ${noun} alike`, lines: cut(names, MAX_NAMES) };
}

/** The id without the namespace and kind around it: `cart`, `cart{track=canary}`. */
function nameOf({ id, namespace, workloadKind, type }: Endpoint): string {
  if (type === 'node') return id.replace(/^node\//, '');
  const inNamespace = namespace === undefined ? id : id.slice(namespace.length + 1);
  return workloadKind === undefined ? inNamespace : inNamespace.replace(`[${workloadKind}]`, '');
}

function kindOf({ type, workloadKind }: Endpoint): string {
  if (type === 'node') return 'Node';
  return type === 'host' ? `${workloadKind ?? 'Pod'}, host network` : (workloadKind ?? 'Pod');
}

function outsideWords(endpoint: Endpoint): { readonly title: string; readonly lines: readonly string[] } {
  if (endpoint.type === 'ingress-controller')
    return { title: endpoint.id, lines: [endpoint.controller ?? 'Ingress and Gateway routes'] };
  if (endpoint.type === 'domain') return { title: endpoint.id, lines: ['domain name'] };
  const ranges = endpoint.id.split(',');
  if (endpoint.id === '0.0.0.0/0') return { title: 'any IPv4 address', lines: [endpoint.id] };
  if (endpoint.id === '::/0') return { title: 'any IPv6 address', lines: [endpoint.id] };
  if (ranges.length === 1) return { title: endpoint.id, lines: [] };
  const family = endpoint.id.includes(':') ? 'IPv6' : 'IPv4';
  // What is left when policies have cut their blocks out reaches from the first address to the last.
  const rest =
    /^(0\.0\.0\.0|::)[-/]/.test(endpoint.id) &&
    /(255\.255\.255\.255|ffff:ffff)$|^(?:.*,)?[89a-f]\S*::\/\d$/.test(endpoint.id);
  return {
    title: rest ? `other ${family} addresses` : `${ranges.length} ${family} ranges`,
    lines: rest ? [] : cut(ranges, MAX_RANGES),
  };
}

/** One block speaks for itself; of several, what is left of the outside leads, and the others are listed. */
function manyOutside(endpoints: readonly Endpoint[]): { readonly title: string; readonly lines: readonly string[] } {
  const words = endpoints.map(outsideWords);
  const [only] = words;
  if (only !== undefined && words.length === 1) return only;
  const rest = words.filter(({ title }) => /^(any|other) /.test(title));
  const others = words.filter((word) => !rest.includes(word)).map(({ title }) => title);
  if (rest.length > 0) return { title: rest.map(({ title }) => title).join(', '), lines: cut(others, MAX_RANGES) };
  const noun = endpoints[0]?.type === 'domain' ? 'domains' : 'blocks';
  return { title: `${endpoints.length} ${noun} alike`, lines: cut(others, MAX_NAMES) };
}

/** The first lines, and how many more there are. */
export function cut(lines: readonly string[], most: number = MAX_NAMES): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most - 1), `+ ${lines.length - most + 1} more`];
}
