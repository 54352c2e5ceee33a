import { readManifests } from '../../manifest/index.ts';
import type { FieldPath } from '../../model/source.ts';
import type { KubeObject } from '../../model/types.ts';
import type { Fix, ObjectFix } from './finding.ts';
import { editFor, LinedText, type TextEdit } from './text-edits.ts';

/** A text with fixes applied. */
export interface FixedText {
  readonly text: string;
  /** What changed, by position in the old text: ascending, apart from each other. */
  readonly edits: readonly TextEdit[];
  /** Fixes that are in the text now. The others were left for people. */
  readonly applied: readonly ObjectFix[];
}

interface Step {
  readonly fix: ObjectFix;
  readonly edit: TextEdit;
}

/**
 * Applies fixes to the text that their objects were read from. The result is read again: a fix that would change anything
 * but what it should is left out, however the text is written.
 * @param file the name under which the text was read
 */
export function applyFixes(file: string, text: string, fixes: readonly ObjectFix[]): FixedText {
  const lined = new LinedText(text);
  const steps: Step[] = [];
  for (const fix of fixes) {
    const { source } = fix.object;
    if (source === undefined || source.file !== file) continue;
    const edit = editFor(lined, source, fix.fix);
    if (edit !== undefined) steps.push({ fix, edit });
  }
  const chosen = apart(steps);
  const before = objectsOf(file, text);
  if (isRight(file, text, before, chosen)) return result(text, chosen);
  let kept: readonly Step[] = [];
  for (const step of chosen) if (isRight(file, text, before, [step, ...kept])) kept = [step, ...kept];
  return result(text, kept);
}

/** Steps by position from the end, without those that overlap one that stands before them. */
function apart(steps: readonly Step[]): Step[] {
  const ordered = [...steps].sort((a, b) => a.edit.start - b.edit.start || b.edit.end - a.edit.end);
  const chosen: Step[] = [];
  for (const step of ordered) {
    const last = chosen.at(-1);
    if (last === undefined || step.edit.start >= last.edit.end) chosen.push(step);
  }
  return chosen.reverse();
}

function result(text: string, steps: readonly Step[]): FixedText {
  const ordered = [...steps].sort((a, b) => a.edit.start - b.edit.start);
  const edits = ordered.map(({ edit }) => edit);
  return { text: edited(text, edits), edits, applied: ordered.map(({ fix }) => fix) };
}

/** @param edits ascending */
function edited(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: replacement } of edits) {
    parts.push(text.slice(at, start), replacement);
    at = end;
  }
  return parts.join('') + text.slice(at);
}

interface ReadObjects {
  readonly objects: readonly KubeObject[];
  readonly problems: number;
}

function objectsOf(file: string, text: string): ReadObjects {
  const { objects, diagnostics } = readManifests([{ name: file, content: text }]);
  return { objects, problems: diagnostics.length };
}

/** Whether the edited text says what the old one said, but for what the fixes are meant to change. */
function isRight(file: string, text: string, before: ReadObjects, steps: readonly Step[]): boolean {
  const after = objectsOf(file, result(text, steps).text);
  if (after.problems > before.problems || after.objects.length !== before.objects.length) return false;
  const fixes = new Map<string, Fix[]>();
  for (const { fix } of [...steps].sort((a, b) => b.edit.start - a.edit.start)) {
    const key = startKey(fix.object);
    fixes.set(key, [...(fixes.get(key) ?? []), fix.fix]);
  }
  return before.objects.every((object, index) => {
    const wanted = (fixes.get(startKey(object)) ?? []).reduce<unknown>(changed, plain(object));
    return JSON.stringify(plain(after.objects[index])) === JSON.stringify(wanted);
  });
}

function startKey({ source }: KubeObject): string {
  return `${source?.start.line}:${source?.start.column}`;
}

function plain(object: KubeObject | undefined): unknown {
  const { source: _, ...rest } = object ?? {};
  return rest;
}

/** What a fix makes of an object. Fixes come last item first, so that the indexes of the others stay right. */
function changed(value: unknown, fix: Fix): unknown {
  return fix.type === 'insert' ? value : changedAt(value, fix.path, fix);
}

function changedAt(value: unknown, [step, ...rest]: FieldPath, fix: Fix): unknown {
  if (step === undefined) return fix.type === 'set' ? fix.value : value;
  if (Array.isArray(value)) {
    if (rest.length === 0 && fix.type === 'remove') return value.toSpliced(Number(step), 1);
    return value.map((item: unknown, index) => (index === step ? changedAt(item, rest, fix) : item));
  }
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [step]: changedAt(record[step], rest, fix) };
}
