import { ISOLATION_TEXT } from '../picture/model.ts';
import type { ReachabilitySource } from '../reachability-source.ts';
import { count, escapeXml } from '../text.ts';
import { MAX_LISTED, reportData } from './data.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_CSS } from './style.ts';

/**
 * The report around a map that is drawn already; see {@link reachHtml}, which draws it.
 * @param map markup: an SVG drawing whose boxes and lines are marked as {@link drawPicture} does, or a paragraph that says why there is none
 */
export async function reportHtml(reachability: ReachabilitySource, map: string): Promise<string> {
  const data = reportData(reachability);
  const policy = [
    "default-src 'none'",
    `script-src '${await hashOf(PAGE_SCRIPT)}'`,
    `style-src '${await hashOf(PAGE_CSS)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const total = reachability.endpoints.length;
  const left = total - data.endpoints.length;
  const free = data.endpoints.filter(({ isolation }) => isolation === ISOLATION_TEXT.none).length;
  const summary = `${count(total, 'endpoint')}; ${count(free, 'workload')} not isolated by any NetworkPolicy`;
  const note =
    left === 0
      ? ''
      : `<p class="note">The matrix and the list show the first ${MAX_LISTED} endpoints; ${left} are left out. Limit the report with --namespace, --from or --to.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portcullis: who reaches whom</title>
<style>${PAGE_CSS}</style>
</head>
<body>
<header>
<h1>Who reaches whom</h1>
<p>${escapeXml(summary)}</p>
<button id="theme" type="button">Light or dark</button>
</header>
<noscript><p class="note">The matrix and the list need JavaScript; the map below does not.</p></noscript>
<div class="tabs" role="tablist" aria-label="Views">
${tab('matrix', 'Matrix', true)}
${tab('map', 'Map', false)}
${tab('list', 'List', false)}
${tab('legend', 'Legend', false)}
</div>
<div class="filters" id="filters" role="search">
<label>From <input id="filter-from" type="search" placeholder="name, label, namespace" autocomplete="off"></label>
<label>To <input id="filter-to" type="search" placeholder="name, label, namespace" autocomplete="off"></label>
<label>Ports <input id="filter-ports" type="search" placeholder="443/TCP, all ports" autocomplete="off"></label>
<label><input id="connected" type="checkbox"> only with connections</label>
<span id="count" role="status"></span>
</div>
${note}<main>
<section id="matrix" role="tabpanel" aria-labelledby="tab-matrix">
<p class="empty" id="none" hidden>Nothing matches.</p>
<div class="scroller" id="scroller"><div class="grid" id="grid" role="grid" aria-label="Reachability: sources in rows, destinations in columns"></div></div>
</section>
<section id="map" role="tabpanel" aria-labelledby="tab-map">
<div class="zoom"><button id="zoom-out" type="button">Smaller</button><button id="zoom-in" type="button">Larger</button><button id="zoom-fit" type="button">Fit</button><button id="zoom-full" type="button">Full size</button></div>
${map}
</section>
<section id="list" role="tabpanel" aria-labelledby="tab-list">
<table><caption id="list-count"></caption><thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Ports</th></tr></thead><tbody id="list-body"></tbody></table>
<p class="empty"><button id="more" type="button" hidden>Show more</button></p>
</section>
<section id="legend" role="tabpanel" aria-labelledby="tab-legend">
${LEGEND}
</section>
</main>
<div id="status" aria-live="polite"></div>
<script id="data" type="application/json">${scriptJson(data)}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function tab(id: string, title: string, selected: boolean): string {
  return `<button type="button" role="tab" id="tab-${id}" aria-controls="${id}" aria-selected="${selected}">${title}</button>`;
}

/** JSON that cannot end the element it stands in, nor begin a comment. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}

const LEGEND = `<h2>Matrix</h2>
<dl>
<dt>7070</dt><dd>Open on this port only; the line at the bottom of the page has the protocol.</dd>
<dt>80 +1</dt><dd>Open on several ports: the first, and how many more.</dd>
<dt>TCP</dt><dd>Open on every port of the protocol.</dd>
<dt>ALL</dt><dd>Open on all ports of TCP, UDP and SCTP; with a frame.</dd>
<dt>·</dt><dd>Nothing is open.</dd>
<dt>–</dt><dd>Not judged: an endpoint with itself, or two ends outside the cluster.</dd>
</dl>
<p>Arrow keys, Page Up, Page Down, Home and End move through the matrix. The search fields take several words; each must
occur in the name, the labels, the kind of endpoint or the state of isolation.</p>
<h2>Map</h2>
<dl>
<dt>Box</dt><dd>A workload, or several of one namespace that connect alike.</dd>
<dt>Dotted box</dt><dd>Stands for everything in its group.</dd>
<dt>Ports in a box</dt><dd>What lines that end there are open on.</dd>
<dt>Wide line, “all ports”</dt><dd>Open on every port.</dd>
<dt>Broken line, “some:”</dt><dd>Only some pairs of the two boxes are open on these ports.</dd>
<dt>Full shield, thick frame: ${ISOLATION_TEXT.both}</dt><dd>NetworkPolicies select it in both directions.</dd>
<dt>Half shield: ${ISOLATION_TEXT.ingress}, ${ISOLATION_TEXT.egress}</dt><dd>One direction is isolated, the other is open.</dd>
<dt>Empty shield, broken frame: ${ISOLATION_TEXT.none}</dt><dd>No NetworkPolicy selects it.</dd>
</dl>
<p>Enter, or a click, on a box shows its connections alone; Escape shows all again.</p>`;
