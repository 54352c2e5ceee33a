import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import {
  Compartment,
  EditorState,
  type Extension,
  RangeSetBuilder,
  StateEffect,
  StateField,
  Transaction,
} from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { ask } from '../state/client.ts';
import { locale } from '../state/preferences.ts';
import { activeFile, cited, files, findings, jump, renames, snapshot, startFiles, writeFile } from '../state/store.ts';
import { saidText } from '../ui/Said.tsx';
import type { Place } from '../worker/protocol.ts';
import { comparing } from './compare.ts';
import { phrases } from './phrases.ts';
import { cursor } from './selection.ts';

const setCited = StateEffect.define<readonly number[]>();
const citedLine = Decoration.line({ class: 'cm-cited' });

/** Lines that decided the verdict that is shown. */
const citedLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setCited)) continue;
      const builder = new RangeSetBuilder<Decoration>();
      for (const line of [...new Set(effect.value)].sort((a, b) => a - b)) {
        if (line <= transaction.state.doc.lines) {
          const { from } = transaction.state.doc.line(line);
          builder.add(from, from, citedLine);
        }
      }
      next = builder.finish();
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--syntax-key)' },
  { tag: [tags.string, tags.content, tags.special(tags.string)], color: 'var(--syntax-text)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--syntax-number)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--syntax-comment)', fontStyle: 'italic' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace, tags.meta], color: 'var(--syntax-mark)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'var(--surface)', color: 'var(--ink)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--line-active)' },
  '&.cm-focused .cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection) !important',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--selection-match)' },
  '.cm-cited': { backgroundColor: 'var(--cited)', boxShadow: 'inset 3px 0 0 var(--accent)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    boxShadow: 'var(--shadow)',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { fontStyle: 'normal', opacity: '0.75', marginLeft: '1.5em' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)' },
  '.cm-panels button, .cm-panels input': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    backgroundImage: 'none',
  },
  '.cm-diagnostic': { padding: '4px 8px' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--line-active)', border: 'none', color: 'var(--muted)' },
  '.cm-deletedChunk': { backgroundColor: 'var(--bad-soft)' },
  '.cm-changedLine, .cm-insertedLine': { backgroundColor: 'var(--good-soft) !important' },
  '.cm-changedText, .cm-deletedText': { background: 'none !important', textDecoration: 'underline dotted' },
  '.cm-matchingBracket': { backgroundColor: 'var(--selection-match) !important' },
});

const merge = new Compartment();
const language = new Compartment();

function mergeExtension(name: string): Extension {
  const original = startFiles.value.find((file) => file.name === name)?.content;
  if (!comparing.value || original === undefined) return [];
  return unifiedMergeView({ original, mergeControls: false, gutter: true, allowInlineDiffs: true });
}

