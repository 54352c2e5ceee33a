import type { Endpoint } from '../../analysis/index.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import { count } from '../text.ts';
import { type Cell, coverMatrix } from './cover.ts';
import type { Box, Edge, Frame, Isolation, Picture } from './model.ts';
import { isolationOf, isUsed, type Matrix, overviewOf, type Part, partsOf, placeKey } from './parts.ts';
import { isEmpty, isOpen, textOf } from './ports.ts';

/** How a picture is made. */
export interface PictureOptions {
  /** Leave out endpoints without connections, as for a listing that was limited. */
  readonly connectedOnly?: boolean;
}

/** A picture, or one sentence that says why there is none. */
export type PictureResult = { readonly picture: Picture } | { readonly tooLarge: string };

/** More boxes or lines than these nobody can read: namespaces are then drawn as one box each. */
const MAX_BOXES = 120;
const MAX_EDGES = 360;
const MAX_NAMES = 6;
const MAX_RANGES = 4;

/** A drawn end: a part, or all parts of a frame. */
interface End {
  readonly members: readonly number[];
  readonly box: Box;
  readonly frame: string;
}

/** What is drawn of a reachability: many endpoints that connect alike are one box, many equal lines are one. */
export function buildPicture(reachability: ReachabilitySource, options: PictureOptions = {}): PictureResult {
  const matrix = partsOf(reachability, options.connectedOnly === true);
  const detailed = matrix.fine && matrix.parts.length <= MAX_BOXES ? draw(matrix) : undefined;
  if (detailed !== undefined && detailed.edges.length <= MAX_EDGES) return { picture: detailed };
  const { whole, ...rough } = overviewOf(matrix);
  const places = new Set(rough.parts.map(({ place }) => placeKey(place))).size;
  const what = `${count(reachability.endpoints.length, 'endpoint')} in ${count(places, 'place')}`;
  const narrow = 'narrow it with --namespace, --from, --to or --port';
  if (rough.parts.length <= MAX_BOXES) {
    const overview = draw(rough, (row, column) => matrix.fine && whole[row]?.[column] === true);
    if (overview.edges.length <= MAX_EDGES) {
      return {
        picture: { ...overview, note: `${what}: too many to draw one by one, so each namespace is one box; ${narrow}` },
      };
    }
  }
  return { tooLarge: `${what} are too many to draw; ${narrow}` };
}

function draw(matrix: Matrix, whole?: (row: number, column: number) => boolean): Picture {
  const overview = whole !== undefined;
  const { parts, cells } = matrix;
  const nextId = counter();
  const boxOf = parts.map((part, at) => partBox(part, nextId(), among(cells[at]?.[at]), overview));
  const outside = parts.flatMap(({ place }, at) => (place.kind === 'outside' ? [at] : []));
  const senders = outside.filter((at) => isUsed(cells, at, 'from'));
  const receivers = outside.filter((at) => isUsed(cells, at, 'to'));
  // An outside block is drawn twice where it is both: connections from outside on the left, those to it on the right.
  const twin = new Map(receivers.map((at) => [at, { ...(boxOf[at] as Box), id: nextId() }]));
  const inside = new Map<string, number[]>();
  for (const [at, { place }] of parts.entries()) {
    if (place.kind === 'outside') continue;
    const key = placeKey(place);
    inside.set(key, [...(inside.get(key) ?? []), at]);
  }

  const single = (at: number, frame: string, box: Box = boxOf[at] as Box): End => ({ members: [at], box, frame });
  const inner = [...inside].flatMap(([key, own]) => own.map((at) => single(at, key)));
  const hubs: End[] = [];
  const hub = (members: readonly number[], frame: string, title: string, lines: readonly string[] = []): void => {
    if (members.length < 2) return;
    const ids = members.flatMap((at) => (parts[at] as Part).endpoints.map(({ id }) => id));
    hubs.push({ members, frame, box: { id: nextId(), kind: 'all', title, lines, members: ids } });
  };
  const titles = (members: readonly number[]): string[] =>
    cut(
      members.map((at) => (boxOf[at] as Box).title),
      MAX_NAMES,
    );
  if (!overview) {
    for (const [key, own] of inside) {
      const { place } = parts[own[0] as number] as Part;
      const size = own.reduce((sum, at) => sum + (parts[at] as Part).endpoints.length, 0);
      hub(own, key, place.kind === 'namespace' ? `all ${size} of ${place.name}` : `all ${size} nodes`);
    }
  }
  const namespaces = [...inside].filter(([, own]) => parts[own[0] as number]?.place.kind === 'namespace');
  if (namespaces.length > 1) {
    const everybody = namespaces.flatMap(([, own]) => own).sort((a, b) => a - b);
    hub(everybody, 'cluster', `every workload of the ${namespaces.length} namespaces`);
  }
  const innerHubs = hubs.splice(0);
  hub(senders, 'from-outside', 'any address outside', titles(senders));
  const fromHubs = hubs.splice(0);
  hub(receivers, 'to-outside', 'anything outside', titles(receivers));
  const fromEnds = [...inner, ...innerHubs, ...senders.map((at) => single(at, 'from-outside')), ...fromHubs];
  const toEnds = [...inner, ...innerHubs, ...receivers.map((at) => single(at, 'to-outside', twin.get(at))), ...hubs];

  // What a part does within itself is said in its box.
  const between = cells.map((row, at) => row.map((cell, column) => (at === column ? undefined : cell)));
  const edges: Edge[] = [];
  const amongHub = new Map<string, string>();
  for (const { from, to, ports } of coverMatrix(between, fromEnds, toEnds)) {
    if (from.box.id === to.box.id) {
      amongHub.set(from.box.id, textOf(ports));
      continue;
    }
    const partial =
      whole !== undefined && !from.members.every((row) => to.members.every((column) => whole(row, column)));
    edges.push({ from: from.box.id, to: to.box.id, ports: textOf(ports), open: isOpen(ports), partial });
  }
  const used = new Set([...edges.flatMap(({ from, to }) => [from, to]), ...amongHub.keys()]);
  const ends = [...new Set([...fromEnds, ...toEnds])]
    .filter(({ box, frame }) => used.has(box.id) || (box.kind !== 'all' && !frame.endsWith('-outside')))
    .map(({ box, frame }) => ({ frame, box: { ...box, ...optionalAmong(amongHub.get(box.id) ?? box.among) } }));
  return renumber(framesOf(ends, inside, parts, overview), edges);
}

