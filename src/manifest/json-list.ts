import type { Steps } from '../model/steps.ts';
import { countKeys } from './json-duplicates.ts';
import { jsonShape, skipSpace, skipValue } from './json-scan.ts';
import type { Limits } from './limits.ts';

/** A value in a text, and the offset behind it. */
interface Part {
  readonly value: unknown;
  readonly end: number;
}

/**
 * The value of a JSON object with a list of `items`, each of which is parsed alone. Undefined when anything is odd, be it
 * only a key that is written twice: then whoever asked reads the object as a whole, and says what is wrong.
 */
export function* readJsonList(text: string, start: number, end: number, limits: Limits): Steps<unknown> {
  if (text[start] !== '{') return undefined;
  const value: Record<string, unknown> = {};
  let at = skipSpace(text, start + 1);
  while (text[at] !== '}') {
    const key = readPart(text, at, end, limits);
    if (typeof key?.value !== 'string' || key.value === '__proto__' || Object.hasOwn(value, key.value))
      return undefined;
    at = skipSpace(text, key.end);
    if (text[at] !== ':') return undefined;
    at = skipSpace(text, at + 1);
    const isList = key.value === 'items' && text[at] === '[';
    const member = isList ? yield* readItems(text, at, end, limits) : readPart(text, at, end, limits);
    if (member === undefined) return undefined;
    value[key.value] = member.value;
    const next = behindComma(text, member.end, '}');
    if (next === undefined) return undefined;
    at = next;
  }
  return skipSpace(text, at + 1) < end ? undefined : value;
}

function* readItems(text: string, start: number, end: number, limits: Limits): Steps<Part | undefined> {
  const value: unknown[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== ']') {
    const item = readPart(text, at, end, limits);
    if (item === undefined) return undefined;
    yield;
    value.push(item.value);
    const next = behindComma(text, item.end, ']');
    if (next === undefined) return undefined;
    at = next;
  }
  return { value, end: at + 1 };
}

/** Where the next part begins, or the closing bracket is; undefined where there is neither. */
function behindComma(text: string, at: number, closing: string): number | undefined {
  const next = skipSpace(text, at);
  if (text[next] === closing) return next;
  const part = skipSpace(text, next + 1);
  return text[next] === ',' && text[part] !== closing ? part : undefined;
}

function readPart(text: string, at: number, end: number, limits: Limits): Part | undefined {
  const behind = skipValue(text, at, end);
  if (behind <= at) return undefined;
  const shape = jsonShape(text, at, behind);
  // Within an object, and perhaps its list.
  if (shape.depth + 2 > limits.depth) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(at, behind));
    return shape.keys === countKeys(value) ? { value, end: behind } : undefined;
  } catch {
    return undefined;
  }
}
