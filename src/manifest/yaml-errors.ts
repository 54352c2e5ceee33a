import type { CST, YAMLError } from 'yaml';
import { say } from '../model/say.ts';
import type { Problem } from './document.ts';
import { isBlank } from './text-file.ts';

interface Explained {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly help?: string;
}

/**
 * The syntax errors of a document in plain words, in the order of the text and at most one per line: what follows on
 * the same line is nearly always caused by the first.
 */
export function syntaxProblems(text: string, errors: readonly YAMLError[], tokens: readonly CST.Token[]): Problem[] {
  const unclosed = findUnclosed(tokens);
  const starts = (code: YAMLError['code']): ReadonlySet<number> =>
    new Set(errors.filter((error) => error.code === code).map(({ pos }) => pos[0]));
  const nested = starts('BLOCK_AS_IMPLICIT_KEY');
  const multiline = starts('MULTILINE_IMPLICIT_KEY');
  const told = withoutEchoes(errors, nested);
  const explained = firstPerLine(text, told, ({ pos }) => pos[0]).map((error) =>
    explain(text, error, multiline.has(error.pos[0]), unclosed),
  );
  return firstPerLine(text, explained, ({ start }) => start).map(({ start, end, message, help }) => {
    const extent = { start, end: Math.max(end, start + 1) };
    return { code: 'yaml-syntax', message, ...(help === undefined ? {} : { help }), extent };
  });
}

/**
 * Leaves out what another error tells: a key over several lines where it is a mapping behind another key, and all the
 * tokens behind the place where the parser took the document for ended.
 */
function withoutEchoes(errors: readonly YAMLError[], nested: ReadonlySet<number>): YAMLError[] {
  const isLost = ({ message }: YAMLError): boolean => / token in YAML (?:stream|document): /.test(message);
  const ended = errors.find((error) => isLost(error) || error.message.endsWith(' at node end'));
  return errors.filter((error) => {
    if (isLost(error)) return error === ended;
    return error.code !== 'MULTILINE_IMPLICIT_KEY' || !nested.has(error.pos[0]);
  });
}

/** Sorts by offset and keeps the first of each line. */
function firstPerLine<T>(text: string, items: readonly T[], offset: (item: T) => number): T[] {
  let lineEnd = -1;
  return items
    .toSorted((a, b) => offset(a) - offset(b))
    .filter((item) => {
      if (offset(item) <= lineEnd) return false;
      const lf = text.indexOf('\n', offset(item));
      lineEnd = lf < 0 ? text.length : lf;
      return true;
    });
}

