import { batch, computed, signal } from '@preact/signals';
import type { LintItem, MatrixData, Place, Snapshot, SourceFile, WorldSettings } from '../worker/protocol.ts';
import { ask } from './client.ts';
import { commonFolder } from './folder.ts';
import { conflictsOf, mergeFiles } from './merge.ts';

/** The views, in the order of the navigation. */
export const VIEWS = ['map', 'matrix', 'verdict', 'changes', 'lint', 'exposure', 'tests', 'flows'] as const;
export type View = (typeof VIEWS)[number];

export interface Question {
  readonly from: string;
  readonly to: string;
  readonly port: string;
}

/** The texts, in their order; undefined until something is opened. */
export const files = signal<readonly SourceFile[] | undefined>(undefined);
/** The texts that changes are told against. */
export const startFiles = signal<readonly SourceFile[]>([]);
export const snapshot = signal<Snapshot | undefined>(undefined);
export const view = signal<View>('map');
export const question = signal<Question>({ from: '', to: '', port: '' });
/** The endpoint that is looked at on the map. */
export const selected = signal<string | undefined>(undefined);
export const activeFile = signal<string>('');
/** A place that the editor is to show; a new object each time. */
export const jump = signal<Place | undefined>(undefined);
/** Lines that decided the verdict that is shown. */
export const cited = signal<readonly Place[]>([]);
export const editorOpen = signal(true);
/** The worker is computing for longer than one notices. */
export const busy = signal(false);
/** What is told for a moment. */
export const toast = signal<{ readonly text: string } | undefined>(undefined);

/** Something that was done, and how to take it back. */
export interface Undo {
  readonly text: string;
  readonly undo: () => void;
}

/** What can be taken back, the newest last: one offer does not replace another. */
export const undos = signal<readonly Undo[]>([]);
/** Offers kept at a time. */
const MOST_UNDOS = 4;

export function offerUndo(text: string, undo: () => void): void {
  undos.value = [...undos.value, { text, undo }].slice(-MOST_UNDOS);
}

export function dropUndo(offer: Undo): void {
  undos.value = undos.value.filter((one) => one !== offer);
}
/** Something went wrong that is not in the files. */
export const failure = signal<string | undefined>(undefined);
/** Where the files came from, for the header. */
export const title = signal('');

/** The server's files as they were last fetched, whatever is open here; empty without a server. */
export const servedFiles = signal<readonly SourceFile[]>([]);
/** What is open are the server's files: what changes there is taken over. */
export const isFollowing = signal(false);
const bothChanged = signal<ReadonlySet<string>>(new Set());
/** Files that were changed on the server and, differently, here, and nobody has looked after it yet. */
export const conflicts = computed<ReadonlySet<string>>(() => {
  if (bothChanged.value.size === 0) return bothChanged.value;
  const theirs = new Map(servedFiles.value.map(({ name, content }) => [name, content]));
  const now = files.value ?? [];
  return new Set(
    now.flatMap(({ name, content }) => (bothChanged.value.has(name) && theirs.get(name) !== content ? [name] : [])),
  );
});

export const isEdited = computed(() => {
  const now = files.value;
  const start = startFiles.value;
  if (now === undefined) return false;
  if (now === start) return false;
  return (
    now.length !== start.length ||
    now.some((file, at) => file.name !== start[at]?.name || file.content !== start[at]?.content)
  );
});

/** Requests that change the world of the worker, one after the other: what each answers is of the files that it was asked for. */
let last: Promise<void> = Promise.resolve();

function inTurn(work: () => Promise<void>): Promise<void> {
  last = last.then(work).catch(fail);
  return last;
}

/** Opens texts: all of what was there goes. */
export function openFiles(
  opened: readonly SourceFile[],
  options: {
    readonly base?: readonly SourceFile[];
    readonly title?: string;
    /** How the texts are read; as before when absent. */
    readonly settings?: WorldSettings;
    /** They are the server's, and are to follow it. */
    readonly following?: boolean;
    /** Names of files that the server has otherwise too. */
    readonly conflicts?: readonly string[];
  } = {},
): Promise<void> {
  const { base, settings, following = false } = options;
  return inTurn(async () => {
    const now = await ask('open', {
      files: opened,
      ...(base === undefined ? {} : { base }),
      ...(settings === undefined ? {} : { settings }),
    });
    clearTimeout(timer);
    batch(() => {
      files.value = opened;
      startFiles.value = base ?? opened;
      snapshot.value = now;
      title.value = options.title ?? '';
      isFollowing.value = following;
      bothChanged.value = new Set(options.conflicts);
      toast.value = undefined;
      undos.value = [];
      activeFile.value = firstPolicyFile(opened);
      selected.value = undefined;
      cited.value = [];
      question.value = { from: '', to: '', port: '' };
    });
  });
}

