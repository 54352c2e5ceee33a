import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { locale } from '../state/preferences.ts';
import { askVerdict, loadMatrix, matrix, selected, snapshot } from '../state/store.ts';
import { EndpointName } from '../ui/EndpointName.tsx';
import { Icon } from '../ui/icons.tsx';
import type { EndpointItem, MatrixData, Snapshot } from '../worker/protocol.ts';
import { exposedWorkloads, ISOLATION_KEYS, isolationOf, type Peer, peersOf } from './facts.ts';
import { AREA, curve, edgesOf, layoutMap, type MapLayout, type PlacedArea, type PlacedNode } from './map-layout.ts';

/** What part of the map is seen. */
interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Below this scale texts of workloads cannot be read, and are left out. */
const FAR = 0.42;
const MOST_ZOOM = 3;
/** Width of the buttons over the map. */
const TOOLS = 40;
/** Width of what is told of a workload beside the map. */
const INSPECTOR = 270;

/** Namespaces as areas; lines only of the workload that is pointed at, focused or chosen. */
export function MapView(): JSX.Element {
  const now = snapshot.value;
  const revision = now?.revision ?? 0;
  useEffect(() => void loadMatrix(revision), [revision]);
  if (now === undefined) return <p class="empty">{t('loading')}</p>;
  if (now.endpoints.every(({ type }) => type !== 'workload')) return <NoWorkloads />;
  return <MapOf now={now} data={matrix.value} />;
}

function NoWorkloads(): JSX.Element {
  return (
    <div class="empty">
      <h2>{t('map.empty')}</h2>
      <p>{t('map.empty.hint')}</p>
    </div>
  );
}

function MapOf({ now, data }: { readonly now: Snapshot; readonly data: MatrixData | undefined }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [aspect, setAspect] = useState(1.2);
  // What the frame is at first, less what is told of a workload: the map does not jump about when panes open and close.
  useLayoutEffect(() => {
    const { width, height } = room(frame.current);
    const beside = selected.value === undefined ? INSPECTOR : 0;
    setAspect(Math.min(2.4, Math.max(0.5, Math.max(width - beside, width / 2) / height)));
  }, []);
  const layout = useMemo(() => layoutMap(now.endpoints, aspect), [now.endpoints, aspect]);
  const [camera, setCamera] = useState<Camera | undefined>(undefined);
  const [hovered, setHovered] = useState<number | undefined>(undefined);
  const chosen = now.endpoints.findIndex(({ id }) => id === selected.value);
  const active = hovered ?? (chosen >= 0 ? chosen : undefined);
  const current = data !== undefined && data.size <= now.endpoints.length ? data : undefined;
  const peers = useMemo(
    () => (active === undefined || current === undefined ? [] : peersOf(current, active)),
    [active, current],
  );
  const exposed = useMemo(
    () => (current === undefined ? new Set<number>() : exposedWorkloads(now, current)),
    [current, now.endpoints],
  );
  /** Nobody moved the view: it keeps showing everything, whatever size the frame has. */
  const untouched = useRef(true);
  const fit = (): void => {
    untouched.current = true;
    setCamera(fitted(layout, frame.current));
  };
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (untouched.current) fit();
    });
    if (frame.current !== null) observer.observe(frame.current);
    return () => observer.disconnect();
  }, [layout]);
  useEffect(() => {
    const node = chosen >= 0 ? layout.nodes.get(chosen) : undefined;
    if (node === undefined) return;
    setCamera((seen) => {
      const next = seen === undefined ? seen : centred(seen, node, frame.current);
      if (next !== seen) untouched.current = false;
      return next;
    });
  }, [chosen, layout]);
  const moveCamera: SetCamera = (change) => {
    untouched.current = false;
    setCamera(change);
  };
  const zoom = (factor: number, at?: { readonly x: number; readonly y: number }): void =>
    moveCamera((seen) => (seen === undefined ? seen : zoomed(seen, factor, at ?? middleOf(frame.current))));
  const drag = useDrag(moveCamera);
  useWheel(frame, zoom, moveCamera);
  const scale = camera?.scale ?? 1;
  return (
    <div class="map-view">
      <div class="map-frame" ref={frame}>
        <svg
          class={`map${scale < FAR ? ' far' : ''}${active === undefined ? '' : ' lit'}`}
          aria-label={t('map.label')}
          role="group"
          {...drag}
        >
          <defs>
            <marker
              id="head"
              viewBox="0 0 10 10"
              refX="9"
              refY="5"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
            >
              <path d="M0 0L10 5L0 10z" />
            </marker>
          </defs>
          {camera !== undefined && (
            <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
              {layout.areas.map((area) => (
                <Area key={`${area.kind} ${area.name}`} area={area} scale={scale} />
              ))}
              <Nodes
                layout={layout}
                exposed={exposed}
                active={active}
                chosen={chosen}
                peers={peers}
                onHover={setHovered}
              />
              {scale < FAR &&
                layout.areas.map((area) => <FarTitle key={`${area.kind} ${area.name}`} area={area} scale={scale} />)}
              {active !== undefined && <Edges layout={layout} at={active} peers={peers} scale={scale} />}
            </g>
          )}
        </svg>
        <div class="map-tools">
          <button type="button" class="icon-button" aria-label={t('map.zoom-in')} onClick={() => zoom(1.3)}>
            <Icon name="plus" />
          </button>
          <button type="button" class="icon-button" aria-label={t('map.zoom-out')} onClick={() => zoom(1 / 1.3)}>
            <Icon name="minus" />
          </button>
          <button type="button" class="icon-button" aria-label={t('map.fit')} onClick={fit}>
            <Icon name="fit" />
          </button>
        </div>
        <Legend />
      </div>
      {chosen >= 0 && (
        <Inspector
          now={now}
          at={chosen}
          peers={current === undefined ? [] : peersOf(current, chosen)}
          exposed={exposed}
        />
      )}
    </div>
  );
}