async function source(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.matchBefore(/[^\s]*/);
  if (
    !context.explicit &&
    (before === null ||
      (before.from === before.to && !/[:\-{[,]\s$/.test(context.state.sliceDoc(context.pos - 2, context.pos))))
  ) {
    return null;
  }
  const { from, items } = await ask('complete', {
    file: activeFile.value,
    text: context.state.doc.toString(),
    offset: context.pos,
  });
  if (items.length === 0) return null;
  return {
    from,
    validFor: /^[\w./*-]*$/,
    options: items.map(({ label, detail, kind, insert }, at) => ({
      label,
      ...(detail === undefined ? {} : { detail }),
      type: { field: 'property', value: 'enum', label: 'constant', name: 'variable' }[kind],
      ...(insert === undefined ? {} : { apply: insert }),
      // In the order in which they were answered, the most used first.
      boost: Math.max(-99, 50 - at),
    })),
  };
}

/** States of files that were shown: each keeps its history and its place. */
const states = new Map<string, EditorState>();

function stateOf(name: string, content: string): EditorState {
  const known = states.get(name);
  if (known !== undefined) {
    const change = difference(known.doc.toString(), content);
    return change === undefined ? known : known.update({ changes: change }).state;
  }
  return EditorState.create({
    doc: content,
    extensions: [
      lineNumbers(),
      foldGutter(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      drawSelection(),
      history(),
      EditorView.lineWrapping,
      indentOnInput(),
      bracketMatching(),
      highlightSelectionMatches(),
      yaml(),
      syntaxHighlighting(colours),
      lintGutter(),
      autocompletion({ override: [source], icons: false }),
      EditorState.tabSize.of(2),
      language.of(EditorState.phrases.of(phrases(locale.value))),
      merge.of(mergeExtension(name)),
      citedLines,
      look,
      // Asked for anew with each update: the file may get another name.
      EditorView.contentAttributes.of(() => ({
        tabindex: '0',
        'aria-label': t('editor.text', { name: activeFile.value }),
      })),
      keymap.of([
        ...completionKeymap,
        ...lintKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...defaultKeymap,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.selectionSet || update.docChanged) cursor.value = update.state.selection.main.head;
        // What came from elsewhere is in the files already.
        if (update.docChanged && !update.transactions.some((one) => one.annotation(Transaction.remote) === true)) {
          writeFile(activeFile.value, update.state.doc.toString());
        }
      }),
    ],
  });
}

/** The smallest change of one run of characters that makes `next` of `text`. */
function difference(
  text: string,
  next: string,
): { readonly from: number; readonly to: number; readonly insert: string } | undefined {
  if (text === next) return undefined;
  let start = 0;
  while (start < text.length && start < next.length && text[start] === next[start]) start++;
  let end = 0;
  while (
    end < text.length - start &&
    end < next.length - start &&
    text[text.length - 1 - end] === next[next.length - 1 - end]
  )
    end++;
  return { from: start, to: text.length - end, insert: next.slice(start, next.length - end) };
}

function contentOf(name: string): string {
  return (files.value ?? []).find((file) => file.name === name)?.content ?? '';
}

/** The text of the active file. */
export function Code(): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const shown = useRef<string | undefined>(undefined);
  const name = activeFile.value;
  const content = contentOf(name);
  useEffect(() => {
    if (host.current === null) return undefined;
    // In a shadow tree the editor adopts style sheets; elsewhere it writes style elements, which the security policy forbids.
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const created = new EditorView({ parent: root, root });
    view.current = created;
    return () => {
      if (shown.current !== undefined) states.set(shown.current, created.state);
      created.destroy();
      view.current = undefined;
      shown.current = undefined;
    };
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    for (const { from, to } of renames.splice(0)) {
      const known = states.get(from);
      if (known !== undefined) states.set(to, known);
      states.delete(from);
      if (shown.current === from) shown.current = to;
    }
    if (shown.current !== name) {
      if (shown.current !== undefined) states.set(shown.current, editor.state);
      editor.setState(stateOf(name, contentOf(name)));
      editor.scrollDOM.scrollLeft = 0;
      shown.current = name;
      cursor.value = editor.state.selection.main.head;
      for (const known of states.keys())
        if (!(files.value ?? []).some((file) => file.name === known)) states.delete(known);
      return;
    }
    // As it is now: what was typed since this was rendered is in the files already.
    const change = difference(editor.state.doc.toString(), contentOf(name));
    if (change !== undefined) editor.dispatch({ changes: change, annotations: Transaction.remote.of(true) });
  }, [name, content]);
  useEffect(() => {
    view.current?.dispatch({ effects: merge.reconfigure(mergeExtension(name)) });
  }, [name, comparing.value, startFiles.value]);
  useEffect(() => {
    view.current?.dispatch({ effects: language.reconfigure(EditorState.phrases.of(phrases(locale.value))) });
  }, [name, locale.value]);
  const marks = marksOf(name);
  useEffect(() => {
    const editor = view.current;
    if (editor !== undefined) editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state, marks)));
  }, [name, snapshot.value, findings.value]);
  useEffect(() => {
    const lines = cited.value.filter(({ file }) => file === name).map(({ line }) => line);
    view.current?.dispatch({ effects: setCited.of(lines) });
  }, [name, cited.value, content]);
  useEffect(() => {
    const editor = view.current;
    const place = jump.value;
    if (editor === undefined || place === undefined || place.file !== name) return;
    jump.value = undefined;
    const { from, to } = rangeOf(editor.state, place);
    editor.dispatch({
      selection: { anchor: from, head: to },
      effects: EditorView.scrollIntoView(from, { y: 'center' }),
    });
    editor.focus();
  }, [name, jump.value, content]);
  return <div class="code" ref={host} />;
}

interface Mark {
  readonly place: Place;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly source: string;
}

/** Problems and findings of a file; findings that repeat a problem are left out. */
function marksOf(name: string): readonly Mark[] {
  const problems = [
    ...(snapshot.value?.problems ?? []),
    ...findings.value.filter(({ code }) => code !== 'invalid-input' && code !== 'unknown-field'),
  ];
  return problems.flatMap(({ place, severity, message, help, code }) =>
    place?.file === name
      ? [
          {
            place,
            severity,
            message: [message, ...(help === undefined ? [] : [help])].map(saidText).join('\n'),
            source: code,
          },
        ]
      : [],
  );
}

function diagnosticsOf(state: EditorState, marks: readonly Mark[]): Diagnostic[] {
  return marks
    .map(
      ({ place, severity, message, source: code }): Diagnostic => ({
        ...rangeOf(state, place),
        severity,
        message,
        source: code,
      }),
    )
    .sort((a, b) => a.from - b.from);
}

function rangeOf(state: EditorState, { line, column, length }: Place): { readonly from: number; readonly to: number } {
  const found = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  const from = Math.min(found.from + column - 1, found.to);
  return { from, to: Math.min(from + length, found.to) };
}
