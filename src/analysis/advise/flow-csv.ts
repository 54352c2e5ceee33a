import { say } from '../../model/say.ts';
import type { Diagnostic } from '../../model/source.ts';
import { parsePortQuery } from '../ports.ts';
import { FlowCollector, type ObservedFlow } from './flow.ts';

interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const COLUMNS = ['from', 'to', 'protocol', 'port'] as const;

/** Reads flows from CSV (RFC 4180) whose first record names the columns; further columns are ignored. */
export function readCsvFlows(
  file: string,
  text: string,
): { readonly flows: readonly ObservedFlow[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const fail = (message: string, { line, column }: { readonly line: number; readonly column: number }): void => {
    diagnostics.push({ code: 'flow-log', severity: 'error', message, source: { file, line, column } });
  };
  const records = [...csvRecords(text)];
  const [header = [], ...rows] = records;
  const titles = header.map((cell) => cell.text.trim().toLowerCase());
  const places = COLUMNS.map((title) => titles.indexOf(title));
  const missing = COLUMNS.filter((_, at) => places[at] === -1);
  if (missing.length > 0) {
    const help = say`a flow log is JSON lines, or CSV with the header from,to,protocol,port`;
    diagnostics.push({
      code: 'flow-log',
      severity: 'error',
      message: say`the header has no column ${missing.join(', ')}`,
      help,
      source: { file, line: 1, column: 1 },
    });
    return { flows: [], diagnostics };
  }
  const collector = new FlowCollector();
  for (const row of rows) {
    const start = row[0] ?? { text: '', line: 1, column: 1 };
    if (row.length === 1 && start.text.trim() === '') continue;
    const cells = places.map((place) => row[place]);
    if (cells.some((cell) => cell === undefined)) {
      fail(say`the record has ${row.length} of ${header.length} fields`, start);
      continue;
    }
    const [from, to, protocol, port] = cells as [Cell, Cell, Cell, Cell];
    const empty = [from, to].find((cell) => cell.text.trim() === '');
    if (empty !== undefined) {
      fail(say`${empty === from ? 'from' : 'to'} is empty`, empty);
      continue;
    }
    const query = parsePortQuery(`${port.text.trim()}/${protocol.text.trim() === '' ? 'TCP' : protocol.text.trim()}`);
    if ('error' in query) fail(query.error, /protocol/.test(query.error) ? protocol : port);
    else if (query.protocol === undefined || query.first === undefined)
      fail(say`"${port.text}" is not a port number`, port);
    else {
      const { line, column } = start;
      collector.add({
        from: { name: from.text.trim() },
        to: { name: to.text.trim() },
        protocol: query.protocol,
        first: query.first,
        last: query.last ?? query.first,
        source: { file, line, column },
      });
    }
  }
  return { flows: collector.flows(), diagnostics };
}

/** Records with the place of each field. A quote that is not closed takes the rest of the text. */
function* csvRecords(text: string): Generator<Cell[]> {
  let record: Cell[] = [];
  let line = 1;
  let lineStart = 0;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const place = { line, column: at - lineStart + 1 };
    let content = '';
    if (text[at] === '"') {
      at++;
      while (at < text.length && !(text[at] === '"' && text[at + 1] !== '"')) {
        if (text[at] === '"') at++;
        if (text[at] === '\n') {
          line++;
          lineStart = at + 1;
        }
        content += text[at];
        at++;
      }
      at++;
    }
    while (at < text.length && text[at] !== ',' && text[at] !== '\n') {
      content += text[at];
      at++;
    }
    record.push({ text: content.replace(/\r$/, ''), ...place });
    const ended = text[at] !== ',';
    at++;
    if (ended) {
      yield record;
      record = [];
      line++;
      lineStart = at;
    } else if (at >= text.length) {
      record.push({ text: '', line, column: at - lineStart + 1 });
    }
  }
  if (record.length > 0) yield record;
}
