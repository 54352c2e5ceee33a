import { splitDocuments } from './chunks.ts';
import type { DocumentResult, Locator } from './document.ts';
import type { Limits } from './limits.ts';
import { type ReadStep, readText } from './read-text.ts';
import type { Extent } from './text-file.ts';
import type { ItemStore, KeptItem } from './yaml-document.ts';

/** What was read of a document, with offsets from its beginning. */
interface Read {
  readonly results: readonly DocumentResult[];
  /** The items of a long YAML List by their texts; empty for everything else. */
  readonly items: ReadonlyMap<string, KeptItem>;
}

/**
 * The parsed documents of texts by their names, for whoever reads nearly the same texts again and again: an editor. A document
 * whose text is what it was is not parsed again, wherever in its file it stands now, nor is an item of a long YAML List.
 */
export class ParseCache {
  /** By name of a file, then by the text of a document. */
  readonly #files = new Map<string, ReadonlyMap<string, Read>>();
  #asked = new Set<string>();

  /** As {@link readText}. */
  steps(name: string, text: string, limits: Limits): readonly ReadStep[] {
    this.#asked.add(name);
    const before = this.#files.get(name) ?? new Map<string, Read>();
    const lists = [...before.values()].flatMap(({ items }) => (items.size === 0 ? [] : [items]));
    const now = new Map<string, Read>();
    const steps = [...splitDocuments(text)].map(({ start, end }): ReadStep => {
      const own = text.slice(start, end);
      const read = now.get(own) ?? before.get(own) ?? readAgain(name, own, limits, lists);
      now.set(own, read);
      const { results } = read;
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

/** Reads a document with what is known of items of Lists. */
function readAgain(name: string, text: string, limits: Limits, known: readonly Read['items'][]): Read {
  const items = new Map<string, KeptItem>();
  const store: ItemStore = {
    get: (item) => items.get(item) ?? known.find((list) => list.has(item))?.get(item),
    set: (item, value) => void items.set(item, value),
  };
  return { results: [...readText(name, text, limits, store)].flatMap((step) => step.results), items };
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
