import type { Steps } from '../model/steps.ts';
import { contentStart, splitDocuments } from './chunks.ts';
import type { DocumentResult } from './document.ts';
import { readJson } from './json-document.ts';
import { type Limits, tooLarge } from './limits.ts';
import type { Extent } from './text-file.ts';
import { type ItemStore, readYaml, YamlText } from './yaml-document.ts';

/**
 * A document of a text, or several JSON values between two markers, and how far the text has been read. Within a long
 * document there are steps without results.
 */
export interface ReadStep {
  readonly results: readonly DocumentResult[];
  readonly offset: number;
}

/**
 * Reads a text document by document, JSON or YAML as each turns out to be, whatever the file is called.
 * One document's faults never keep the others from being read.
 * @param items where items of long YAML Lists are kept
 */
export function* readText(name: string, text: string, limits: Limits, items?: ItemStore): Generator<ReadStep> {
  const yaml = new YamlText(text, limits, items);
  for (const extent of splitDocuments(text)) {
    const reading = readChunk(name, yaml, extent);
    let step = reading.next();
    for (; step.done !== true; step = reading.next()) yield { results: [], offset: extent.start };
    yield { results: step.value, offset: extent.end };
  }
}

function* readChunk(name: string, yaml: YamlText, chunk: Extent): Steps<readonly DocumentResult[]> {
  const { text, limits } = yaml;
  const start = contentStart(text, chunk.start, chunk.end);
  const extent = { start, end: chunk.end };
  const mayBeJson = text.charAt(start) === '{' || text.charAt(start) === '[';
  const json = mayBeJson ? yield* readJson(text, extent, limits) : undefined;
  if (json !== undefined) return json;
  if (chunk.end - chunk.start > limits.documentLength) {
    return [{ problems: [tooLarge(extent, `${limits.documentLength} characters`)], extent }];
  }
  const result = yield* readYaml(yaml, chunk);
  if ('document' in result || !mayBeJson) return [result];
  const meansJson = name.endsWith('.json') || /^(?:\{\s*["}]|\[\s*[{"[\]])/.test(text.slice(start, start + 200));
  const isTemplate = result.problems.some(({ code }) => code === 'template');
  return meansJson && !isTemplate ? ((yield* readJson(text, extent, limits, true)) ?? [result]) : [result];
}