/** Opens again what is open when this is called; undefined when nothing is. */
export function whatIsOpen(): (() => void) | undefined {
  const opened = files.value;
  if (opened === undefined) return undefined;
  const served = isFollowing.value ? servedFiles.value : undefined;
  const options = { base: startFiles.value, title: title.value };
  // What changed on the server since then could not be told from what was edited.
  return () => void openFiles(opened, { ...options, following: served === servedFiles.value });
}

/**
 * Takes over what changed on the server, unless something else is open: what is not edited here goes with it, and so does the
 * start, in one step, so that no difference to the old one shows.
 * @param tell what to say, of the names of files that were changed here too
 */
export function takeOver(
  before: readonly SourceFile[],
  fresh: readonly SourceFile[],
  tell: (conflicts: readonly string[]) => string,
): Promise<void> {
  return inTurn(async () => {
    if (!isFollowing.value) return;
    const start = startFiles.value;
    const edited = files.value ?? [];
    const merged = mergeFiles(before, fresh, edited);
    // A start of one's own is an edit of the server's.
    const base = start === before ? fresh : mergeFiles(before, fresh, start);
    const now = await ask('moveStart', { files: merged, base });
    batch(() => {
      const meanwhile = files.value ?? [];
      if (meanwhile === edited) files.value = merged;
      else setFiles(mergeFiles(before, fresh, meanwhile));
      startFiles.value = base;
      snapshot.value = now;
      const left = files.value ?? [];
      if (!left.some(({ name }) => name === activeFile.value)) activeFile.value = firstPolicyFile(left);
      const found = conflictsOf(before, fresh, meanwhile);
      bothChanged.value = new Set([...bothChanged.value, ...found]);
      toast.value = { text: tell(found) };
    });
  });
}

/** Leaves a file as it is here, though the server has it otherwise. */
export function keepOurs(name: string): void {
  bothChanged.value = new Set([...bothChanged.value].filter((one) => one !== name));
}

/** Takes the server's text of a file instead of what was written here. */
export function takeTheirs(name: string): void {
  const theirs = servedFiles.value.find((file) => file.name === name);
  if (theirs === undefined) deleteFile(name);
  else writeFile(name, theirs.content);
  keepOurs(name);
}

function firstPolicyFile(opened: readonly SourceFile[]): string {
  return (opened.find(({ content }) => /^kind: NetworkPolicy/m.test(content)) ?? opened[0])?.name ?? '';
}

/** Tells what went wrong, for promises. */
export function fail(error: unknown): undefined {
  failure.value = error instanceof Error ? error.message : String(error);
  return undefined;
}

let waiting = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Pause in typing after which an edit is judged, in milliseconds. */
const PAUSE = 30;

/** Replaces the texts; what that changes is computed at once, or after the computation that is going on. */
export function setFiles(next: readonly SourceFile[]): void {
  files.value = next;
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (waiting) return;
    waiting = true;
    void inTurn(update);
  }, PAUSE);
}

async function update(): Promise<void> {
  waiting = false;
  const slow = setTimeout(() => {
    busy.value = true;
  }, 300);
  try {
    const now = await ask('update', { files: files.value ?? [] });
    snapshot.value = now;
  } finally {
    clearTimeout(slow);
    busy.value = false;
  }
}

/** Makes the files as they are the state that changes are told against. */
export function rebase(): Promise<void> {
  return inTurn(async () => {
    const start = files.value ?? [];
    const now = await ask('rebase', { files: start });
    batch(() => {
      startFiles.value = start;
      snapshot.value = now;
    });
  });
}

export function writeFile(name: string, content: string): void {
  const now = files.value ?? [];
  if (now.some((file) => file.name === name && file.content === content)) return;
  setFiles(
    now.some((file) => file.name === name)
      ? now.map((file) => (file.name === name ? { name, content } : file))
      : [...now, { name, content }],
  );
}

