import { DARK, LIGHT, type Palette, pictureCss } from '../picture/palette.ts';

/** Sizes of the matrix that the style sheet and the script share, in CSS pixels. */
export const MATRIX = { cellWidth: 58, rowHeight: 26, nameWidth: 280, headHeight: 190 } as const;

function variables(colours: Palette): string {
  return Object.entries({
    page: colours.page,
    panel: colours.frame,
    line: colours.frameLine,
    strong: colours.boxLine,
    ink: colours.ink,
    muted: colours.muted,
    open: colours.open,
    safe: colours.safe,
    focus: colours.focus,
    box: colours.box,
  })
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
}

/** The style sheet of the page: light or dark as the reader's system, or as chosen on the page. */
export const PAGE_CSS: string = `
:root{color-scheme:light;${variables(LIGHT)}}
:root[data-theme=dark]{color-scheme:dark;${variables(DARK)}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${variables(DARK)}}}
*{box-sizing:border-box}
html,body{height:100%}
body{margin:0;display:flex;flex-direction:column;background:var(--page);color:var(--ink);font:14px/1.45 system-ui,'Segoe UI','DejaVu Sans',sans-serif}
h1{font-size:18px;margin:0}
header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:baseline;padding:12px 16px 8px}
header p{margin:0;color:var(--muted);flex:1 1 300px}
button,input{font:inherit;color:inherit;background:var(--box);border:1px solid var(--strong);border-radius:5px;padding:4px 10px}
::placeholder{color:var(--muted);opacity:1}
button{cursor:pointer}
:focus-visible{outline:2px solid var(--focus);outline-offset:1px}
.tabs{display:flex;gap:4px;padding:0 16px;border-bottom:1px solid var(--line)}
.tabs button{border-color:transparent;border-radius:5px 5px 0 0;background:none;padding:7px 14px}
.tabs button[aria-selected=true]{background:var(--panel);border-color:var(--line);border-bottom-color:var(--panel);font-weight:600;margin-bottom:-1px}
.filters{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;padding:10px 16px;background:var(--panel);border-bottom:1px solid var(--line)}
.filters label{display:inline-flex;gap:6px;align-items:center}
.filters input[type=search]{width:210px;max-width:60vw}
#count{color:var(--muted);margin-left:auto}
main{flex:1 1 auto;min-height:0;display:flex;flex-direction:column}
section{flex:1 1 auto;min-height:0;overflow:auto}
section[hidden]{display:none}
#status{min-height:34px;padding:7px 16px;border-top:1px solid var(--line);background:var(--panel);overflow-wrap:anywhere}
.mono,.grid,td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}
.note{margin:0;padding:8px 16px;border-bottom:1px solid var(--line);border-left:4px solid var(--focus)}
#matrix:not([hidden]){overflow:hidden;display:flex}
.scroller{position:relative;overflow:auto;flex:1 1 auto;min-height:0}
.grid{position:relative}
.grid .heads{position:sticky;top:0;z-index:3;height:${MATRIX.headHeight}px;background:var(--page);border-bottom:1px solid var(--strong)}
.grid .corner{position:sticky;left:0;z-index:4;width:${MATRIX.nameWidth}px;height:100%;background:var(--page);display:flex;align-items:end;padding:6px 10px;color:var(--muted);border-right:1px solid var(--strong)}
.grid .head{position:absolute;top:6px;bottom:6px;width:${MATRIX.cellWidth}px;writing-mode:vertical-rl;transform:rotate(180deg);line-height:${MATRIX.cellWidth}px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.grid .row{position:absolute;left:0;right:0;height:${MATRIX.rowHeight}px}
.grid .row:nth-child(even)>.name{background:var(--panel)}
.grid .name{position:sticky;left:0;z-index:2;display:block;width:${MATRIX.nameWidth}px;height:100%;padding:4px 10px;background:var(--page);border-right:1px solid var(--strong);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.grid .cell{position:absolute;top:0;width:${MATRIX.cellWidth}px;height:${MATRIX.rowHeight}px;border-right:1px solid var(--line);border-bottom:1px solid var(--line);text-align:center;padding:4px 0;white-space:nowrap;overflow:hidden}
.grid .cell.some{background:var(--panel);font-weight:600}
.grid .cell.open{color:var(--open);font-weight:700;box-shadow:inset 0 0 0 2px var(--open)}
.grid .cell.none,.cell.na{color:var(--muted)}
.grid .cell:focus{outline:2px solid var(--focus);outline-offset:-2px}
.empty{padding:24px 16px;color:var(--muted)}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:8px 16px;color:var(--muted)}
th{position:sticky;top:0;text-align:left;background:var(--panel);padding:6px 16px;border-bottom:1px solid var(--strong)}
td{padding:4px 16px;border-bottom:1px solid var(--line);overflow-wrap:anywhere;vertical-align:top}
td.open{color:var(--open);font-weight:700}
.zoom{position:sticky;top:0;left:0;z-index:2;display:flex;gap:6px;padding:8px 16px;background:var(--page);width:100%}
#map svg{display:block}
.pc .node{cursor:pointer}
.pc .node:focus-visible{outline:none}
.pc .node:focus-visible>.box{stroke:var(--focus);stroke-width:3.5}
.pc.focused .node:not(.lit),.pc.focused .edge:not(.lit){opacity:.15}
#legend{padding:12px 16px;max-width:75ch}
#legend dt{font-weight:600;margin-top:10px}
#legend dd{margin:0 0 4px}
${pictureCss(LIGHT)}
${pictureCss(DARK, ':root[data-theme=dark] ')}
@media (prefers-color-scheme:dark){
${pictureCss(DARK, ':root:not([data-theme=light]) ')}
}
@media print{.filters,.tabs,#status,.zoom{display:none}section,section[hidden]{display:block}body{display:block}}
`;
