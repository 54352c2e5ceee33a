import { type DiffRow, type DiffSource, type DiffTextOptions, diffRows, diffSummary } from './diff-words.ts';
import { formatPorts } from './ports.ts';
import { count, escapeXml } from './text.ts';

/** How the page is written. */
export interface DiffHtmlOptions extends DiffTextOptions {
  /** What the two inputs are called. */
  readonly names?: { readonly old: string; readonly new: string };
}

/** More ends of a row are folded. */
const OPEN_ENDS = 6;

const CSS = `
:root{color-scheme:light dark;--page:#fff;--ink:#1f2328;--muted:#59636e;--line:#d1d9e0;--panel:#f6f8fa;--opened:#9a3b00;--closed:#0a5c2b}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--muted:#9198a1;--line:#3d444d;--panel:#151b23;--opened:#ffb77c;--closed:#7ee2a8}}
body{margin:0 auto;max-width:1200px;padding:16px 20px 40px;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0 0 4px}
p{margin:4px 0}
.names{color:var(--muted)}
.scroll{overflow-x:auto;margin:20px 0}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-weight:600;font-size:17px;padding:4px 0}
.opened caption{color:var(--opened)}
.closed caption{color:var(--closed)}
th,td{border:1px solid var(--line);padding:6px 10px;text-align:left;vertical-align:top}
th{background:var(--panel)}
td ul{margin:0;padding:0;list-style:none}
code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
summary{cursor:pointer}
:focus-visible{outline:2px solid currentColor;outline-offset:2px}
`;

/** One page that needs nothing else: no script, no network, light or dark as the reader prefers. */
export function* diffHtml(diff: DiffSource, options: DiffHtmlOptions = {}): Generator<string> {
  const summary = escapeXml(diffSummary(diff, options));
  const { names } = options;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portcullis: what changed in who reaches whom</title>
<style>${CSS}</style>
</head>
<body>
<main>
<h1>What changed in who reaches whom</h1>
`;
  if (names !== undefined) {
    yield `<p class="names">from <code>${escapeXml(names.old)}</code> to <code>${escapeXml(names.new)}</code></p>\n`;
  }
  yield `<p>${summary}</p>\n`;
  const { opened, closed } = diffRows(diff);
  if (opened.length > 0) yield* table('Opened', opened);
  if (closed.length > 0) yield* table('Closed', closed);
  yield* policyList(diff);
  yield '</main>\n</body>\n</html>\n';
}

function* table(title: 'Opened' | 'Closed', rows: readonly DiffRow[]): Generator<string> {
  const pairs = rows.reduce((sum, row) => sum + row.pairs, 0);
  const name = title.toLowerCase();
  yield `<div class="scroll" role="region" tabindex="0" aria-labelledby="${name}">
<table class="${name}">
<caption id="${name}">${title}: ${count(pairs, 'connection')}</caption>
<thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Ports</th><th scope="col">Because</th></tr></thead>
<tbody>
`;
  for (const { from, to, group, because } of rows) {
    const ports = formatPorts(title === 'Opened' ? group.opened : group.closed);
    const causes = because.map((cause) => `<li>${escapeXml(cause)}</li>`).join('');
    yield `<tr><td>${ends(from)}</td><td>${ends(to)}</td><td>${escapeXml(ports)}</td><td><ul>${causes}</ul></td></tr>\n`;
  }
  yield '</tbody>\n</table>\n</div>\n';
}

function ends(ids: readonly string[]): string {
  const list = `<ul>${ids.map((id) => `<li><code>${escapeXml(id)}</code></li>`).join('')}</ul>`;
  return ids.length <= OPEN_ENDS
    ? list
    : `<details><summary>${count(ids.length, 'endpoint')}</summary>${list}</details>`;
}

function* policyList({ policies }: DiffSource): Generator<string> {
  const items = (['added', 'removed', 'edited'] as const).flatMap((what) =>
    policies[what].map(({ kind, namespace, name }) => {
      const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
      return `<li><code>${escapeXml(object)}</code> ${what}</li>`;
    }),
  );
  if (items.length > 0) {
    yield `<details><summary>${count(items.length, 'policy', 'policies')} written</summary><ul>${items.join('')}</ul></details>\n`;
  }
}
