import type { FieldPath } from '../model/source.ts';
import { eachMember, type JsonMember, skipValue } from './json-scan.ts';
import type { Extent } from './text-file.ts';

/**
 * The place of a field in valid JSON text, found by walking to it and skipping all other values.
 * Of a key written twice the last counts, as it does for the value.
 * @param at offset of the object that the path begins in
 */
export function locateJson(text: string, at: number, path: FieldPath, part: 'key' | 'value'): Extent {
  let found: JsonMember | undefined;
  let start = at;
  for (const step of path) {
    const member = findMember(text, start, step);
    if (member === undefined) break;
    found = member;
    start = member.valueStart;
  }
  if (found === undefined) return { start: at, end: skipValue(text, at, text.length) };
  return part === 'key'
    ? { start: found.keyStart, end: found.keyEnd }
    : { start: found.valueStart, end: found.valueEnd };
}

function findMember(text: string, at: number, step: string | number): JsonMember | undefined {
  let found: JsonMember | undefined;
  eachMember(text, at, (member) => {
    if (member.step === step) found = member;
  });
  return found;
}

/** The offsets of the items of the list at a path; empty when there is no list. */
export function listItemOffsets(text: string, at: number, path: FieldPath): readonly number[] {
  const offsets: number[] = [];
  const list = locateJson(text, at, path, 'value').start;
  if (text[list] === '[') eachMember(text, list, (member) => offsets.push(member.valueStart));
  return offsets;
}
