/** Colours of a picture; each pair of text and background has a contrast of at least 4.5 to 1. */
export interface Palette {
  readonly page: string;
  readonly frame: string;
  readonly frameLine: string;
  readonly outside: string;
  readonly box: string;
  readonly boxLine: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly open: string;
  readonly safe: string;
  readonly partly: string;
  readonly unsafe: string;
  readonly focus: string;
}

export const LIGHT: Palette = {
  page: '#ffffff',
  frame: '#f3f6fa',
  frameLine: '#b8c4d4',
  outside: '#faf5ea',
  box: '#ffffff',
  boxLine: '#6b7a90',
  ink: '#172030',
  muted: '#4d5a6e',
  line: '#52657f',
  open: '#b3261e',
  safe: '#0b6b3a',
  partly: '#7a4d00',
  unsafe: '#b3261e',
  focus: '#0a58ca',
};

export const DARK: Palette = {
  page: '#10151d',
  frame: '#18202b',
  frameLine: '#3b4a5e',
  outside: '#242013',
  box: '#1f2937',
  boxLine: '#8292a9',
  ink: '#eef2f8',
  muted: '#b3bfd0',
  line: '#93a5be',
  open: '#ff8a80',
  safe: '#6ddc9c',
  partly: '#f2bd5a',
  unsafe: '#ff8a80',
  focus: '#7fb2ff',
};

const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

/**
 * The rules that paint a picture.
 * @param prefix before every selector, such as `[data-theme=dark] `
 */
export function pictureCss(colours: Palette, prefix: string = ''): string {
  const rule = (selectors: string, body: string): string =>
    `${selectors
      .split(',')
      .map((one) => `${prefix}.pc ${one}`)
      .join(',')}{${body}}`;
  return [
    rule('.page', `fill:${colours.page}`),
    rule('.frame', `fill:${colours.frame};stroke:${colours.frameLine}`),
    rule('.outside', `fill:${colours.outside};stroke-dasharray:6 4`),
    rule('.box', `fill:${colours.box};stroke:${colours.boxLine}`),
    rule('.k-all', `stroke-dasharray:2 3;stroke-width:1.5`),
    rule('.i-both', 'stroke-width:2.5'),
    rule('.i-none', `stroke:${colours.unsafe};stroke-dasharray:7 3;stroke-width:2`),
    rule('text', `fill:${colours.ink};font-family:${MONO}`),
    rule('.title', 'font-size:13px;font-weight:600'),
    rule('.small', `fill:${colours.muted};font-size:11px`),
    rule('.slot', 'font-size:11px'),
    rule('.slot-open', `fill:${colours.open};font-size:11px;font-weight:700`),
    rule('.b-both', `fill:${colours.safe}`),
    rule('.b-ingress,.b-egress,.b-mixed', `fill:${colours.partly}`),
    rule('.b-none', `fill:${colours.unsafe};font-weight:700`),
    rule('.line', `fill:none;stroke:${colours.line};stroke-width:1.3;stroke-linejoin:round`),
    rule('.line-open', `stroke:${colours.open};stroke-width:3`),
    rule('.line-partial', 'stroke-dasharray:4 3'),
    rule('.head', `fill:${colours.line};stroke:none`),
    rule('.head-open', `fill:${colours.open}`),
    rule('.rule', `stroke:${colours.frameLine};stroke-width:1`),
  ].join('\n');
}
