import { contentStart, splitDocuments } from '../../../src/manifest/chunks.ts';

/**
 * Puts another document in the place of one that was read from an earlier state of a text.
 * @param start where it began then
 * @returns undefined where the document is not in the text as it was, or more than once and not where it was
 */
export function replaceDocument(text: string, document: string, start: number, fresh: string): string | undefined {
  const wanted = bare(document, 0, document.length);
  const found = [...splitDocuments(text)]
    .map((extent) => bare(text, extent.start, extent.end))
    .filter(({ body }) => body === wanted.body);
  const place = found.find(({ at }) => at === start + wanted.at) ?? (found.length === 1 ? found[0] : undefined);
  if (place === undefined) return undefined;
  // Comments before it stay those of the text.
  return `${text.slice(0, place.at)}${bare(fresh, 0, fresh.length).body}${text.slice(place.at + place.body.length)}`;
}

/** A document without the comments and blank lines before it, and where it begins. */
function bare(text: string, start: number, end: number): { readonly at: number; readonly body: string } {
  const at = contentStart(text, start, end);
  return { at, body: text.slice(at, end) };
}
