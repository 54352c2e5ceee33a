import { splitDocuments } from './chunks.ts';
import type { DocumentResult, Locator } from './document.ts';
import type { Limits } from './limits.ts';
import { type ReadStep, readText } from './read-text.ts';
import type { Extent } from './text-file.ts';

/**
 * The parsed documents of texts by their names, for whoever reads nearly the same texts again and again: an editor. A document
 * whose text is what it was is not parsed again, wherever in its file it stands now.
 */
export class ParseCache {
  /** By name of a file, then by the text of a document: what was read, with offsets from its beginning. */
  readonly #files = new Map<string, ReadonlyMap<string, readonly DocumentResult[]>>();
  #asked = new Set<string>();

  /** As {@link readText}. */
  steps(name: string, text: string, limits: Limits): readonly ReadStep[] {
    this.#asked.add(name);
    const before = this.#files.get(name);
    const now = new Map<string, readonly DocumentResult[]>();
    const steps = [...splitDocuments(text)].map(({ start, end }): ReadStep => {
      const own = text.slice(start, end);
      const results =
        now.get(own) ?? before?.get(own) ?? [...readText(name, own, limits)].flatMap((step) => step.results);
      now.set(own, results);
      return { results: start === 0 ? results : results.map((result) => shifted(result, start)), offset: end };
    });
    this.#files.set(name, now);
    return steps;
  }

  /** Forgets the texts that were not asked for since this was called last. */
  sweep(): void {
    for (const name of this.#files.keys()) if (!this.#asked.has(name)) this.#files.delete(name);
    this.#asked = new Set();
  }
}

/** What was read of a document that begins at an offset. */
function shifted(result: DocumentResult, by: number): DocumentResult {
  if ('problems' in result) {
    const problems = result.problems.map((problem) => ({ ...problem, extent: moved(problem.extent, by) }));
    return { problems, extent: moved(result.extent, by) };
  }
  const { document } = result;
  return {
    document: {
      ...document,
      notes: document.notes.map((note) => ({ ...note, extent: moved(note.extent, by) })),
      locator(path): Locator {
        const own = document.locator(path);
        return { start: () => own.start() + by, find: (field, at) => moved(own.find(field, at), by) };
      },
    },
  };
}

function moved({ start, end }: Extent, by: number): Extent {
  return { start: start + by, end: end + by };
}
