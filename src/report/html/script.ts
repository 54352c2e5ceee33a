import { MATRIX } from './style.ts';

/**
 * The page's script. Plain JavaScript: it is part of the page as it stands, and a hash of it is in the page's security
 * policy. It builds elements and sets their text, never markup.
 */
export const PAGE_SCRIPT: string = `'use strict';
(() => {
const data = JSON.parse(document.getElementById('data').textContent);
const CELL = ${MATRIX.cellWidth}, ROW = ${MATRIX.rowHeight}, NAME = ${MATRIX.nameWidth}, HEAD = ${MATRIX.headHeight};
const LIST_STEP = 500;
const byId = (id) => document.getElementById(id);
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// Which groups an endpoint is a source of, and the targets of each group as a bit map.
const count = data.endpoints.length;
const groupsFrom = data.endpoints.map(() => []);
const targets = data.groups.map(([from, to], group) => {
  for (const end of from) groupsFrom[end].push(group);
  const map = new Uint8Array(count);
  for (const end of to) map[end] = 1;
  return map;
});
const portsBetween = (from, to) => {
  if (from === to) return [];
  const found = [];
  for (const group of groupsFrom[from]) {
    const ports = data.groups[group][2];
    if (targets[group][to] && !found.includes(ports)) found.push(ports);
  }
  const open = found.find((ports) => data.ports[ports].open);
  return open === undefined ? found : [open];
};
const textOf = (ports) => ports.map((at) => data.ports[at].text).join(', ');
const sentence = (from, to) => {
  const source = data.endpoints[from], target = data.endpoints[to];
  const name = (end) => end.isolation ? end.id + ' (' + end.isolation + ')' : end.id;
  if (from === to || (source.outside && target.outside)) return name(source) + ' to ' + name(target) + ': not judged';
  return name(source) + ' to ' + name(target) + ': ' + (textOf(portsBetween(from, to)) || 'nothing is open');
};
const say = (text) => { byId('status').textContent = text; };

// Filters
const inputs = { from: byId('filter-from'), to: byId('filter-to'), ports: byId('filter-ports') };
const connectedOnly = byId('connected');
let rows = [], columns = [], wanted = [];
const withoutType = (type) => data.endpoints.filter((end) => end.type !== type).length;
const ends = { sources: withoutType('domain'), destinations: withoutType('ingress-controller') };
const words = (input) => input.value.toLowerCase().split(/\\s+/).filter(Boolean);
const matching = (all) => data.endpoints.flatMap((end, at) => all.every((word) => end.find.includes(word)) ? [at] : []);
const shown = (from, to) => portsBetween(from, to).filter((ports) => wanted[ports]);
const refresh = () => {
  const portWords = words(inputs.ports);
  wanted = data.ports.map(({ text }) => portWords.every((word) => text.toLowerCase().includes(word)));
  // Policies know domains as destinations only, and nothing leads to the ingress controller.
  rows = matching(words(inputs.from)).filter((at) => data.endpoints[at].type !== 'domain');
  columns = matching(words(inputs.to)).filter((at) => data.endpoints[at].type !== 'ingress-controller');
  if (connectedOnly.checked || portWords.length > 0) {
    const sources = new Set(), sinks = new Set();
    const asRow = new Uint8Array(count), asColumn = new Uint8Array(count);
    for (const row of rows) asRow[row] = 1;
    for (const column of columns) asColumn[column] = 1;
    for (const [from, to, ports] of data.groups) {
      if (!wanted[ports]) continue;
      const froms = from.filter((end) => asRow[end]), tos = to.filter((end) => asColumn[end]);
      if (froms.length === 1 && tos.length === 1 && froms[0] === tos[0]) continue;
      if (tos.length > 0) for (const end of froms) sources.add(end);
      if (froms.length > 0) for (const end of tos) sinks.add(end);
    }
    rows = rows.filter((end) => sources.has(end));
    columns = columns.filter((end) => sinks.has(end));
  }
  byId('count').textContent = rows.length + ' of ' + ends.sources + ' sources, ' + columns.length + ' of ' + ends.destinations + ' destinations';
  active = { row: 0, column: 0 };
  listed = LIST_STEP;
  render();
};

// Matrix: only what can be seen is in the page.
const scroller = byId('scroller'), grid = byId('grid');
let active = { row: 0, column: 0 }, listed = LIST_STEP;
const drawMatrix = (takeFocus) => {
  grid.replaceChildren();
  grid.setAttribute('aria-rowcount', String(rows.length + 1));
  grid.setAttribute('aria-colcount', String(columns.length + 1));
  const none = rows.length === 0 || columns.length === 0;
  byId('none').hidden = !none;
  scroller.hidden = none;
  if (none) return;
  grid.style.width = NAME + columns.length * CELL + 'px';
  grid.style.height = HEAD + rows.length * ROW + 'px';
  const firstColumn = Math.max(0, Math.floor(scroller.scrollLeft / CELL) - 2);
  const lastColumn = Math.min(columns.length, firstColumn + Math.ceil(scroller.clientWidth / CELL) + 4);
  const firstRow = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 2);
  const lastRow = Math.min(rows.length, firstRow + Math.ceil(scroller.clientHeight / ROW) + 4);
  const heads = make('div', 'heads');
  heads.setAttribute('role', 'row');
  heads.setAttribute('aria-rowindex', '1');
  const corner = make('div', 'corner', 'from (rows) to (columns)');
  corner.setAttribute('role', 'columnheader');
  heads.append(corner);
  for (let at = firstColumn; at < lastColumn; at++) {
    const head = make('div', 'head', data.endpoints[columns[at]].id.replace(/\\[[A-Za-z]+\\]/, ''));
    head.setAttribute('role', 'columnheader');
    head.setAttribute('aria-colindex', String(at + 2));
    head.title = data.endpoints[columns[at]].id;
    head.style.left = NAME + at * CELL + 'px';
    heads.append(head);
  }
  grid.append(heads);
  for (let at = firstRow; at < lastRow; at++) grid.append(drawRow(at, firstColumn, lastColumn, takeFocus));
  if (takeFocus) grid.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
};
const drawRow = (at, firstColumn, lastColumn) => {
  const from = rows[at];
  const row = make('div', 'row');
  row.setAttribute('role', 'row');
  row.setAttribute('aria-rowindex', String(at + 2));
  row.style.top = HEAD + at * ROW + 'px';
  const name = make('div', 'name', data.endpoints[from].id);
  name.setAttribute('role', 'rowheader');
  name.title = name.textContent;
  row.append(name);
  for (let place = firstColumn; place < lastColumn; place++) row.append(drawCell(at, place));
  return row;
};
const drawCell = (row, column) => {
  const from = rows[row], to = columns[column];
  const judged = from !== to && !(data.endpoints[from].outside && data.endpoints[to].outside);
  const ports = judged ? shown(from, to) : [];
  const open = ports.some((one) => data.ports[one].open);
  const short = ports.length === 0 ? '·' : data.ports[ports[0]].short + (ports.length > 1 ? '…' : '');
  const cell = make('div', 'cell ' + (judged ? (open ? 'open' : ports.length > 0 ? 'some' : 'none') : 'na'), judged ? short : '–');
  cell.setAttribute('role', 'gridcell');
  cell.setAttribute('aria-colindex', String(column + 2));
  cell.setAttribute('aria-label', sentence(from, to));
  cell.tabIndex = row === active.row && column === active.column ? 0 : -1;
  cell.style.left = NAME + column * CELL + 'px';
  const tell = () => say(sentence(from, to));
  cell.addEventListener('mouseenter', tell);
  cell.addEventListener('focus', () => { active = { row, column }; tell(); });
  return cell;
};
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-15, 0], PageDown: [15, 0], Home: [0, -1e9], End: [0, 1e9] };
grid.addEventListener('keydown', (event) => {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const clamp = (value, most) => Math.min(Math.max(value, 0), most);
  active = { row: clamp(active.row + step[0], rows.length - 1), column: clamp(active.column + step[1], columns.length - 1) };
  const top = active.row * ROW, left = active.column * CELL;
  const height = scroller.clientHeight - HEAD - ROW, width = scroller.clientWidth - NAME - CELL;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + height) scroller.scrollTop = top - height;
  if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (left > scroller.scrollLeft + width) scroller.scrollLeft = left - width;
  drawMatrix(true);
});
let waiting = false;
const later = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; if (!byId('matrix').hidden) drawMatrix(grid.contains(document.activeElement)); });
};
scroller.addEventListener('scroll', later);
addEventListener('resize', later);

// List
const drawList = () => {
  const body = byId('list-body');
  body.replaceChildren();
  let total = 0;
  for (const from of rows) {
    if (groupsFrom[from].length === 0) continue;
    for (const to of columns) {
      const ports = shown(from, to);
      if (ports.length === 0) continue;
      total++;
      if (total > listed) continue;
      const row = make('tr');
      row.append(make('td', '', data.endpoints[from].id), make('td', '', data.endpoints[to].id));
      row.append(make('td', ports.some((one) => data.ports[one].open) ? 'open' : '', textOf(ports)));
      body.append(row);
    }
  }
  byId('list-count').textContent = total === 0 ? 'No connections match.' : Math.min(listed, total) + ' of ' + total + ' connections';
  byId('more').hidden = total <= listed;
};
byId('more').addEventListener('click', () => { listed += LIST_STEP; drawList(); });

// Map
const svg = document.querySelector('#map svg');
if (svg) {
  const natural = svg.viewBox.baseVal.width, ratio = svg.viewBox.baseVal.height / natural;
  let scale = 1;
  const zoom = (to, least = 0.2) => {
    scale = Math.min(3, Math.max(least, to));
    svg.setAttribute('width', String(Math.round(natural * scale)));
    svg.setAttribute('height', String(Math.round(natural * scale * ratio)));
  };
  // However small: the width of the page without a scroll bar, which a smaller drawing may do away with.
  const fit = () => {
    zoom(0, 0.01);
    zoom(Math.min(1, byId('map').clientWidth / natural), 0.01);
    zoom(Math.min(1, byId('map').clientWidth / natural), 0.01);
  };
  byId('zoom-in').addEventListener('click', () => zoom(scale * 1.25));
  byId('zoom-out').addEventListener('click', () => zoom(scale / 1.25, Math.min(scale, 0.2)));
  byId('zoom-fit').addEventListener('click', fit);
  byId('zoom-full').addEventListener('click', () => zoom(1));
  // At first as large as needed to be read, though it may not fit.
  addEventListener('portcullis-map', () => zoom(Math.min(1, Math.max(0.7, byId('map').clientWidth / natural))), { once: true });
  const nodes = [...svg.querySelectorAll('.node')], edges = [...svg.querySelectorAll('.edge')];
  // A box is concerned by the lines of the boxes that stand for it among others, too.
  const light = (id) => {
    svg.classList.toggle('focused', id !== undefined);
    const own = new Set([id, ...(nodes.find((node) => node.dataset.box === id)?.dataset.in ?? '').split(' ')]);
    const lit = new Set([id]);
    for (const edge of edges) {
      const on = own.has(edge.dataset.from) || own.has(edge.dataset.to);
      edge.classList.toggle('lit', on);
      if (on) lit.add(edge.dataset.from).add(edge.dataset.to);
    }
    for (const node of nodes) node.classList.toggle('lit', lit.has(node.dataset.box));
  };
  let chosen;
  const choose = (node) => {
    const id = node?.dataset.box;
    chosen = id === chosen ? undefined : id;
    light(chosen);
    for (const one of nodes) one.setAttribute('aria-pressed', String(one.dataset.box === chosen));
    const lines = chosen === undefined ? [] : edges.filter((edge) => edge.classList.contains('lit')).map((edge) => edge.querySelector('title').textContent);
    say(chosen === undefined ? '' : [...new Set(lines)].join(' · ') || 'no connections');
  };
  for (const node of nodes) {
    node.setAttribute('tabindex', '0');
    node.setAttribute('role', 'button');
    node.setAttribute('aria-pressed', 'false');
    node.setAttribute('aria-label', node.querySelector('title').textContent);
    node.addEventListener('click', () => choose(node));
    node.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(node); }
      if (event.key === 'Escape') choose(undefined);
    });
  }
  svg.removeAttribute('role');
}

// Tabs and theme
const tabs = [...document.querySelectorAll('[role=tab]')];
const open = (tab) => {
  for (const one of tabs) {
    const on = one === tab;
    one.setAttribute('aria-selected', String(on));
    one.tabIndex = on ? 0 : -1;
    byId(one.getAttribute('aria-controls')).hidden = !on;
  }
  byId('filters').hidden = tab.id === 'tab-map' || tab.id === 'tab-legend';
  byId('filters').style.display = byId('filters').hidden ? 'none' : '';
  say('');
  render();
  if (tab.id === 'tab-map') dispatchEvent(new Event('portcullis-map'));
};
const render = () => {
  if (!byId('matrix').hidden) drawMatrix(false);
  if (!byId('list').hidden) drawList();
};
for (const [at, tab] of tabs.entries()) {
  tab.addEventListener('click', () => open(tab));
  tab.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    open(next);
    next.focus();
  });
}
byId('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});
for (const input of [...Object.values(inputs), connectedOnly]) input.addEventListener('input', refresh);
refresh();
open(tabs[0]);
})();
`;
