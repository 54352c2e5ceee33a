import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { t } from '../../i18n/index.ts';
import { locale } from '../../state/preferences.ts';
import { selected } from '../../state/store.ts';
import type { EndpointItem } from '../../worker/protocol.ts';
import { markOf, type Peer, wordsOf } from './facts.ts';
import type { MapLayout, PlacedNode } from './layout.ts';
import { Globe, Shield, Sign } from './marks.tsx';
import { cut, cutMiddle } from './text.ts';

interface NodesProps {
  readonly layout: MapLayout;
  readonly exposed: ReadonlySet<number>;
  readonly active: number | undefined;
  readonly chosen: number;
  readonly peers: readonly Peer[];
  /** Of names, in units of the map. */
  readonly size: number;
  readonly onHover: (at: number | undefined) => void;
}

/** All endpoints; arrow keys go from one to the next in that direction. */
export function Nodes({ layout, exposed, active, chosen, peers, size, onHover }: NodesProps): JSX.Element {
  const order = useMemo(() => layout.areas.flatMap(({ nodes }) => nodes), [layout]);
  const related = useMemo(() => portsByPeer(peers), [peers]);
  const first = chosen >= 0 ? chosen : order[0]?.at;
  const move = (event: KeyboardEvent): void => {
    const target = (event.target as Element).closest('[data-at]');
    const node = layout.nodes.get(Number(target?.getAttribute('data-at')));
    if (node === undefined) return;
    const next =
      event.key === 'Home' ? order[0] : event.key === 'End' ? order.at(-1) : neighbour(order, node, event.key);
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      selected.value = node.endpoint.id === selected.value ? undefined : node.endpoint.id;
    } else if (event.key === 'Escape') selected.value = undefined;
    else if (next !== undefined) {
      event.preventDefault();
      (event.currentTarget as Element)
        .querySelector<SVGElement>(`[data-at="${next.at}"]`)
        ?.focus({ preventScroll: true });
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the buttons inside arrive here
    <g onKeyDown={move}>
      {order.map((node) => (
        <Node
          key={node.endpoint.id}
          node={node}
          exposed={exposed.has(node.at)}
          tab={node.at === first}
          pressed={node.at === chosen}
          state={node.at === active ? 'active' : related.has(node.at) ? 'related' : ''}
          ports={related.get(node.at)}
          size={size}
          onHover={onHover}
        />
      ))}
    </g>
  );
}

/** The nearest node in the direction of an arrow key. */
function neighbour(order: readonly PlacedNode[], from: PlacedNode, key: string): PlacedNode | undefined {
  const axis = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (axis === undefined) return undefined;
  const [dx = 0, dy = 0] = axis;
  let best: PlacedNode | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const node of order) {
    const along = (node.x - from.x) * dx + (node.y - from.y) * dy;
    const across = Math.abs((node.x - from.x) * dy) + Math.abs((node.y - from.y) * dx);
    if (along <= 0) continue;
    const cost = along + across * 3;
    if (cost < least) {
      least = cost;
      best = node;
    }
  }
  return best;
}

/** What is open between an endpoint and each of its peers, with the direction as an arrow. */
function portsByPeer(peers: readonly Peer[]): ReadonlyMap<number, string> {
  const found = new Map<number, { out?: string; in?: string }>();
  for (const { at, direction, ports } of peers) found.set(at, { ...found.get(at), [direction]: ports });
  return new Map(
    [...found].map(([at, { out, in: into }]) => {
      if (out === into) return [at, `↔ ${out}`];
      return [at, [...(out === undefined ? [] : [`→ ${out}`]), ...(into === undefined ? [] : [`← ${into}`])].join(' ')];
    }),
  );
}

/** A workload's name with the labels that tell its variants apart. */
function nodeTitle({ id, name, type }: EndpointItem): string {
  if (type !== 'workload') return id.replace(/\[[A-Za-z]+\]$/, '');
  return `${name}${/\](.*)$/.exec(id)?.[1] ?? ''}`;
}

interface NodeProps {
  readonly node: PlacedNode;
  readonly exposed: boolean;
  readonly tab: boolean;
  readonly pressed: boolean;
  readonly state: '' | 'active' | 'related';
  /** Instead of what it is: the ports between it and the one that is pointed at. */
  readonly ports: string | undefined;
  readonly size: number;
  readonly onHover: (at: number | undefined) => void;
}

/** Where texts begin in a box, and what they leave free on its right. */
const LEFT = 30;
const RIGHT = 6;
/** Of names: beyond it there is room for one line, unless the second is about what is pointed at. */
const LARGE = 16;

function Node({ node, exposed, tab, pressed, state, ports, size, onHover }: NodeProps): JSX.Element {
  const { endpoint, x, y, width, height, at } = node;
  const mark = markOf(endpoint);
  const words = wordsOf(endpoint);
  const label = [endpoint.id, words, ...(exposed ? [t('map.exposed')] : [])].join(', ');
  const second = ports ?? (size > LARGE && state !== 'active' ? undefined : words);
  const wide = width - LEFT - RIGHT;
  const isBold = ports !== undefined || mark === 'none';
  // The same element again where nothing changed: there may be thousands.
  return useMemo(
    () => (
      <g
        class={`node type-${endpoint.type}${mark === undefined ? '' : ` is-${mark}`}${state === '' ? '' : ` ${state}`}`}
        data-at={at}
        role="button"
        tabIndex={tab ? 0 : -1}
        aria-pressed={pressed}
        aria-label={label}
        transform={`translate(${x} ${y})`}
        // Not where the map moves below a pointer that rests.
        onPointerMove={() => onHover(at)}
        onPointerLeave={() => onHover(undefined)}
        onFocus={() => onHover(at)}
        onBlur={() => onHover(undefined)}
        onClick={() => (selected.value = endpoint.id === selected.value ? undefined : endpoint.id)}
      >
        <title>{ports === undefined ? label : `${label}\n${ports}`}</title>
        <rect class="box" width={width} height={height} rx={mark === 'none' ? 2 : 7} />
        <text
          class="name"
          x={LEFT}
          y={second === undefined ? height / 2 + size * 0.35 : 8 + size * 0.62}
          font-size={size}
        >
          {cutMiddle(nodeTitle(endpoint), exposed ? wide - 16 : wide, size)}
        </text>
        {second !== undefined && (
          <text
            class={ports === undefined ? 'sub' : 'sub between'}
            x={LEFT}
            y={24 + size * 0.78}
            font-size={size * 0.87}
          >
            {cut(second, wide, size * (isBold ? 0.87 : 0.8))}
          </text>
        )}
        {mark === undefined ? <Sign type={endpoint.type} /> : <Shield mark={mark} />}
        {exposed && <Globe />}
      </g>
    ),
    [endpoint.id, label, mark, x, y, at, exposed, tab, pressed, state, ports, size, locale.value],
  );
}
