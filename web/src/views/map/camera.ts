import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { MapLayout, PlacedNode } from './layout.ts';
import { FAR } from './text.ts';

/** What part of the map is seen. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export type SetCamera = (change: (seen: Camera | undefined) => Camera | undefined) => void;

const MOST_ZOOM = 3;
/** Width of the buttons over the map. */
const TOOLS = 40;
/** Width of what is told of a workload beside the map; in narrow windows it is over the map. */
const INSPECTOR = 270;
const NARROW = '(max-width: 1000px)';

/** Everything in sight, no larger than it is drawn for. */
export function fitted({ width, height }: MapLayout, frame: HTMLElement | null): Camera | undefined {
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

/**
 * Width by height of what the map is laid out for: the frame less what is told of a workload, so that the map does not jump
 * about when that opens and closes.
 */
export function aspectOf(frame: HTMLElement | null, inspected: boolean): number {
  const { width, height } = room(frame);
  const beside = inspected || matchMedia(NARROW).matches ? 0 : INSPECTOR;
  return Math.min(2.4, Math.max(0.5, Math.max(width - beside, width / 2) / height));
}

export function middleOf(frame: HTMLElement | null): Point {
  return { x: (frame?.clientWidth ?? 0) / 2, y: (frame?.clientHeight ?? 0) / 2 };
}

/** Nearer or farther, with what is at a point staying there. */
export function zoomed({ x, y, scale }: Camera, factor: number, at: Point): Camera {
  const next = Math.min(MOST_ZOOM, Math.max(0.03, scale * factor));
  const ratio = next / scale;
  return { scale: next, x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio };
}

/** Brings a node into sight, and near enough to be read; as it was, when it is. */
export function centred(seen: Camera, node: PlacedNode, frame: HTMLElement | null): Camera {
  if (frame === null) return seen;
  const { width: whole, height } = room(frame);
  const width = matchMedia(NARROW).matches ? Math.max(whole / 2, whole - INSPECTOR) : whole;
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

/** Moves the map with one pointer; two, on a touch screen, zoom as well. */
export function useDrag(setCamera: SetCamera): JSX.SVGAttributes<SVGSVGElement> {
  const down = useRef(new Map<number, Point>());
  const middle = (): { readonly at: Point; readonly apart: number } => {
    const [a = { x: 0, y: 0 }, b = a] = [...down.current.values()];
    return { at: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };
  const up = ({ pointerId }: PointerEvent): void => void down.current.delete(pointerId);
  return {
    onPointerDown: ({ button, pointerId, clientX, clientY }: PointerEvent) => {
      if (button === 0) down.current.set(pointerId, { x: clientX, y: clientY });
    },
    onPointerMove: (event: PointerEvent) => {
      const { pointerId, clientX, clientY, currentTarget } = event;
      if (!down.current.has(pointerId)) return;
      // The button was let go outside.
      if (event.buttons === 0) return up(event);
      const before = middle();
      down.current.set(pointerId, { x: clientX, y: clientY });
      const now = middle();
      const { left, top } = (currentTarget as Element).getBoundingClientRect();
      setCamera((seen) => {
        if (seen === undefined) return seen;
        const moved = { ...seen, x: seen.x + now.at.x - before.at.x, y: seen.y + now.at.y - before.at.y };
        if (before.apart === 0 || now.apart === 0) return moved;
        return zoomed(moved, now.apart / before.apart, { x: now.at.x - left, y: now.at.y - top });
      });
      return undefined;
    },
    onPointerUp: up,
    onPointerCancel: up,
  };
}

/** The wheel zooms; with Shift it moves the map sideways. */
export function useWheel(
  frame: { readonly current: HTMLDivElement | null },
  zoom: (factor: number, at: Point) => void,
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
