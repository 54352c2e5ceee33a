import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { EXAMPLES, type Example, exampleFiles } from '../examples.ts';
import { t } from '../i18n/index.ts';
import { idle } from '../state/start.ts';
import { isEdited, offerUndo, openFiles, whatIsOpen } from '../state/store.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import type { SourceFile } from '../worker/protocol.ts';

/** What one sees when nothing is open. */
export function Start(): JSX.Element {
  return (
    <main id="main" class="start" tabIndex={-1}>
      <div class="start-inner">
        <h2>{t('start.title')}</h2>
        <p class="lead">{t('start.lead')}</p>
        <OpenPanel onOpened={() => undefined} />
      </div>
    </main>
  );
}

export function OpenDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Dialog title={t('open.title')} wide onClose={onClose}>
      <OpenPanel onOpened={onClose} />
    </Dialog>
  );
}

/** Examples, files, or a text. */
function OpenPanel({ onOpened }: { readonly onOpened: () => void }): JSX.Element {
  const [over, setOver] = useState(false);
  const [pasted, setPasted] = useState('');
  const open = async (files: readonly SourceFile[], title: string): Promise<void> => {
    const back = isEdited.value ? whatIsOpen() : undefined;
    await openFiles(files, { title });
    if (back !== undefined) offerUndo(t('open.replaced'), back);
    idle.value = false;
    onOpened();
  };
  const example = async (one: Example): Promise<void> => open(await exampleFiles(one), t(one.title));
  return (
    <div class="open-panel">
      <section>
        <h3>{t('open.examples')}</h3>
        <ul class="example-list">
          {EXAMPLES.map((one) => (
            <li key={one.name}>
              <button type="button" onClick={() => void example(one)}>
                <strong>{t(one.title)}</strong>
                <span>{t(one.hint)}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{t('open.own')}</h3>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by keyboard */}
        <div
          class={over ? 'drop over' : 'drop'}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            void filesOf(event.dataTransfer).then((files) => (files.length === 0 ? undefined : open(files, '')));
          }}
        >
          <p>{t('open.drop')}</p>
          <label class="file-button">
            <Icon name="file" />
            <span>{t('open.files')}</span>
            <input
              type="file"
              multiple
              accept=".yaml,.yml,.json"
              onChange={({ currentTarget }) =>
                void listed(currentTarget.files).then((files) => (files.length === 0 ? undefined : open(files, '')))
              }
            />
          </label>
          <label class="file-button">
            <Icon name="open" />
            <span>{t('open.folder')}</span>
            <input
              type="file"
              {...{ webkitdirectory: true }}
              onChange={({ currentTarget }) =>
                void listed(currentTarget.files).then((files) => (files.length === 0 ? undefined : open(files, '')))
              }
            />
          </label>
        </div>
        <label class="field">
          {t('open.paste')}
          <textarea
            rows={5}
            spellcheck={false}
            value={pasted}
            placeholder="apiVersion: networking.k8s.io/v1&#10;kind: NetworkPolicy"
            onInput={({ currentTarget }) => setPasted(currentTarget.value)}
          />
        </label>
        <div class="row-buttons">
          <button
            type="button"
            class="primary"
            disabled={pasted.trim() === ''}
            onClick={() => void open([{ name: 'pasted.yaml', content: pasted }], '')}
          >
            {t('open.pasted')}
          </button>
          <button type="button" onClick={() => void open([{ name: 'new.yaml', content: '' }], '')}>
            {t('open.empty')}
          </button>
        </div>
        <p class="muted">{t('open.kubectl')}</p>
        <pre class="sample">kubectl get ns,pods,netpol -A -o yaml</pre>
      </section>
    </div>
  );
}

const MANIFEST = /\.(ya?ml|json)$/i;

async function listed(list: FileList | null): Promise<SourceFile[]> {
  const chosen = [...(list ?? [])].filter(({ name }) => MANIFEST.test(name));
  return Promise.all(
    chosen.map(async (file) => ({
      name: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath.split('/').slice(1).join('/'),
      content: await file.text(),
    })),
  );
}

/** Files and folders that were dropped. */
async function filesOf(data: DataTransfer | null): Promise<SourceFile[]> {
  const entries = [...(data?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (entries.length === 0) return listed(data?.files ?? null);
  const found: SourceFile[] = [];
  const walk = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (entry.isFile && MANIFEST.test(entry.name)) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ name: `${path}${entry.name}`, content: await file.text() });
    } else if (entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (batch.length === 0) break;
        for (const child of batch) await walk(child, entries.length === 1 ? path : `${path}${entry.name}/`);
      }
    }
  };
  for (const entry of entries) await walk(entry, '');
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