function fitted({ width, height }: MapLayout, frame: HTMLElement | null): Camera | undefined {
  if (frame === null || width === 0) return undefined;
  const seen = room(frame);
  const scale = Math.min(1.15, seen.width / width, seen.height / height);
  return { scale, x: (seen.width - width * scale) / 2, y: Math.max(0, (seen.height - height * scale) / 2) };
}

/** What of the frame the legend, below, and the tools, on the right, leave. */
function room(frame: HTMLElement | null): { readonly width: number; readonly height: number } {
  const { clientWidth = 1, clientHeight = 1 } = frame ?? {};
  const legend = frame?.querySelector<HTMLElement>('.map-legend')?.offsetHeight ?? 0;
  return { width: Math.max(1, clientWidth - TOOLS), height: Math.max(1, clientHeight - legend) };
}

function middleOf(frame: HTMLElement | null): { readonly x: number; readonly y: number } {
  return { x: (frame?.clientWidth ?? 0) / 2, y: (frame?.clientHeight ?? 0) / 2 };
}

function zoomed({ x, y, scale }: Camera, factor: number, at: { readonly x: number; readonly y: number }): Camera {
  const next = Math.min(MOST_ZOOM, Math.max(0.03, scale * factor));
  const ratio = next / scale;
  return { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio };
}

/** Brings a node into sight, and near enough to be read. */
function centred(seen: Camera, node: PlacedNode, frame: HTMLElement | null): Camera {
  if (frame === null) return seen;
  const { width, height } = room(frame);
  const left = node.x * seen.scale + seen.x;
  const top = node.y * seen.scale + seen.y;
  const inSight =
    left >= 0 && top >= 0 && left + node.width * seen.scale <= width && top + node.height * seen.scale <= height;
  if (inSight && seen.scale >= FAR) return seen;
  const scale = Math.max(seen.scale, 0.7);
  return {
    scale,
    x: width / 2 - (node.x + node.width / 2) * scale,
    y: height / 2 - (node.y + node.height / 2) * scale,
  };
}

type SetCamera = (change: (seen: Camera | undefined) => Camera | undefined) => void;