/** Another text for a file, and the text that it is made from. */
export interface TextChange {
  readonly name: string;
  readonly before: string;
  readonly content: string;
}

/**
 * Takes over texts where the file still has the one that they are made from: what was typed meanwhile is kept.
 * @returns those that were taken over
 */
export function changeTexts(changes: readonly TextChange[]): readonly TextChange[] {
  const now = files.value ?? [];
  const taken = new Map(
    changes
      .filter(({ name, before }) => now.some((file) => file.name === name && file.content === before))
      .map((change) => [change.name, change]),
  );
  if (taken.size > 0)
    setFiles(now.map((file) => ({ name: file.name, content: taken.get(file.name)?.content ?? file.content })));
  return [...taken.values()];
}

/** Takes changes back; answers what else was typed since and therefore stays. */
export function revertTexts(changes: readonly TextChange[]): readonly TextChange[] {
  const back = changeTexts(changes.map(({ name, before, content }) => ({ name, before: content, content: before })));
  return changes.filter(({ name }) => !back.some((one) => one.name === name));
}

/** A name that no file has yet: `new.yaml`, `new-2.yaml`. */
export function freeName(wanted: string): string {
  const taken = new Set((files.value ?? []).map(({ name }) => name));
  const [, stem = wanted, extension = ''] = /^(.*?)(\.[^.]*)?$/.exec(wanted) ?? [];
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${stem}-${number}${extension}`;
  return name;
}

/** Adds a file beside the others: a server that finds it there later means the same file. Answers its name. */
export function addFile(wanted: string, content: string): string {
  const name = freeName(`${commonFolder((files.value ?? []).map((file) => file.name))}${wanted}`);
  batch(() => {
    setFiles([...(files.value ?? []), { name, content }]);
    activeFile.value = name;
    editorOpen.value = true;
  });
  return name;
}

/** Names that files got and the editor has not heard of yet, in their order. */
export const renames: { readonly from: string; readonly to: string }[] = [];

/** Renames a file. Answers its name now: another one where that is taken, the same where it is blank. */
export function renameFile(name: string, to: string): string {
  if (name === to || to.trim() === '') return name;
  const free = freeName(to.trim());
  renames.push({ from: name, to: free });
  batch(() => {
    setFiles((files.value ?? []).map((file) => (file.name === name ? { name: free, content: file.content } : file)));
    if (activeFile.value === name) activeFile.value = free;
  });
  return free;
}

/** Deletes a file; what it answers brings it back. */
export function deleteFile(name: string): () => void {
  const before = files.value ?? [];
  const at = before.findIndex((file) => file.name === name);
  const gone = before[at];
  batch(() => {
    const left = before.filter((file) => file.name !== name);
    setFiles(left);
    if (activeFile.value === name) activeFile.value = (left[at] ?? left.at(-1))?.name ?? '';
  });
  return () => {
    if (gone === undefined) return;
    const now = files.value ?? [];
    const free = freeName(gone.name);
    batch(() => {
      setFiles([...now.slice(0, at), { ...gone, name: free }, ...now.slice(at)]);
      activeFile.value = free;
    });
  };
}

/** Shows a place in the editor. */
export function showPlace(place: Place): void {
  batch(() => {
    editorOpen.value = true;
    activeFile.value = place.file;
    jump.value = { ...place };
  });
}

/** Asks for a verdict and shows it. */
export function askVerdict(from: string, to: string, port = ''): void {
  batch(() => {
    question.value = { from, to, port };
    view.value = 'verdict';
  });
}

/** The matrix of the state that is shown, once something asks for it. */
export const matrix = signal<MatrixData | undefined>(undefined);
export const findings = signal<readonly LintItem[]>([]);
let matrixOf = -1;
let lintOf = -1;

/** Brings the matrix up to date. */
export async function loadMatrix(revision: number): Promise<void> {
  if (matrixOf === revision) return;
  matrixOf = revision;
  const data = await ask('matrix', {}).catch(fail);
  if (data !== undefined && snapshot.value?.revision === revision) matrix.value = data;
}

/** Brings the findings up to date; they are for the files as they are, errors or not. */
export async function loadFindings(revision: number): Promise<void> {
  if (lintOf === revision) return;
  lintOf = revision;
  const found = await ask('lint', {}).catch(fail);
  if (found !== undefined && snapshot.value?.revision === revision) findings.value = found;
}