function framesOf(
  ends: readonly { readonly frame: string; readonly box: Box }[],
  inside: ReadonlyMap<string, readonly number[]>,
  parts: readonly Part[],
  overview: boolean,
): Omit<Frame, 'id'>[] {
  const boxes = (frame: string): Box[] => ends.filter((end) => end.frame === frame).map(({ box }) => box);
  const frames: Omit<Frame, 'id'>[] = [
    { kind: 'from-outside', title: 'From outside', boxes: boxes('from-outside') },
    { kind: 'cluster', title: overview ? 'Cluster' : 'All namespaces', boxes: boxes('cluster') },
  ];
  const keys = [...inside.keys()].sort(compareCodePoints);
  for (const key of keys.filter((own) => own !== 'nodes')) {
    const place = parts[inside.get(key)?.[0] ?? -1]?.place;
    const title = place?.kind === 'namespace' ? place.name : key;
    frames.push({ kind: 'namespace', title, boxes: boxes(key) });
  }
  frames.push({ kind: 'nodes', title: 'Nodes', boxes: boxes('nodes') });
  frames.push({ kind: 'to-outside', title: 'To outside', boxes: boxes('to-outside') });
  return frames.filter((frame) => frame.boxes.length > 0);
}

/** Ids in the order in which boxes are shown. */
function renumber(frames: readonly Omit<Frame, 'id'>[], edges: readonly Edge[]): Picture {
  const order = frames.flatMap(({ boxes }) => boxes.map(({ id }) => id));
  const rank = new Map(order.map((id, at) => [id, at + 1]));
  const idOf = (old: string): string => `b${rank.get(old)}`;
  const numberOf = (old: string): number => rank.get(old) ?? 0;
  return {
    frames: frames.map((frame, at) => ({
      ...frame,
      id: `f${at + 1}`,
      boxes: frame.boxes.map((box) => ({ ...box, id: idOf(box.id) })),
    })),
    edges: [...edges]
      .sort(
        (a, b) =>
          numberOf(a.from) - numberOf(b.from) || numberOf(a.to) - numberOf(b.to) || compareCodePoints(a.ports, b.ports),
      )
      .map((edge) => ({ ...edge, from: idOf(edge.from), to: idOf(edge.to) })),
  };
}

function counter(): () => string {
  let last = 0;
  return () => {
    last++;
    return `x${last}`;
  };
}

function among(cell: Cell): string | undefined {
  return cell === undefined || isEmpty(cell) ? undefined : textOf(cell);
}

function optionalAmong(text: string | undefined): { readonly among?: string } {
  return text === undefined ? {} : { among: text };
}

function partBox(part: Part, id: string, amongText: string | undefined, overview: boolean): Box {
  const { endpoints, place } = part;
  const first = endpoints[0] as Endpoint;
  const base = { id, ...optionalAmong(amongText), members: endpoints.map((endpoint) => endpoint.id) };
  if (first.type === 'external' || first.type === 'domain') {
    const { title, lines } = manyOutside(endpoints);
    return { ...base, kind: first.type, title, lines };
  }
  const states = new Set(endpoints.map(isolationOf));
  const state: Isolation | undefined = states.size > 1 ? 'mixed' : [...states][0];
  const isolation = state === undefined ? {} : { isolation: state };
  if (overview) {
    const title = place.kind === 'namespace' ? place.name : 'nodes';
    const noun = place.kind === 'namespace' ? 'workload' : 'node';
    return { ...base, ...isolation, kind: 'overview', title, lines: [count(endpoints.length, noun)] };
  }
  const kind = first.type;
  if (endpoints.length === 1) return { ...base, ...isolation, kind, title: nameOf(first), lines: [kindOf(first)] };
  const noun = kind === 'node' ? 'nodes' : kind === 'host' ? 'host pods' : 'workloads';
  const names = endpoints.map((endpoint) => `${nameOf(endpoint)} (${kindOf(endpoint)})`);
  return { ...base, ...isolation, kind, title: `${endpoints.length} ${noun} alike`, lines: cut(names, MAX_NAMES) };
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

function cut(lines: readonly string[], most: number): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most - 1), `+ ${lines.length - most + 1} more`];
}