function explain(text: string, error: YAMLError, multiline: boolean, unclosed: ReadonlyMap<string, number>): Explained {
  const [start, end] = error.pos;
  const tab = indentTab(text, start);
  if (tab !== undefined) {
    return { start: tab, end: tab + 1, message: say`a tab cannot indent YAML`, help: say`indent with spaces` };
  }
  const closer = /must (?:be sufficiently indented and )?end with a ([\]}])/.exec(error.message)?.[1];
  if (closer !== undefined) {
    const opener = closer === '}' ? '{' : '[';
    const at = unclosed.get(opener) ?? start;
    return { start: at, end: at + 1, message: say`\`${opener}\` is never closed: \`${closer}\` is missing` };
  }
  const quote = /^Missing closing (["'])/.exec(error.message)?.[1];
  if (quote !== undefined) {
    const at = unclosed.get(quote) ?? start;
    const stop = firstLineEnd(text, at);
    return { start: at, end: stop, message: say`this quoted text never ends: a closing ${quote} is missing` };
  }
  const known = explainCode(text, error, multiline);
  return known ?? { start, end, message: plainWords(error.message) };
}

function explainCode(text: string, error: YAMLError, multiline: boolean): Explained | undefined {
  const [start, end] = error.pos;
  const stop = firstLineEnd(text, start);
  const rest = text.slice(start, stop).trimEnd();
  switch (error.code) {
    case 'BAD_INDENT': {
      const at = Math.min(start + rest.search(/\S|$/), stop);
      return { start: at, end: stop, message: say`bad indentation: this line is not at the column of its neighbours` };
    }
    case 'MULTILINE_IMPLICIT_KEY':
      return missingColon(start, rest);
    case 'BLOCK_AS_IMPLICIT_KEY': {
      if (multiline) {
        const next = nextContent(text, stop);
        const message = say`bad indentation: this line is deeper than the one above, which already has the value \`${rest}\``;
        return { start: next, end: firstLineEnd(text, next), message };
      }
      const help = say`quote the text if it is meant to contain \`: \`, or put the mapping on lines of its own`;
      return { start, end: stop, message: say`a mapping cannot begin behind another key on the same line`, help };
    }
    case 'BAD_SCALAR_START':
      return {
        start,
        end: stop,
        message: say`unquoted text cannot begin with \`${text.charAt(start)}\``,
        help: say`write "${rest}"`,
      };
    case 'BAD_DQ_ESCAPE': {
      const message = say`\`${text.slice(start, start + 2)}\` is not an escape sequence`;
      return { start, end: start + 2, message, help: say`double the backslash, or use 'single quotes'` };
    }
    case 'MISSING_CHAR':
      return /^Implicit map keys need/.test(error.message) ? missingColon(start, rest) : undefined;
    case 'UNEXPECTED_TOKEN': {
      const bracket = text.charAt(start);
      if (bracket === ']' || bracket === '}') {
        return { start, end: start + 1, message: say`\`${bracket}\` closes nothing` };
      }
      if (/at node end$/.test(error.message)) {
        const help = say`check the indentation, and the quotes of the value before it`;
        return { start, end: stop, message: say`this text follows a value that has already ended`, help };
      }
      return undefined;
    }
    default:
      return end < start ? { start, end: start + 1, message: plainWords(error.message) } : undefined;
  }
}

function missingColon(start: number, line: string): Explained {
  const end = start + line.length;
  const dash = /^-[^\s-]/.test(line);
  if (dash) return { start, end, message: say`a space is missing after \`-\`` };
  const glued = /^[^\s:]+:(?=\S)/.exec(line)?.[0];
  if (glued !== undefined) return { start, end, message: say`a space is missing after \`${glued}\`` };
  return { start, end, message: say`\`${line}\` is neither a key nor a list item: \`:\` is missing` };
}

/** The messages of the parser that are clear as they are, in the style of all others. */
function plainWords(message: string): string {
  const text = message.replace(/^Unexpected (\S+) token in YAML (?:stream|document): (.*)$/, 'unexpected $2 here');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The first tab in the indentation of the line of an offset. */
function indentTab(text: string, at: number): number | undefined {
  let i = text.lastIndexOf('\n', at - 1) + 1;
  while (text.charAt(i) === ' ') i++;
  return text.charAt(i) === '\t' ? i : undefined;
}

function firstLineEnd(text: string, at: number): number {
  const lf = text.indexOf('\n', at);
  const end = lf < 0 ? text.length : lf;
  return text.charAt(end - 1) === '\r' ? end - 1 : end;
}

function nextContent(text: string, lineEnd: number): number {
  let i = text.indexOf('\n', lineEnd) + 1;
  while (isBlank(text.charCodeAt(i))) i++;
  return i;
}

/** The offset of the first bracket or quote of each sort that opens and never closes. */
function findUnclosed(tokens: readonly CST.Token[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const note = (opener: string, offset: number): void => {
    found.set(opener, Math.min(offset, found.get(opener) ?? offset));
  };
  const stack: (CST.Token | null | undefined)[] = [...tokens];
  for (let token = stack.pop(); token !== undefined || stack.length > 0; token = stack.pop()) {
    if (token === null || token === undefined) continue;
    switch (token.type) {
      case 'document':
        stack.push(token.value);
        break;
      case 'single-quoted-scalar':
      case 'double-quoted-scalar': {
        const { source } = token;
        if (source.length < 2 || source.at(-1) !== source[0]) note(source.charAt(0), token.offset);
        break;
      }
      case 'flow-collection': {
        const closer = token.start.source === '{' ? '}' : ']';
        if (token.end[0]?.source !== closer) note(token.start.source, token.offset);
        for (const item of token.items) stack.push(item.key, item.value);
        break;
      }
      case 'block-map':
        for (const item of token.items) stack.push(item.key, item.value);
        break;
      case 'block-seq':
        for (const item of token.items) stack.push(item.value);
        break;
      default:
        break; // no other token opens anything
    }
  }
  return found;
}
