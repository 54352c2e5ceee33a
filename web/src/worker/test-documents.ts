import { splitDocuments } from '../../../src/manifest/chunks.ts';
import { isObject } from '../../../src/manifest/document.ts';
import { DEFAULT_LIMITS } from '../../../src/manifest/limits.ts';
import { readText } from '../../../src/manifest/read-text.ts';
import type { SourceFile } from './protocol.ts';

/** A file as manifests and as assertions: each has the other's documents blanked, so that every place stays where it is. */
export interface DividedFile {
  /** Absent when all documents are assertions. */
  readonly manifests?: SourceFile;
  /** Absent when none is. */
  readonly tests?: SourceFile;
}

const KIND = 'PolicyTest';
/** How the kind stands in a document that does not parse. */
const WRITTEN = /^(?:kind|"kind"|'kind'|\s*\{.*?["']?kind["']?)\s*:\s*["']?PolicyTest\b/m;

/** Tells the documents of kind `PolicyTest` in a file from the manifests beside them. */
export function divideFile(file: SourceFile): DividedFile {
  const { name, content } = file;
  if (!content.includes(KIND)) return { manifests: file };
  let manifests = '';
  let tests = '';
  let end = 0;
  let mixed = false;
  for (const extent of splitDocuments(content)) {
    for (const part of partsOf(name, content.slice(extent.start, extent.end))) {
      const from = extent.start + part.start;
      const to = extent.start + part.end;
      const text = content.slice(from, to);
      const between = content.slice(end, from);
      manifests += between + (part.isTest ? blank(text) : text);
      tests += between + (part.isTest ? text : blank(text));
      mixed ||= !part.isTest;
      end = to;
    }
  }
  if (tests.trim() === '' || !tests.includes(KIND)) return { manifests: file };
  const rest = content.slice(end);
  if (!mixed) return { tests: file };
  return { manifests: { name, content: manifests + rest }, tests: { name, content: tests + rest } };
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly isTest: boolean;
}

/** The documents of a text between two markers: one, or several JSON values. */
function partsOf(name: string, text: string): readonly Part[] {
  const whole = { start: 0, end: text.length };
  if (!text.includes(KIND)) return [{ ...whole, isTest: false }];
  const results = [...readText(name, text, DEFAULT_LIMITS)].flatMap((step) => step.results);
  const starts = results.map((result, at) =>
    at === 0 ? 0 : 'problems' in result ? result.extent.start : result.document.locator([]).start(),
  );
  return results.map((result, at) => {
    const start = starts[at] ?? 0;
    const end = starts[at + 1] ?? text.length;
    const isTest =
      'problems' in result
        ? WRITTEN.test(text.slice(start, end))
        : isObject(result.document.value) && result.document.value['kind'] === KIND;
    return { start, end, isTest };
  });
}

/** The text with nothing in it, as long and with the same lines; a marker stays. */
function blank(text: string): string {
  const marker = /^---(?=\s)/.exec(text)?.[0] ?? '';
  return marker + text.slice(marker.length).replace(/[^\r\n]/g, ' ');
}
