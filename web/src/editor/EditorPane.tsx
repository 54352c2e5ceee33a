import type { ComponentType, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { compareNatural } from '../natural.ts';
import {
  activeFile,
  addFile,
  conflicts,
  deleteFile,
  editorOpen,
  failure,
  files,
  offerUndo,
  renameFile,
  snapshot,
  startFiles,
} from '../state/store.ts';
import { IconButton } from '../ui/IconButton.tsx';
import { Icon } from '../ui/icons.tsx';
import type { SourceFile } from '../worker/protocol.ts';
import { Conflict } from './Conflict.tsx';
import { comparing } from './compare.ts';
import { NewPolicy } from './NewPolicy.tsx';

type Lazy = ComponentType<object>;
let loaded: Lazy | undefined;

/** The files, and the text of one of them. The text editor is loaded when the rest is there. */
export function EditorPane(): JSX.Element {
  const [Code, setCode] = useState<Lazy | undefined>(() => loaded);
  useEffect(() => {
    if (loaded !== undefined) return;
    import('./Code.tsx').then(
      (module) => {
        loaded = module.Code;
        setCode(() => module.Code);
      },
      (error: unknown) => {
        failure.value = error instanceof Error ? error.message : String(error);
      },
    );
  }, []);
  const all = files.value ?? [];
  return (
    <section class="editor-pane" aria-label={t('editor')}>
      <Toolbar />
      <Conflict />
      <div class="editor-body">
        <FileList />
        <div class="code-frame">
          {all.length === 0 ? (
            <div class="empty">
              <p>{t('editor.no-files')}</p>
              <button type="button" class="primary" onClick={() => addFile('new.yaml', '')}>
                {t('editor.new-file')}
              </button>
            </div>
          ) : Code === undefined ? (
            <p class="empty">{t('loading')}</p>
          ) : (
            <Code />
          )}
        </div>
      </div>
    </section>
  );
}

function Toolbar(): JSX.Element {
  const [dialog, setDialog] = useState<'new' | 'form' | undefined>(undefined);
  const name = activeFile.value;
  const start = startFiles.value.find((file) => file.name === name);
  const now = (files.value ?? []).find((file) => file.name === name);
  const differs = now !== undefined && start !== undefined && start.content !== now.content;
  useEffect(() => {
    if (!differs) comparing.value = false;
  }, [differs, name]);
  return (
    <header class="editor-tools">
      <button type="button" onClick={() => setDialog('new')}>
        <Icon name="plus" size={14} /> {t('editor.new')}
      </button>
      <button
        type="button"
        disabled={now === undefined}
        onClick={() => setDialog('form')}
        title={t('editor.form.hint')}
      >
        <Icon name="form" size={14} /> {t('editor.form')}
      </button>
      <button
        type="button"
        aria-pressed={comparing.value}
        disabled={!differs}
        onClick={() => (comparing.value = !comparing.value)}
      >
        {t('editor.compare')}
      </button>
      <div class="spacer" />
      <IconButton icon="close" label={t('editor.close')} onClick={() => (editorOpen.value = false)} />
      {dialog !== undefined && <NewPolicy mode={dialog} onClose={() => setDialog(undefined)} />}
    </header>
  );
}

function FileList(): JSX.Element {
  const [renaming, setRenaming] = useState<string | undefined>(undefined);
  const list = useRef<HTMLUListElement>(null);
  /** The file whose item gets the focus once it is there. */
  const wanted = useRef<string | undefined>(undefined);
  // Before the page is painted: keys that follow at once go to it.
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    const items = [...(list.current?.querySelectorAll('button') ?? [])];
    items.find(({ title }) => title === wanted.current)?.focus();
    wanted.current = undefined;
  });
  const all = inFolders(files.value ?? []);
  const problems = new Map<string, 'error' | 'warning'>();
  for (const { place, severity } of snapshot.value?.problems ?? []) {
    if (place === undefined || severity === 'info') continue;
    if (severity === 'error' || !problems.has(place.file)) problems.set(place.file, severity);
  }
  const start = new Map(startFiles.value.map(({ name, content }) => [name, content]));
  /** Deletes a file and goes on to the next of the list. */
  const remove = (name: string, focus: boolean): void => {
    const at = all.findIndex((file) => file.name === name);
    const next = (all[at + 1] ?? all[at - 1])?.name;
    const wasActive = activeFile.value === name;
    const undo = deleteFile(name);
    if (wasActive) activeFile.value = next ?? '';
    if (focus) wanted.current = next;
    offerUndo(t('editor.deleted', { name }), undo);
  };
  return (
    <div class="files">
      <ul ref={list} aria-label={t('editor.files')}>
        {all.map(({ name, content }, at) => {
          const severity = problems.get(name);
          const was = start.get(name);
          const slash = name.lastIndexOf('/') + 1;
          const folder = name.slice(0, slash);
          const begins = folder !== '' && all[at - 1]?.name.startsWith(folder) !== true;
          return (
            <li key={name}>
              {begins && <span class="folder">{folder}</span>}
              {renaming === name ? (
                <Rename
                  name={name}
                  onDone={(now, byKey) => {
                    if (byKey) wanted.current = now;
                    setRenaming(undefined);
                  }}
                />
              ) : (
                <button
                  type="button"
                  class={folder === '' ? 'file' : 'file inside'}
                  aria-current={name === activeFile.value ? 'true' : undefined}
                  title={name}
                  onClick={() => (activeFile.value = name)}
                  onDblClick={() => setRenaming(name)}
                  onKeyDown={(event) => {
                    if (event.key === 'F2') setRenaming(name);
                    else if (event.key === 'Delete') remove(name, true);
                  }}
                >
                  <span class="file-name">
                    <span class="sr">{folder}</span>
                    {name.slice(slash)}
                  </span>
                  {was !== content && (
                    <span class="file-mark" title={t(was === undefined ? 'editor.added' : 'editor.edited')}>
                      <span aria-hidden="true">{was === undefined ? 'A' : 'M'}</span>
                      <span class="sr">{t(was === undefined ? 'editor.added' : 'editor.edited')}</span>
                    </span>
                  )}
                  {conflicts.value.has(name) && (
                    <span class="file-mark warning" title={t('conflict.mark')}>
                      <span aria-hidden="true">!</span>
                      <span class="sr">{t('conflict.mark')}</span>
                    </span>
                  )}
                  {severity !== undefined && (
                    <span class={`file-mark ${severity}`} title={t(`severity.${severity}`)}>
                      <Icon name={severity === 'error' ? 'cross' : 'warning'} size={12} />
                      <span class="sr">{t(`severity.${severity}`)}</span>
                    </span>
                  )}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <div class="file-actions">
        <IconButton icon="plus" label={t('editor.new-file')} size={14} onClick={() => addFile('new.yaml', '')} />
        <IconButton
          icon="editor"
          label={t('editor.rename')}
          size={14}
          disabled={all.length === 0}
          onClick={() => setRenaming(activeFile.value)}
        />
        <IconButton
          icon="minus"
          label={t('editor.delete')}
          size={14}
          disabled={all.length === 0}
          onClick={() => remove(activeFile.value, false)}
        />
      </div>
    </div>
  );
}

/** Files of a folder together, in the order of their names; those of no folder come first. */
function inFolders(all: readonly SourceFile[]): readonly SourceFile[] {
  const folderOf = ({ name }: SourceFile): string => name.slice(0, name.lastIndexOf('/') + 1);
  return [...all].sort((a, b) => compareNatural(folderOf(a), folderOf(b)) || compareNatural(a.name, b.name));
}

interface RenameProps {
  readonly name: string;
  /** The name that the file has now, and whether a key ended it rather than a click elsewhere. */
  readonly onDone: (now: string, byKey: boolean) => void;
}

function Rename({ name, onDone }: RenameProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const done = useRef(false);
  const finish = (take: boolean, byKey: boolean): void => {
    // A field that is taken away loses the focus, which is no second answer.
    if (done.current) return;
    done.current = true;
    onDone(take ? renameFile(name, input.current?.value ?? name) : name, byKey);
  };
  return (
    <input
      ref={input}
      class="rename"
      type="text"
      aria-label={t('editor.rename')}
      defaultValue={name}
      spellcheck={false}
      onBlur={() => finish(true, false)}
      onKeyDown={({ key }) => {
        if (key === 'Enter') finish(true, true);
        else if (key === 'Escape') finish(false, true);
      }}
    />
  );
}