function useDrag(setCamera: SetCamera): JSX.SVGAttributes<SVGSVGElement> {
  const from = useRef<{ readonly x: number; readonly y: number } | undefined>(undefined);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button === 0) from.current = { x: event.clientX, y: event.clientY };
    },
    onPointerMove: (event: PointerEvent) => {
      const start = from.current;
      if (start === undefined || event.buttons === 0) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      from.current = { x: event.clientX, y: event.clientY };
      setCamera((seen) => (seen === undefined ? seen : { ...seen, x: seen.x + dx, y: seen.y + dy }));
    },
    onPointerUp: () => {
      from.current = undefined;
    },
  };
}

function useWheel(
  frame: { readonly current: HTMLDivElement | null },
  zoom: (factor: number, at: { readonly x: number; readonly y: number }) => void,
  setCamera: SetCamera,
): void {
  useEffect(() => {
    const element = frame.current;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element?.getBoundingClientRect();
      if (event.shiftKey) {
        setCamera((seen) => (seen === undefined ? seen : { ...seen, x: seen.x - event.deltaY }));
        return;
      }
      zoom(Math.exp(-event.deltaY / 500), { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) });
    };
    // Not passive: the page must not scroll instead.
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, []);
}

function areaTitle({ kind, name }: Pick<PlacedArea, 'kind' | 'name'>): string {
  return kind === 'namespace' ? name : t(`map.${kind}`);
}

function Area({ area, scale }: { readonly area: PlacedArea; readonly scale: number }): JSX.Element {
  const text = areaTitle(area);
  return (
    <g class={`area ${area.kind}`}>
      <rect x={area.x} y={area.y} width={area.width} height={area.height} rx="10" />
      {scale >= FAR && (
        <text
          class="area-title"
          x={area.x + AREA.pad}
          y={area.y + 20}
          font-size={Math.min(15, (area.width - 16) / (text.length * 0.62))}
        >
          {text}
        </text>
      )}
    </g>
  );
}

/** Names of areas over their workloads, for who looks from afar; as large as fits. */
function FarTitle({ area, scale }: { readonly area: PlacedArea; readonly scale: number }): JSX.Element {
  const text = areaTitle(area);
  const size = Math.max(14, Math.min(14 / scale, (area.width * 0.9) / (text.length * 0.62)));
  const width = text.length * size * 0.62 + size;
  return (
    <g class="far-title" transform={`translate(${area.x + area.width / 2} ${area.y + area.height / 2})`}>
      <rect x={-width / 2} y={-size * 0.85} width={width} height={size * 1.7} rx={size * 0.4} />
      <text font-size={size}>{text}</text>
    </g>
  );
}

interface NodesProps {
  readonly layout: MapLayout;
  readonly exposed: ReadonlySet<number>;
  readonly active: number | undefined;
  readonly chosen: number;
  readonly peers: readonly Peer[];
  readonly onHover: (at: number | undefined) => void;
}

function Nodes({ layout, exposed, active, chosen, peers, onHover }: NodesProps): JSX.Element {
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
  const texts = new Map<number, string>();
  for (const { at, direction, ports } of peers) {
    const text = `${direction === 'out' ? '→' : '←'} ${ports}`;
    const known = texts.get(at);
    texts.set(at, known === undefined ? text : `${known} ${text}`);
  }
  return texts;
}

interface NodeProps {
  readonly node: PlacedNode;
  readonly exposed: boolean;
  readonly tab: boolean;
  readonly pressed: boolean;
  readonly state: '' | 'active' | 'related';
  /** Instead of what it is: the ports between it and the one that is pointed at. */
  readonly ports: string | undefined;
  readonly onHover: (at: number | undefined) => void;
}

/** What an endpoint is, in a few words below its name. */
function subtitle(endpoint: EndpointItem): string {
  const isolation = isolationOf(endpoint);
  if (isolation !== undefined) return t(ISOLATION_KEYS[isolation]);
  return t(`type.${endpoint.type}`);
}

