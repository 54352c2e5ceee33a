/** Where in a YAML object a cursor stands, found from indentation: the text is being written, and seldom parses. */

/** What is being typed, and the names of the fields that lead to it; positions in lists are left out. */
export interface YamlPlace {
  /** Names of the fields around the cursor, outermost first. */
  readonly path: readonly string[];
  /** `key`: the name of a field, or an item of a list; `value`: the value of the last field of `path`. */
  readonly typing: 'key' | 'value';
  /** What is typed so far, and where it begins in the text. */
  readonly word: string;
  readonly from: number;
  /** The cursor is within braces or brackets. */
  readonly flow: boolean;
  /** Column at which the key, or the key of the value, begins. */
  readonly column: number;
  /** Names of the fields beside what is typed with their texts, where they stand on lines of their own. */
  readonly siblings: ReadonlyMap<string, string>;
}

const LINE = /^(\s*(?:- +)*)(?:("[^"]*"|'[^']*'|[^\s:#"'{}[\],][^:#{}[\],]*?)\s*:(?:\s+(.*))?)?$/;

interface Line {
  /** Columns of the dashes and of what stands behind them. */
  readonly dashes: readonly number[];
  readonly column: number;
  readonly key: string | undefined;
  readonly value: string;
  readonly blank: boolean;
}

function readLine(text: string): Line {
  const lead = /^\s*(?:- +|-$)*/.exec(text)?.[0] ?? '';
  const dashes = [...lead].flatMap((char, at) => (char === '-' ? [at] : []));
  const body = text.slice(lead.length);
  const match = LINE.exec(body);
  const key = match?.[2]?.replace(/^["']|["']$/g, '').trim();
  return { dashes, column: lead.length, key, value: (match?.[3] ?? '').trim(), blank: /^\s*(#.*)?$/.test(text) };
}

/**
 * The place of an offset in one YAML document. Undefined in comments.
 * @param text the document, nothing else
 */
export function placeAt(text: string, offset: number): YamlPlace | undefined {
  const before = text.slice(0, offset).split('\n');
  const current = before.at(-1) ?? '';
  if (/^\s*#|\s#/.test(current)) return undefined;
  const lead = /^\s*(?:- +|-$)*/.exec(current)?.[0] ?? '';
  const typed = current.slice(lead.length);
  const start = offset - typed.length;
  const inner = inLine(typed);
  const column = lead.length;
  const dashes = readLine(current).dashes;
  const outer = parents(before.slice(0, -1), column, dashes);
  return {
    path: [...outer.path, ...inner.path],
    typing: inner.typing,
    word: inner.word,
    from: start + inner.start,
    flow: inner.flow,
    column,
    siblings: siblingsOf(text, before.length - 1, column, dashes.length > 0),
  };
}

/** What the beginning of one line, behind indentation and dashes, says of its end: keys, braces and brackets. */
function inLine(typed: string): Pick<YamlPlace, 'path' | 'typing' | 'word' | 'flow'> & { readonly start: number } {
  const path: string[] = [];
  let depth = 0;
  let keys: (string | undefined)[] = [undefined];
  let start = 0;
  let typing: YamlPlace['typing'] = 'key';
  for (let at = 0; at < typed.length; at++) {
    const char = typed.charAt(at);
    if (char === ':' && /\s|^$/.test(typed.charAt(at + 1)) && typing === 'key') {
      keys[depth] = typed
        .slice(start, at)
        .trim()
        .replace(/^["']|["']$/g, '');
      typing = 'value';
      start = at + 1;
    } else if (char === '{' || char === '[') {
      depth++;
      keys[depth] = undefined;
      typing = 'key';
      start = at + 1;
    } else if ((char === '}' || char === ']') && depth > 0) {
      keys = keys.slice(0, depth);
      depth--;
      start = at + 1;
    } else if (char === ',' && depth > 0) {
      keys[depth] = undefined;
      typing = 'key';
      start = at + 1;
    }
  }
  while (start < typed.length && /\s/.test(typed.charAt(start))) start++;
  const word = typed.slice(start);
  for (const key of keys.slice(0, depth + 1)) if (key !== undefined) path.push(key);
  return { path, typing, word, start, flow: depth > 0 };
}

/** The keys above a column, going up. */
function parents(
  lines: readonly string[],
  column: number,
  dashes: readonly number[],
): { readonly path: readonly string[] } {
  const path: string[] = [];
  // A list may begin at the column of its key, a mapping must be deeper.
  let limit = dashes[0] ?? column;
  let list = dashes.length > 0;
  for (let at = lines.length - 1; at >= 0 && limit >= 0; at--) {
    const line = readLine(lines[at] ?? '');
    if (line.blank) continue;
    const first = line.dashes[0] ?? line.column;
    if (line.key !== undefined && (list ? line.column <= limit : line.column < limit) && line.dashes.length === 0) {
      path.unshift(line.key);
      limit = line.column;
      list = false;
      if (limit === 0) break;
    } else if (line.dashes.length > 0 && first < limit) {
      if (line.key !== undefined && (list ? line.column <= limit : line.column < limit)) path.unshift(line.key);
      limit = first;
      list = true;
    }
  }
  return { path };
}

/** The fields of the same mapping on the lines around. */
function siblingsOf(text: string, row: number, column: number, begins: boolean): ReadonlyMap<string, string> {
  const lines = text.split('\n');
  const found = new Map<string, string>();
  const walk = (step: 1 | -1): void => {
    for (let at = row + step; at >= 0 && at < lines.length; at += step) {
      const line = readLine(lines[at] ?? '');
      if (line.blank) continue;
      const first = line.dashes[0] ?? line.column;
      if (line.column < column || (step === 1 && line.dashes.length > 0 && first < column)) return;
      if (line.column === column && line.key !== undefined) found.set(line.key, line.value);
      if (step === -1 && line.dashes.length > 0 && first < column) return;
    }
  };
  if (!begins) walk(-1);
  walk(1);
  return found;
}
