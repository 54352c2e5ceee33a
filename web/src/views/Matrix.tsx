import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { locale } from '../state/preferences.ts';
import { askVerdict, loadMatrix, matrix, snapshot } from '../state/store.ts';
import { hasNoWorkloads, NoWorkloads } from '../ui/NoWorkloads.tsx';
import { fewPorts } from '../ui/Ports.tsx';
import type { EndpointItem, MatrixData } from '../worker/protocol.ts';

const CELL = { width: 66, height: 24 } as const;
const NAMES = 250;
const HEAD = { namespaces: 24, names: 128 } as const;

/** A row or column: an endpoint, by its number, with the name of its group where that begins. */
interface Line {
  readonly at: number;
  readonly endpoint: EndpointItem;
  readonly group: string;
}

/** Rows reach columns; only what is in sight is in the document. */
export function Matrix(): JSX.Element {
  const now = snapshot.value;
  const revision = now?.revision ?? 0;
  useEffect(() => void loadMatrix(revision), [revision]);
  const data = matrix.value;
  const [filter, setFilter] = useState({ from: '', to: '', connected: false });
  const endpoints = now?.endpoints ?? [];
  const [rows, columns] = useMemo(
    () =>
      data === undefined
        ? [[], []]
        : [linesOf(endpoints, data, filter, 'from'), linesOf(endpoints, data, filter, 'to')],
    [endpoints, data, filter],
  );
  if (now === undefined || data === undefined) return <p class="empty">{t('loading')}</p>;
  if (hasNoWorkloads(now)) return <NoWorkloads />;
  return (
    <div class="matrix-view">
      <search class="toolbar">
        <label>
          {t('from')}
          <input
            type="search"
            value={filter.from}
            placeholder={t('filter.hint')}
            onInput={({ currentTarget }) => setFilter({ ...filter, from: currentTarget.value })}
          />
        </label>
        <label>
          {t('to')}
          <input
            type="search"
            value={filter.to}
            placeholder={t('filter.hint')}
            onInput={({ currentTarget }) => setFilter({ ...filter, to: currentTarget.value })}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={filter.connected}
            onChange={({ currentTarget }) => setFilter({ ...filter, connected: currentTarget.checked })}
          />
          {t('matrix.connected')}
        </label>
        <span class="muted" role="status">
          {t('matrix.count', { rows: rows.length, columns: columns.length })}
          {endpoints.length > data.size && ` · ${t('matrix.cut', { n: data.size, of: endpoints.length })}`}
        </span>
      </search>
      {rows.length === 0 || columns.length === 0 ? (
        <p class="empty">{t('nothing-matches')}</p>
      ) : (
        <Grid data={data} rows={rows} columns={columns} />
      )}
    </div>
  );
}

function groupOf({ type, namespace }: EndpointItem): string {
  if (type === 'workload') return namespace;
  if (type === 'external' || type === 'ingress-controller') return t('map.outside');
  return type === 'domain' ? t('map.domains') : t('map.nodes');
}

