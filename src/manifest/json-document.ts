import type { FieldPath } from '../model/source.ts';
import type { Steps } from '../model/steps.ts';
import type { DocumentResult, Locator, Note, ParsedDocument } from './document.ts';
import { countKeys, findJsonDuplicates } from './json-duplicates.ts';
import { jsonProblem } from './json-error.ts';
import { readJsonList } from './json-list.ts';
import { listItemOffsets, locateJson } from './json-locate.ts';
import { jsonShape, skipSpace, skipValue } from './json-scan.ts';
import { type Limits, tooDeep } from './limits.ts';
import type { Extent } from './text-file.ts';

/** From this length on, a list is read item by item: to parse a megabyte takes milliseconds. */
const CUT_FROM = 2 ** 20;

/**
 * Reads the JSON values that follow each other in a part of a text. A value that is not JSON becomes a problem and the
 * next one is read on.
 * @param certain that the text is meant to be JSON, whatever is wrong with it
 * @param cutFrom length from which a list is read item by item; the result is the same
 * @returns undefined when not certain and already the first value is not JSON: the text may be YAML
 */
export function* readJson(
  text: string,
  extent: Extent,
  limits: Limits,
  certain = false,
  cutFrom: number = CUT_FROM,
): Steps<readonly DocumentResult[] | undefined> {
  const start = skipSpace(text, extent.start);
  const whole = yield* readValue(text, start, extent.end, limits, cutFrom);
  if (whole !== undefined) return [whole];
  const results: DocumentResult[] = [];
  for (let at = start; at < extent.end; at = skipSpace(text, at)) {
    const end = skipValue(text, at, extent.end);
    const result = end > at ? yield* readValue(text, at, end, limits, cutFrom) : undefined;
    if (result === undefined && results.length === 0 && !certain) return undefined;
    const next = end > at ? end : extent.end;
    results.push(result ?? { problems: [jsonProblem(text, at, next)], extent: { start: at, end: next } });
    at = next;
  }
  return results;
}

function* readValue(
  text: string,
  start: number,
  end: number,
  limits: Limits,
  cutFrom: number,
): Steps<DocumentResult | undefined> {
  if (end - start >= cutFrom) {
    const list = yield* readJsonList(text, start, end, limits);
    if (list !== undefined) return { document: jsonDocument(text, start, list, []) };
  }
  const shape = jsonShape(text, start, end);
  const extent = { start, end };
  if (shape.depth > limits.depth) return { problems: [tooDeep(extent, limits)], extent };
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end));
  } catch {
    return undefined;
  }
  const notes = shape.keys === countKeys(value) ? [] : findJsonDuplicates(text, start);
  return { document: jsonDocument(text, start, value, notes) };
}

function jsonDocument(text: string, start: number, value: unknown, notes: readonly Note[]): ParsedDocument {
  const lists = new Map<string, readonly number[]>();
  const itemOffset = (path: FieldPath): number => {
    const index = path.at(-1);
    if (typeof index !== 'number') return start;
    const list = path.slice(0, -1);
    const name = JSON.stringify(list);
    let offsets = lists.get(name);
    if (offsets === undefined) {
      offsets = listItemOffsets(text, start, list);
      lists.set(name, offsets);
    }
    return offsets[index] ?? start;
  };
  return {
    value,
    notes,
    json: true,
    locator(path: FieldPath): Locator {
      return {
        start: () => itemOffset(path),
        find: (field, at) => locateJson(text, itemOffset(path), field, at),
      };
    },
  };
}