/** A workload's name with the labels that tell its variants apart. */
function nodeTitle({ id, name, type }: EndpointItem): string {
  if (type !== 'workload') return id.replace(/\[[A-Za-z]+\]$/, '');
  return `${name}${/\](.*)$/.exec(id)?.[1] ?? ''}`;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function Node({ node, exposed, tab, pressed, state, ports, onHover }: NodeProps): JSX.Element {
  const { endpoint, x, y, width, height, at } = node;
  const isolation = isolationOf(endpoint);
  const label = [
    endpoint.id,
    subtitle(endpoint),
    ...(exposed && isolation !== undefined ? [t('map.exposed')] : []),
  ].join(', ');
  // The same element again where nothing changed: there may be thousands.
  return useMemo(
    () => (
      <g
        class={`node type-${endpoint.type}${isolation === undefined ? '' : ` iso-${isolation}`}${state === '' ? '' : ` ${state}`}`}
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
        <title>{label}</title>
        <rect class="box" width={width} height={height} rx={isolation === 'none' ? 2 : 7} />
        <text class="name" x="30" y="19">
          {cut(nodeTitle(endpoint), exposed ? 14 : 16)}
        </text>
        <text class={ports === undefined ? 'sub' : 'sub between'} x="30" y="35">
          {ports === undefined ? cut(subtitle(endpoint), 22) : cut(ports, 19)}
        </text>
        {isolation !== undefined && <Shield isolation={isolation} />}
        {isolation === undefined && <path class="mark" d={MARKS[endpoint.type]} />}
        {exposed && isolation !== undefined && <path class="globe" d={GLOBE} />}
      </g>
    ),
    [node, exposed, tab, pressed, state, ports, locale.value],
  );
}

const SHIELD = 'M16 14l7 2.600v6c0 4.600-3.600 7.600-7 9c-3.400-1.400-7-4.400-7-9v-6z';
const HALVES = {
  ingress: 'M16 14v17.600c-3.400-1.400-7-4.400-7-9v-6z',
  egress: 'M16 14l7 2.600v6c0 4.600-3.600 7.600-7 9z',
} as const;
const GLOBE =
  'M162 8a7 7 0 1 0 0 14a7 7 0 1 0 0-14M155 15h14M162 8c3.500 3.500 3.500 10.500 0 14M162 8c-3.500 3.500-3.500 10.500 0 14';
const MARKS: Readonly<Record<EndpointItem['type'], string>> = {
  workload: '',
  node: 'M9 16h14v6H9zM9 24h14v6H9z',
  host: 'M9 16h14v14H9z',
  external: 'M12 29a4 4 0 0 1 0-8a5 5 0 0 1 9-1.500a4.500 4.500 0 0 1 1 9.500z',
  'ingress-controller': 'M8 23h13M16 18l5 5l-5 5M24 15v16',
  domain: 'M9 23h14M16 16a7 7 0 1 0 0 14a7 7 0 1 0 0-14',
};

/** Whole, half (left: in, right: out) or struck through: what it says does not depend on colour. */
function Shield({ isolation }: { readonly isolation: NonNullable<ReturnType<typeof isolationOf>> }): JSX.Element {
  return (
    <g class="shield">
      <path class="outline" d={SHIELD} />
      {isolation === 'both' && <path class="fill" d={SHIELD} />}
      {(isolation === 'ingress' || isolation === 'egress') && <path class="fill" d={HALVES[isolation]} />}
      {isolation === 'none' && <path class="strike" d="M8 32L24 14" />}
    </g>
  );
}

interface EdgesProps {
  readonly layout: MapLayout;
  readonly at: number;
  readonly peers: readonly Peer[];
  readonly scale: number;
}

/** Lines; what they are open on stands in the boxes, but for lines that stand for many. */
function Edges({ layout, at, peers, scale }: EdgesProps): JSX.Element {
  const edges = edgesOf(layout, at, peers, (n, of) => t('map.many', { n, of }));
  const size = Math.min(26, Math.max(11, 10 / scale));
  return (
    <g class="edges">
      {edges.map((edge, index) => {
        const { d, x, y } = curve(edge);
        const text = cut(edge.label, 26);
        return (
          <g key={index} class={`edge ${edge.direction}${edge.open ? ' open' : ''}${edge.many ? ' many' : ''}`}>
            <path d={d} marker-end="url(#head)" />
            {edge.many && (
              <g transform={`translate(${x} ${y})`}>
                <rect
                  class="label-box"
                  x={-(text.length * size * 0.31 + 4)}
                  y={-size * 0.75}
                  width={text.length * size * 0.62 + 8}
                  height={size * 1.5}
                  rx="4"
                />
                <text font-size={size} text-anchor="middle" dominant-baseline="central">
                  {text}
                </text>
              </g>
            )}
          </g>
        );
      })}
    </g>
  );
}

function Legend(): JSX.Element {
  const states = ['both', 'ingress', 'egress', 'none'] as const;
  return (
    <ul class="map-legend" aria-label={t('map.legend')}>
      {states.map((isolation) => (
        <li key={isolation} class={`iso-${isolation}`}>
          <svg width="20" height="20" viewBox="5 12 22 22" aria-hidden="true">
            <Shield isolation={isolation} />
          </svg>
          {t(ISOLATION_KEYS[isolation])}
        </li>
      ))}
      <li>
        <svg width="18" height="18" viewBox="153 6 18 18" aria-hidden="true">
          <path class="globe" d={GLOBE} />
        </svg>
        {t('map.exposed')}
      </li>
      <li>
        <svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true">
          <path class="sample out" d="M1 5h26" />
        </svg>
        {t('map.out')}
      </li>
      <li>
        <svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true">
          <path class="sample in" d="M1 5h26" />
        </svg>
        {t('map.in')}
      </li>
    </ul>
  );
}

interface InspectorProps {
  readonly now: Snapshot;
  readonly at: number;
  readonly peers: readonly Peer[];
  readonly exposed: ReadonlySet<number>;
}

function Inspector({ now, at, peers, exposed }: InspectorProps): JSX.Element {
  const endpoint = now.endpoints[at] as EndpointItem;
  const isolation = isolationOf(endpoint);
  const labels = Object.entries(endpoint.labels);
  return (
    <aside class="inspector" aria-label={endpoint.id}>
      <header>
        <h2>
          <EndpointName id={endpoint.id} />
        </h2>
        <button type="button" class="icon-button" aria-label={t('close')} onClick={() => (selected.value = undefined)}>
          <Icon name="close" />
        </button>
      </header>
      <p class="facts">
        {isolation === undefined ? t(`type.${endpoint.type}`) : t(ISOLATION_KEYS[isolation])}
        {endpoint.pods > 1 && ` · ${t('map.pods', { n: endpoint.pods })}`}
        {isolation !== undefined && exposed.has(at) && <strong> · {t('map.exposed')}</strong>}
      </p>
      {labels.length > 0 && (
        <ul class="chips" aria-label={t('map.labels')}>
          {labels.map(([key, value]) => (
            <li key={key}>{`${key}=${value}`}</li>
          ))}
        </ul>
      )}
      <PeerList title={t('map.reaches')} now={now} peers={peers} direction="out" of={endpoint} />
      <PeerList title={t('map.reached-by')} now={now} peers={peers} direction="in" of={endpoint} />
    </aside>
  );
}

interface PeerListProps {
  readonly title: string;
  readonly now: Snapshot;
  readonly peers: readonly Peer[];
  readonly direction: 'out' | 'in';
  readonly of: EndpointItem;
}

/** Peers listed at first. */
const LISTED = 100;

function PeerList({ title, now, peers, direction, of }: PeerListProps): JSX.Element {
  const own = peers.filter((peer) => peer.direction === direction);
  const [all, setAll] = useState(false);
  const shown = all ? own : own.slice(0, LISTED);
  return (
    <section>
      <h3>
        {title} <span class="muted">({own.length})</span>
      </h3>
      {own.length === 0 && <p class="muted">{t('map.nobody')}</p>}
      <ul class="peers">
        {shown.map((peer) => {
          const other = now.endpoints[peer.at] as EndpointItem;
          const [from, to] = direction === 'out' ? [of, other] : [other, of];
          return (
            <li key={peer.at}>
              <button type="button" class="link" onClick={() => askVerdict(from.id, to.id)}>
                <span>
                  <EndpointName id={other.id} />
                </span>
                <span class={peer.open ? 'ports open' : 'ports'}>{peer.ports}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {own.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          {t('show-all', { n: own.length })}
        </button>
      )}
    </section>
  );
}
