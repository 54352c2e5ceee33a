import { compareCodePoints } from '../../model/text.ts';
import { coverMatrix } from './cover.ts';
import type { Box, Edge, Frame, Picture } from './model.ts';
import { isUsed, type Matrix, type Part, placeKey } from './parts.ts';
import { type FamilyPorts, isEmpty, isOpen, isSubset, textOf } from './ports.ts';
import { cut, partWords } from './words.ts';

/** A drawn end: a part, or all parts of a frame. */
interface End {
  readonly members: readonly number[];
  readonly box: Box;
  readonly frame: string;
}

/** Boxes, stand-ins and lines for a matrix, in their frames. */
export function draw({ parts, cells, every }: Matrix): Picture {
  const nextId = counter();
  const isPartial = (from: readonly number[], to: readonly number[], ports: FamilyPorts): boolean =>
    from.some((row) =>
      to.some((column) => {
        const cell = every[row]?.[column];
        return cell !== undefined && !isSubset(ports, cell);
      }),
    );
  const among = (members: readonly number[], ports: FamilyPorts | undefined): { readonly among?: string } => {
    if (ports === undefined || isEmpty(ports)) return {};
    return { among: `${textOf(ports)}${isPartial(members, members, ports) ? ' (some pairs)' : ''}` };
  };
  const boxOf = parts.map(
    (part, at): Box => ({
      id: nextId(),
      ...partWords(part),
      ...among([at], cells[at]?.[at]),
      members: part.endpoints.map(({ id }) => id),
    }),
  );
  const outside = parts.flatMap(({ place }, at) => (place.kind === 'outside' ? [at] : []));
  const senders = outside.filter((at) => isUsed(cells, at, 'from'));
  const receivers = outside.filter((at) => isUsed(cells, at, 'to'));
  // An outside block is drawn twice where it is both: connections from outside on the left, those to it on the right.
  const twin = new Map(receivers.map((at) => [at, { ...(boxOf[at] as Box), id: nextId() }]));
  const inside = new Map<string, number[]>();
  for (const [at, { place, summary }] of parts.entries()) {
    if (place.kind === 'outside') continue;
    const key = summary === true ? 'cluster' : placeKey(place);
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
  const titles = (members: readonly number[]): string[] => cut(members.map((at) => (boxOf[at] as Box).title));
  for (const [key, own] of inside) {
    if (key === 'cluster') continue;
    const { place } = parts[own[0] as number] as Part;
    const size = own.reduce((sum, at) => sum + (parts[at] as Part).endpoints.length, 0);
    hub(own, key, place.kind === 'namespace' ? `all ${size} of ${place.name}` : `all ${size} nodes`);
  }
  const everybody = parts.flatMap(({ place }, at) => (place.kind === 'namespace' ? [at] : []));
  const namespaces = new Set(everybody.map((at) => placeKey((parts[at] as Part).place)));
  if (namespaces.size > 1) hub(everybody, 'cluster', `every workload of the ${namespaces.size} namespaces`);
  const innerHubs = hubs.splice(0);
  const addresses = senders.filter((at) => parts[at]?.endpoints[0]?.type !== 'ingress-controller');
  hub(addresses, 'from-outside', 'any address outside', titles(addresses));
  const fromHubs = hubs.splice(0);
  hub(receivers, 'to-outside', 'anything outside', titles(receivers));
  const fromEnds = [...inner, ...innerHubs, ...senders.map((at) => single(at, 'from-outside')), ...fromHubs];
  const toEnds = [...inner, ...innerHubs, ...receivers.map((at) => single(at, 'to-outside', twin.get(at))), ...hubs];

  const edges: Edge[] = [];
  const amongHub = new Map<string, { readonly among?: string }>();
  for (const { from, to, ports } of coverMatrix(cells, fromEnds, toEnds)) {
    if (from.box.id === to.box.id) {
      amongHub.set(from.box.id, among(from.members, ports));
      continue;
    }
    const partial = isPartial(from.members, to.members, ports);
    edges.push({ from: from.box.id, to: to.box.id, ports: textOf(ports), open: isOpen(ports), partial });
  }
  const used = new Set([...edges.flatMap(({ from, to }) => [from, to]), ...amongHub.keys()]);
  const ends = [...new Set([...fromEnds, ...toEnds])]
    .filter(({ box, frame }) => used.has(box.id) || (box.kind !== 'all' && !frame.endsWith('-outside')))
    .map(({ box, frame }) => ({ frame, box: { ...box, ...amongHub.get(box.id) } }));
  return renumber(framesOf(ends, inside, parts), edges);
}

function framesOf(
  ends: readonly { readonly frame: string; readonly box: Box }[],
  inside: ReadonlyMap<string, readonly number[]>,
  parts: readonly Part[],
): Omit<Frame, 'id'>[] {
  const boxes = (frame: string): Box[] => ends.filter((end) => end.frame === frame).map(({ box }) => box);
  const frames: Omit<Frame, 'id'>[] = [
    { kind: 'from-outside', title: 'From outside', boxes: boxes('from-outside') },
    { kind: 'cluster', title: inside.has('cluster') ? 'Namespaces' : 'All namespaces', boxes: boxes('cluster') },
  ];
  const keys = [...inside.keys()].sort(compareCodePoints);
  for (const key of keys.filter((own) => own !== 'nodes' && own !== 'cluster')) {
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