function linesOf(
  endpoints: readonly EndpointItem[],
  { cells, size }: MatrixData,
  filter: { readonly from: string; readonly to: string; readonly connected: boolean },
  side: 'from' | 'to',
): readonly Line[] {
  const words = filter[side].toLowerCase().split(/\s+/).filter(Boolean);
  const isConnected = (at: number): boolean => {
    for (let other = 0; other < size; other++) {
      if ((cells[side === 'from' ? at * size + other : other * size + at] ?? 0) > 0) return true;
    }
    return false;
  };
  return endpoints.slice(0, size).flatMap((endpoint, at) => {
    const text = `${endpoint.id} ${Object.entries(endpoint.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ')}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return [];
    if (side === 'from' && endpoint.type === 'domain') return [];
    if (filter.connected && !isConnected(at)) return [];
    return { at, endpoint, group: groupOf(endpoint) };
  });
}

interface Spot {
  readonly row: number;
  readonly column: number;
}

const STEPS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-15, 0],
  PageDown: [15, 0],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

function shortName({ id, type, namespace }: EndpointItem): string {
  const text = type === 'workload' && id.startsWith(`${namespace}/`) ? id.slice(namespace.length + 1) : id;
  return text.replace(/\[[A-Za-z]+\]/, '');
}

function Grid({
  data,
  rows,
  columns,
}: {
  readonly data: MatrixData;
  readonly rows: readonly Line[];
  readonly columns: readonly Line[];
}): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, left: 0, width: 1000, height: 700 });
  const [active, setActive] = useState<Spot>({ row: 0, column: 0 });
  const takesFocus = useRef(false);
  const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  const spot = { row: clamp(active.row, rows.length - 1), column: clamp(active.column, columns.length - 1) };
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = (): void =>
      setSeen({
        top: element.scrollTop,
        left: element.scrollLeft,
        width: element.clientWidth,
        height: element.clientHeight,
      });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  // At once: the cell that had the focus may be gone, and keys would get lost.
  useLayoutEffect(() => {
    if (!takesFocus.current) return;
    takesFocus.current = false;
    scroller.current?.querySelector<HTMLElement>('[data-active]')?.focus({ preventScroll: true });
  });
  const headHeight = HEAD.namespaces + HEAD.names;
  const first = {
    row: Math.max(0, Math.floor(seen.top / CELL.height) - 3),
    column: Math.max(0, Math.floor(seen.left / CELL.width) - 3),
  };
  const last = {
    row: Math.min(rows.length, first.row + Math.ceil(seen.height / CELL.height) + 6),
    column: Math.min(columns.length, first.column + Math.ceil(seen.width / CELL.width) + 6),
  };
  const shownRows = within(first.row, last.row, spot.row);
  const shownColumns = useMemo(
    () => within(first.column, last.column, spot.column),
    [first.column, last.column, spot.column],
  );
  const groups = useMemo(() => bands(columns), [columns]);
  /** Rows in which the name of the group stands: where it begins, and the first in sight. */
  const top = Math.ceil(seen.top / CELL.height);
  const move = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      open(spot);
      return;
    }
    if (step === undefined) return;
    event.preventDefault();
    const [down, right] = event.ctrlKey ? [step[0], step[1]] : step;
    const next = {
      row:
        event.ctrlKey && event.key === 'Home'
          ? 0
          : event.ctrlKey && event.key === 'End'
            ? rows.length - 1
            : clamp(spot.row + down, rows.length - 1),
      column: clamp(spot.column + right, columns.length - 1),
    };
    takesFocus.current = true;
    setActive(next);
    reveal(scroller.current, next, headHeight);
  };
  const open = useCallback(
    ({ row, column }: Spot): void => {
      const from = rows[row];
      const to = columns[column];
      if (from !== undefined && to !== undefined && isJudged(from, to)) askVerdict(from.endpoint.id, to.endpoint.id);
    },
    [rows, columns],
  );
  return (
    <div class="matrix" ref={scroller}>
      <div
        class="grid"
        role="grid"
        aria-label={t('matrix.label')}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length + 1}
        style={{
          width: `${NAMES + columns.length * CELL.width}px`,
          height: `${headHeight + rows.length * CELL.height}px`,
        }}
        onKeyDown={move}
      >
        <div class="heads" role="row" aria-rowindex={1} style={{ height: `${headHeight}px` }}>
          <div class="corner" role="columnheader" aria-colindex={1} style={{ width: `${NAMES}px` }}>
            {t('matrix.corner')}
          </div>
          <div class="bands" aria-hidden="true">
            {groups.map(({ name, from, count }) => {
              // What is left of a group that is partly out of sight keeps its name.
              const left = Math.max(from * CELL.width, seen.left);
              const width = (from + count) * CELL.width - left;
              if (width <= 0 || left > seen.left + seen.width) return null;
              return (
                <span key={from} class="band" style={{ left: `${NAMES + left}px`, width: `${width}px` }}>
                  {name}
                </span>
              );
            })}
          </div>
          {shownColumns.map((column) => {
            const { endpoint, group } = columns[column] as Line;
            const begins = columns[column - 1]?.group !== group;
            return (
              <div
                key={endpoint.id}
                class={`head${begins ? ' begins' : ''}${column === spot.column ? ' here' : ''}`}
                role="columnheader"
                aria-colindex={column + 2}
                title={endpoint.id}
                style={{ left: `${NAMES + column * CELL.width}px`, width: `${CELL.width}px` }}
              >
                <span>{shortName(endpoint)}</span>
              </div>
            );
          })}
        </div>
        {shownRows.map((row) => (
          <Row
            key={(rows[row] as Line).endpoint.id}
            data={data}
            rows={rows}
            row={row}
            named={row === top || rows[row - 1]?.group !== rows[row]?.group}
            columns={columns}
            shown={shownColumns}
            here={row === spot.row ? spot.column : -1}
            onFocus={setActive}
            onOpen={open}
          />
        ))}
      </div>
    </div>
  );
}

/** The numbers in a range, and the one that has the focus, wherever it is. */
function within(first: number, last: number, focused: number): readonly number[] {
  const numbers = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  if (focused < first) numbers.unshift(focused);
  else if (focused >= last) numbers.push(focused);
  return numbers;
}

function bands(columns: readonly Line[]): { readonly name: string; readonly from: number; readonly count: number }[] {
  const found: { name: string; from: number; count: number }[] = [];
  for (const [at, { group }] of columns.entries()) {
    const last = found.at(-1);
    if (last?.name === group) last.count++;
    else found.push({ name: group, from: at, count: 1 });
  }
  return found;
}

function reveal(scroller: HTMLElement | null, { row, column }: Spot, headHeight: number): void {
  if (scroller === null) return;
  const top = row * CELL.height;
  const left = column * CELL.width;
  const height = scroller.clientHeight - headHeight - CELL.height;
  const width = scroller.clientWidth - NAMES - CELL.width;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + height) scroller.scrollTop = top - height;
  if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (left > scroller.scrollLeft + width) scroller.scrollLeft = left - width;
}

interface RowProps {
  readonly data: MatrixData;
  readonly rows: readonly Line[];
  readonly row: number;
  /** The name of its group stands in it. */
  readonly named: boolean;
  readonly columns: readonly Line[];
  readonly shown: readonly number[];
  /** The column that has the focus; -1 in other rows. */
  readonly here: number;
  readonly onFocus: (spot: Spot) => void;
  readonly onOpen: (spot: Spot) => void;
}

function isOutside({ type }: EndpointItem): boolean {
  return type === 'external' || type === 'domain' || type === 'ingress-controller';
}

/** Whether a pair is judged: not an endpoint with itself, and not what is outside with what is outside. */
function isJudged(from: Line, to: Line): boolean {
  return from.at !== to.at && !(isOutside(from.endpoint) && isOutside(to.endpoint));
}

function Row({ data, rows, row, named, columns, shown, here: spot, onFocus, onOpen }: RowProps): JSX.Element {
  const from = rows[row] as Line;
  const { at, endpoint, group } = from;
  const begins = rows[row - 1]?.group !== group;
  // The same element again while others come into sight.
  return useMemo(
    () => (
      <div
        class={`row${begins ? ' begins' : ''}`}
        role="row"
        aria-rowindex={row + 2}
        style={{ top: `${HEAD.namespaces + HEAD.names + row * CELL.height}px`, height: `${CELL.height}px` }}
      >
        <div
          class={`row-name${spot >= 0 ? ' here' : ''}`}
          role="rowheader"
          aria-colindex={1}
          title={endpoint.id}
          style={{ width: `${NAMES}px` }}
        >
          <span class="row-group">{named ? group : ''}</span>
          <span class="row-text">{shortName(endpoint)}</span>
        </div>
        {shown.map((column) => {
          const to = columns[column] as Line;
          const judged = isJudged(from, to);
          const ports = judged ? data.ports[(data.cells[at * data.size + to.at] ?? 0) - 1] : undefined;
          const here = column === spot;
          const words = judged ? fewPorts(ports?.text ?? t('matrix.nothing')) : t('matrix.not-judged');
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the grid
            <div
              key={to.endpoint.id}
              role="gridcell"
              aria-colindex={column + 2}
              aria-label={t('matrix.cell', { from: endpoint.id, to: to.endpoint.id, ports: words })}
              title={`${endpoint.id} → ${to.endpoint.id}: ${words}`}
              tabIndex={here ? 0 : -1}
              data-active={here ? '' : undefined}
              class={`cell ${judged ? (ports === undefined ? 'none' : ports.open ? 'open' : 'some') : 'na'}${columns[column - 1]?.group === to.group ? '' : ' begins'}`}
              style={{ left: `${NAMES + column * CELL.width}px`, width: `${CELL.width}px` }}
              onFocus={() => onFocus({ row, column })}
              onClick={() => onOpen({ row, column })}
            >
              {judged ? (ports?.short ?? '·') : '–'}
            </div>
          );
        })}
      </div>
    ),
    [data, rows, row, named, columns, shown, spot, onFocus, onOpen, locale.value],
  );
}
