import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../../i18n/index.ts';
import { loadMatrix, matrix, selected, snapshot } from '../../state/store.ts';
import { IconButton } from '../../ui/IconButton.tsx';
import { hasNoWorkloads, NoWorkloads } from '../../ui/NoWorkloads.tsx';
import type { MatrixData, Snapshot } from '../../worker/protocol.ts';
import { Area, FarTitle, NearTitle, titleBox } from './Areas.tsx';
import {
  aspectOf,
  type Camera,
  centred,
  fitted,
  middleOf,
  type SetCamera,
  useDrag,
  useWheel,
  zoomed,
} from './camera.ts';
import { EdgeLabels, Edges, Head, linesOf } from './Edges.tsx';
import { exposedWorkloads, type Mark, markOf, peersOf } from './facts.ts';
import { Inspector } from './Inspector.tsx';
import { layoutMap } from './layout.ts';
import { Legend } from './marks.tsx';
import { Nodes } from './Nodes.tsx';
import { FAR, nameSize } from './text.ts';

/** Namespaces as areas; lines only of the workload that is pointed at, focused or chosen. */
export function MapView(): JSX.Element {
  const now = snapshot.value;
  const revision = now?.revision ?? 0;
  useEffect(() => void loadMatrix(revision), [revision]);
  if (now === undefined) return <p class="empty">{t('loading')}</p>;
  if (hasNoWorkloads(now)) return <NoWorkloads />;
  return <MapOf now={now} data={matrix.value} />;
}

/** The marks of the legend; what cluster-wide policies do is explained where they do it. */
function marksOf({ endpoints }: Snapshot): readonly Mark[] {
  const isLimited = endpoints.some((endpoint) => markOf(endpoint) === 'limited');
  return ['both', 'ingress', 'egress', ...(isLimited ? (['limited'] as const) : []), 'none'];
}

function MapOf({ now, data }: { readonly now: Snapshot; readonly data: MatrixData | undefined }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [aspect, setAspect] = useState(1.2);
  // What the frame is at first: the map does not jump about when panes open and close.
  useLayoutEffect(() => setAspect(aspectOf(frame.current, selected.value !== undefined)), []);
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
  const far = scale < FAR;
  const lines = active === undefined ? [] : linesOf(layout, active, peers);
  return (
    <div class="map-view">
      <div class="map-frame" ref={frame}>
        <svg
          class={`map${far ? ' far' : ''}${active === undefined ? '' : ' lit'}`}
          aria-label={t('map.label')}
          role="group"
          {...drag}
        >
          <defs>
            <Head />
          </defs>
          {camera !== undefined && (
            <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
              {layout.areas.map((area) => (
                <Area key={`${area.kind} ${area.name}`} area={area} />
              ))}
              {/* Below the boxes, so that no line crosses a text; from afar there are no texts, and boxes would hide lines. */}
              {!far && <Edges key="lines below" lines={lines} />}
              {!far &&
                layout.areas.map((area) => (
                  <NearTitle key={`title ${area.kind} ${area.name}`} area={area} scale={scale} />
                ))}
              <Nodes
                key="nodes"
                layout={layout}
                exposed={exposed}
                active={active}
                chosen={chosen}
                peers={peers}
                size={nameSize(scale)}
                onHover={setHovered}
              />
              {far && <Edges key="lines above" lines={lines} />}
              {far &&
                layout.areas.map((area) => (
                  <FarTitle key={`title ${area.kind} ${area.name}`} area={area} scale={scale} />
                ))}
              <EdgeLabels
                key="labels"
                lines={lines}
                scale={scale}
                far={far}
                names={lines.length === 0 ? [] : layout.areas.flatMap((area) => titleBox({ area, scale, far }) ?? [])}
              />
            </g>
          )}
        </svg>
        <div class="map-tools">
          <IconButton icon="plus" label={t('map.zoom-in')} onClick={() => zoom(1.3)} />
          <IconButton icon="minus" label={t('map.zoom-out')} onClick={() => zoom(1 / 1.3)} />
          <IconButton icon="fit" label={t('map.fit')} onClick={fit} />
        </div>
        <Legend marks={marksOf(now)} />
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
