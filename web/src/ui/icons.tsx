import type { JSX } from 'preact';

const PATHS = {
  map: 'M3 5h7v6H3zM14 3h7v6h-7zM14 14h7v7h-7zM10 8h4M17.500 9v5',
  matrix: 'M3 3h18v18H3zM3 9h18M3 15h18M9 3v18M15 3v18',
  verdict: 'M12 3v18M5 7h14M5 7l-3 7h6zM19 7l-3 7h6zM8 21h8',
  changes: 'M7 4v10M2 9h10M13 18h9',
  lint: 'M9 12l2 2 4-5M4 4h16v16H4z',
  exposure: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c4 4 4 14 0 18M12 3c-4 4-4 14 0 18',
  tests: 'M9 3h6M10 3v6l-6 11h16L14 9V3M7.500 15h9',
  flows: 'M3 8h14l-4-4M21 16H7l4 4',
  editor: 'M4 20l4-1L20 7l-3-3L5 16zM14 6l4 4',
  share: 'M10 14l-3 3a4 4 0 0 1-5-5l4-4a4 4 0 0 1 5 0M14 10l3-3a4 4 0 0 1 5 5l-4 4a4 4 0 0 1-5 0',
  download: 'M12 3v12M7 10l5 5 5-5M4 21h16',
  open: 'M3 6h6l2 3h10v11H3z',
  sun: 'M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M5 19l1.500-1.500M17.500 6.500L19 5',
  moon: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z',
  search: 'M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l5 5',
  close: 'M5 5l14 14M19 5L5 19',
  plus: 'M12 4v16M4 12h16',
  minus: 'M4 12h16',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  check: 'M4 12l5 6L20 6',
  cross: 'M5 5l14 14M19 5L5 19',
  warning: 'M12 3L2 20h20zM12 9v5M12 17v.500',
  info: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 11v5M12 7.500v.500',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  more: 'M5 12h.010M12 12h.010M19 12h.010',
  form: 'M4 5h16M4 12h16M4 19h9',
  shield: 'M12 3l8 3v6c0 5-4 8-8 9c-4-1-8-4-8-9V6z',
  undo: 'M8 6L4 10l4 4M4 10h10a6 6 0 0 1 0 12h-3',
  arrow: 'M4 12h15M13 6l6 6-6 6',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside words; it says nothing by itself. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
