/** Text of the map: what fits, at a size that can be read. */

/** Below this scale texts of workloads cannot be read, and are left out. */
export const FAR = 0.55;

/** What is hardly read any more, in pixels of the screen. */
const SMALLEST = 12;

/** Sizes of names in units of the map: few, as each of them means another drawing of every workload. */
const SIZES = [14, 16, 18, 20, 22] as const;

/** The size of names at which they are {@link SMALLEST} or larger on the screen, down to the scale {@link FAR}. */
export function nameSize(scale: number): number {
  return SIZES.find((size) => size * scale >= SMALLEST - 0.1) ?? 22;
}

let context: CanvasRenderingContext2D | null | undefined;
const widths = new Map<string, number>();
/** Texts whose widths are kept. */
const KEPT = 20_000;

/** How wide a text is in the font of the page, by its size. All texts are taken for bold ones. */
export function widthOf(text: string): number {
  const found = widths.get(text);
  if (found !== undefined) return found;
  if (context === undefined) {
    context = document.createElement('canvas').getContext('2d');
    if (context !== null) context.font = `650 100px ${getComputedStyle(document.body).fontFamily}`;
  }
  const width = context === null ? text.length * 0.66 : context.measureText(text).width / 100;
  if (widths.size > KEPT) widths.clear();
  widths.set(text, width);
  return width;
}

/** How many characters of a text fit a width, the sign of what is left out included; all where it fits. */
function fitting(text: string, width: number, size: number): number {
  const whole = widthOf(text) * size;
  return whole <= width ? text.length : Math.max(2, Math.floor((text.length * width) / whole) - 1);
}

/** The beginning of a text that is too long for a width. */
export function cut(text: string, width: number, size: number): string {
  const most = fitting(text, width, size);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Beginning and end of a text that is too long: names of one family often differ at their ends only. */
export function cutMiddle(text: string, width: number, size: number): string {
  const most = Math.max(3, fitting(text, width, size));
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${text.slice(0, most - 1 - end)}…${text.slice(text.length - end)}`;
}
