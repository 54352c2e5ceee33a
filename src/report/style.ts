/** Colours as functions, so that renderers know nothing of terminals. Meaning never depends on them. */
export interface Style {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly info: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

const same = (text: string): string => text;

/** No colours. */
export const PLAIN: Style = { error: same, warning: same, info: same, good: same, bold: same, dim: same };

function sgr(open: number, close: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`);
}

/** The sixteen-colour escape sequences every colour terminal knows. */
export const ANSI: Style = {
  error: sgr(31, 39),
  warning: sgr(33, 39),
  info: sgr(36, 39),
  good: sgr(32, 39),
  bold: sgr(1, 22),
  dim: sgr(2, 22),
};
