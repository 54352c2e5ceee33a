import { strToU8, zipSync } from 'fflate';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from './i18n/index.ts';
import { ask } from './state/client.ts';
import { failure, files, loadMatrix, matrix, snapshot } from './state/store.ts';
import { Icon } from './ui/icons.tsx';
import { mapSvg } from './views/map/drawing.ts';
import type { ReportFormat } from './worker/protocol.ts';

const ITEMS = ['zip', 'files', 'html', 'svg', 'png', 'diff', 'yaml', 'json', 'csv', 'markdown'] as const;
type Item = (typeof ITEMS)[number];

/** What may be taken away: the files, pictures and reports. */
export function ExportMenu(): JSX.Element {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const outside = (event: Event): void => {
      if (!(event.target instanceof Node) || root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  const keys = (event: KeyboardEvent): void => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class="menu" ref={root}>
      <button type="button" aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="download" />
        <span>{t('export')}</span>
      </button>
      {open && (
        <ul role="menu" aria-label={t('export')} onKeyDown={keys}>
          {ITEMS.map((item) => (
            <li key={item} role="none">
              <button
                type="button"
                role="menuitem"
                tabIndex={-1}
                onClick={() => {
                  close();
                  exportAs(item).catch((error: unknown) => {
                    failure.value = error instanceof Error ? error.message : String(error);
                  });
                }}
              >
                {t(`export.${item}`)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const REPORTS: Readonly<Partial<Record<Item, readonly [ReportFormat, name: string, type: string]>>> = {
  diff: ['diff', 'changes.md', 'text/markdown'],
  yaml: ['yaml', 'reachability.yaml', 'application/yaml'],
  json: ['json', 'reachability.json', 'application/json'],
  csv: ['csv', 'reachability.csv', 'text/csv'],
  markdown: ['markdown', 'reachability.md', 'text/markdown'],
};

async function exportAs(item: Item): Promise<void> {
  const report = REPORTS[item];
  if (report !== undefined) {
    const [format, name, type] = report;
    download(name, new Blob([await ask('report', { format })], { type }));
    return;
  }
  switch (item) {
    case 'zip':
      return download('policies.zip', new Blob([zipped()], { type: 'application/zip' }));
    case 'files':
      return download('policies.yaml', new Blob([oneText()], { type: 'application/yaml' }));
    case 'html': {
      const map = await drawing();
      return download('report.html', new Blob([await ask('report', { format: 'html', map })], { type: 'text/html' }));
    }
    case 'svg':
      return download('map.svg', new Blob([await drawing()], { type: 'image/svg+xml' }));
    case 'png':
      return download('map.png', await rasterised(await drawing()));
    default:
      return undefined;
  }
}

/** A time that zip can write and that is always the same. */
const ZIP_TIME = new Date(1980, 0, 1);

function zipped(): Uint8Array<ArrayBuffer> {
  // Absolute names, as a server may have, would lead out of the place where one unpacks.
  const entries = Object.fromEntries(
    (files.value ?? []).map(({ name, content }) => [name.replace(/^\/+/, ''), strToU8(content)]),
  );
  return zipSync(entries, { level: 6, mtime: ZIP_TIME });
}

/** All files as one stream of documents. */
function oneText(): string {
  return (files.value ?? [])
    .filter(({ content }) => content.trim() !== '')
    .map(({ name, content }) => `# ${name}\n${content.replace(/^---[^\n]*\n/, '').trimEnd()}\n`)
    .join('---\n');
}

async function drawing(): Promise<string> {
  const now = snapshot.value;
  if (now === undefined) return '';
  await loadMatrix(now.revision);
  return mapSvg(now, matrix.value);
}

/** Canvases beyond this many pixels are refused by browsers. */
const MOST_PIXELS = 60_000_000;

async function rasterised(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const scale = Math.min(2, Math.sqrt(MOST_PIXELS / (image.width * image.height)));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) =>
      canvas.toBlob((blob) => (blob === null ? reject(new Error('no picture')) : resolve(blob)), 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
