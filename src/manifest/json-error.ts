import { say } from '../model/say.ts';
import type { Problem } from './document.ts';
import { skipSpace, skipString } from './json-scan.ts';

type Expectation = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'more' | 'nothing';

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORD = /[^\s,:[\]{}"]+/y;

/**
 * Says where and why text is not one JSON value, in words of its own (those of `JSON.parse` differ by version).
 * For text that `JSON.parse` refuses; should no fault be found, the whole text is blamed.
 */
export function jsonProblem(text: string, start: number, end: number): Problem {
  const open: number[] = [];
  let expect: Expectation = 'value';
  let at = skipSpace(text, start);
  const problem = (message: string, from: number, to: number, help?: string): Problem => ({
    code: 'json-syntax',
    message,
    ...(help === undefined ? {} : { help }),
    extent: { start: from, end: to },
  });
  const afterValue = (): Expectation => (open.length === 0 ? 'nothing' : 'more');
  while (at < end) {
    const character = text.charAt(at);
    const wantsKey: boolean = expect === 'key' || expect === 'first-key';
    const inObject = text.charAt(open.at(-1) ?? -1) === '{';
    if (expect === 'nothing') {
      return problem(say`text after the end of the JSON value`, at, lineEnd(text, at, end));
    }
    if (character === '/' || character === '#') {
      return problem(say`JSON has no comments`, at, lineEnd(text, at, end), say`remove it, or write YAML`);
    }
    if (expect === 'colon') {
      if (character !== ':') return problem(say`\`:\` is missing after this key`, at, at + 1);
      expect = 'value';
      at++;
    } else if (character === '}' || character === ']') {
      const closes = character === '}' ? inObject : open.length > 0 && !inObject;
      if (!closes) return problem(say`\`${character}\` closes nothing`, at, at + 1);
      if (expect === 'value' && inObject) return problem(say`the value is missing here`, at, at + 1);
      if (expect === 'value' || expect === 'key') {
        return problem(say`a \`,\` may not come before \`${character}\``, at, at + 1, say`remove the \`,\``);
      }
      open.pop();
      expect = afterValue();
      at++;
    } else if (expect === 'more') {
      if (character !== ',') {
        return problem(say`\`,\` or \`${inObject ? '}' : ']'}\` is missing before this`, at, tokenEnd(text, at, end));
      }
      expect = inObject ? 'key' : 'value';
      at++;
    } else if (character === '"') {
      const fault = stringFault(text, at, end);
      if (fault !== undefined) return problem(fault.message, fault.start, fault.end);
      at = skipString(text, at);
      expect = wantsKey ? 'colon' : afterValue();
    } else if (wantsKey) {
      const help = /[\w$'-]/.test(character) ? say`put it in double quotes` : undefined;
      return problem(say`a key in double quotes is expected here`, at, tokenEnd(text, at, end), help);
    } else if (character === '{' || character === '[') {
      open.push(at);
      expect = character === '{' ? 'first-key' : 'first-value';
      at++;
    } else {
      const length = scalarLength(text, at);
      if (length === 0) {
        const help = character === "'" ? say`use double quotes` : undefined;
        return problem(say`a JSON value is expected here`, at, tokenEnd(text, at, end), help);
      }
      at += length;
      expect = afterValue();
    }
    at = skipSpace(text, at);
  }
  const opener = open.at(-1);
  if (opener === undefined) return problem(say`this is not JSON`, start, lineEnd(text, start, end));
  const closer = text.charAt(opener) === '{' ? '}' : ']';
  return problem(say`\`${text.charAt(opener)}\` is never closed: \`${closer}\` is missing`, opener, opener + 1);
}

function matchLength(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** The length of the number, `true`, `false` or `null` at `at`; 0 when there is none. */
function scalarLength(text: string, at: number): number {
  const word = matchLength(WORD, text, at);
  if (['true', 'false', 'null'].includes(text.slice(at, at + word))) return word;
  return matchLength(NUMBER, text, at) === word ? word : 0;
}

function tokenEnd(text: string, at: number, end: number): number {
  return Math.min(end, at + Math.max(1, matchLength(WORD, text, at)));
}

function lineEnd(text: string, at: number, end: number): number {
  const lf = text.indexOf('\n', at);
  return lf < 0 || lf > end ? end : lf;
}

interface Fault {
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

/** What is wrong with the string at `at`, if anything is. */
function stringFault(text: string, at: number, end: number): Fault | undefined {
  for (let i = at + 1; i < end; i++) {
    const character = text.charAt(i);
    if (character === '"') return undefined;
    if (character === '\n' || character === '\r') break;
    if (character < ' ') {
      const message = say`a control character must be escaped in JSON, a tab as \\t`;
      return { message, start: i, end: i + 1 };
    }
    if (character === '\\') {
      const next = text.charAt(i + 1);
      const known = next === 'u' ? /^[0-9a-fA-F]{4}$/.test(text.slice(i + 2, i + 6)) : '"\\/bfnrt'.includes(next);
      if (!known) return { message: say`this escape sequence does not exist in JSON`, start: i, end: i + 2 };
      i++;
    }
  }
  return { message: say`a closing " is missing on this line`, start: at, end: lineEnd(text, at, end) };
}
