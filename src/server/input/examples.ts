import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { compareCodePoints } from '../../model/text.ts';
import { type InputFile, inputFile } from './live-input.ts';

/** A world to begin with. */
export interface Example {
  /** As it is asked for: `shop`, `recipes/01-deny-all-traffic-to-an-application`. */
  readonly name: string;
  readonly title: string;
  /** The first paragraph of what is written about it. */
  readonly description: string;
  readonly files: readonly InputFile[];
}

const README = 'README.md';
const EXTENSIONS = ['.yaml', '.yml', '.json'];
/** Outputs, not inputs. */
const EXPECTED = 'expected';
const STEP = /^step-\d+$/;
/** Documents that are assertions, not objects. */
const TEST_DOCUMENT = /^kind: *["']?PolicyTest/m;

/**
 * The examples in a folder: every folder below it with a README and manifests. One whose policies come in steps is one
 * example for each step. None where the folder is not there.
 */
export function readExamples(root: string): Example[] {
  return existsSync(root) ? examplesIn(root, '') : [];
}

function examplesIn(root: string, below: string): Example[] {
  const folder = path.join(root, below);
  const entries = readdirSync(folder).sort(compareCodePoints);
  const folders = entries.filter((entry) => entry !== EXPECTED && statSync(path.join(folder, entry)).isDirectory());
  const nested = folders.filter((entry) => existsSync(path.join(folder, entry, README)));
  if (nested.length > 0) return nested.flatMap((entry) => examplesIn(root, path.posix.join(below, entry)));
  if (below === '') return [];
  const { title, description } = wordsOf(path.join(folder, README), below);
  const steps = folders.filter((entry) => STEP.test(entry));
  const shared = manifests(folder, '', (entry) => !steps.includes(entry));
  const worlds =
    steps.length === 0
      ? [{ name: below, title, files: shared }]
      : steps.map((step) => ({
          name: `${below}/${step}`,
          title: `${title}, ${step.replace('-', ' ')}`,
          files: [...shared, ...manifests(folder, step)],
        }));
  return worlds
    .filter(({ files }) => files.some(({ text }) => !TEST_DOCUMENT.test(text)))
    .map((world) => ({ ...world, description }));
}

function manifests(folder: string, below: string, wanted: (entry: string) => boolean = () => true): InputFile[] {
  const entries = readdirSync(path.join(folder, below)).sort(compareCodePoints);
  return entries.flatMap((entry) => {
    const name = path.posix.join(below, entry);
    const full = path.join(folder, name);
    if (!wanted(entry)) return [];
    if (statSync(full).isDirectory()) return entry === EXPECTED ? [] : manifests(folder, name);
    return EXTENSIONS.includes(path.extname(entry)) ? [inputFile(name, readFileSync(full, 'utf8'))] : [];
  });
}

/** The heading and the first paragraph, without the marks of Markdown. */
function wordsOf(readme: string, fallback: string): { readonly title: string; readonly description: string } {
  const blocks = readFileSync(readme, 'utf8').split(/\n{2,}/);
  const heading = blocks.find((block) => block.startsWith('# '))?.split('\n')[0];
  const paragraph = blocks.find((block) => /^[A-Za-z`*[]/.test(block)) ?? '';
  return { title: heading?.slice(2).trim() ?? fallback, description: plain(paragraph) };
}

function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*_]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
