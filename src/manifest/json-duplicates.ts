import { say } from '../model/say.ts';
import type { FieldPath } from '../model/source.ts';
import type { Note } from './document.ts';
import { eachMember } from './json-scan.ts';
import type { Extent } from './text-file.ts';

/** The number of keys of all objects in a parsed value. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    count++;
    const child = object[key];
    if (typeof child === 'object') count += countKeys(child);
  }
  return count;
}

/** Finds every key that its object has already, in valid JSON text, in the order of the text. */
export function findJsonDuplicates(text: string, at: number): Note[] {
  const notes: Note[] = [];
  const walk = (start: number, path: FieldPath): void => {
    const seen = new Set<string | number>();
    eachMember(text, start, (member) => {
      const memberPath = [...path, member.step];
      if (seen.has(member.step)) {
        notes.push(duplicateField(memberPath, { start: member.keyStart, end: member.keyEnd }));
      }
      seen.add(member.step);
      walk(member.valueStart, memberPath);
    });
  };
  walk(at, []);
  return notes;
}

/** The remark that a key is written twice in one object: the last one counts (spec section 5). */
export function duplicateField(path: FieldPath, extent: Extent): Note {
  return { code: 'duplicate-field', path, extent, message: say`duplicate field` };
}
