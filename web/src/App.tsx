import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { EditorPane } from './editor/EditorPane.tsx';
import { Header } from './Header.tsx';
import { t } from './i18n/index.ts';
import { StatusBar } from './StatusBar.tsx';
import { short } from './short.ts';
import { sharedFiles } from './state/route.ts';
import { brokenLink, idle } from './state/start.ts';
import {
  busy,
  dropUndo,
  editorOpen,
  failure,
  files,
  findings,
  isEdited,
  loadFindings,
  snapshot,
  toast,
  type Undo,
  undos,
  VIEWS,
  type View,
  view,
} from './state/store.ts';
import { IconButton } from './ui/IconButton.tsx';
import { Icon } from './ui/icons.tsx';
import { Changes } from './views/Changes.tsx';
import { Exposure } from './views/Exposure.tsx';
import { Flows } from './views/Flows.tsx';
import { Lint } from './views/Lint.tsx';
import { Matrix } from './views/Matrix.tsx';
import { MapView } from './views/map/MapView.tsx';
import { Start } from './views/Start.tsx';
import { Tests } from './views/Tests.tsx';
import { Verdict } from './views/Verdict.tsx';

const CONTENT: Readonly<Record<View, () => JSX.Element>> = {
  map: MapView,
  matrix: Matrix,
  verdict: Verdict,
  changes: Changes,
  lint: Lint,
  exposure: Exposure,
  tests: Tests,
  flows: Flows,
};

/** The whole page. */
export function App(): JSX.Element {
  const now = snapshot.value;
  useEffect(() => {
    if (now === undefined) return undefined;
    // Findings are for the badge too; they come after what is looked at.
    const timer = setTimeout(() => void loadFindings(now.revision), 400);
    return () => clearTimeout(timer);
  }, [now?.revision]);
  const unsaved = isEdited.value && sharedFiles.value !== files.value;
  useEffect(() => {
    if (!unsaved) return undefined;
    // The browser asks whether to leave.
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  }, [unsaved]);
  return (
    <div class="app">
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t('skip')}
      </button>
      <Header />
      {failure.value !== undefined && <Failure text={failure.value} />}
      {brokenLink.value && <BrokenLink />}
      {files.value === undefined ? <Empty /> : <Workbench />}
      <Toasts />
    </div>
  );
}

function Empty(): JSX.Element {
  if (idle.value) return <Start />;
  return (
    <main class="loading" id="main" tabIndex={-1} aria-busy="true">
      <p>{t('loading')}</p>
    </main>
  );
}

function Workbench(): JSX.Element {
  const Content = CONTENT[view.value];
  const state = snapshot.value?.state;
  return (
    <>
      <div class={editorOpen.value ? 'bench with-editor' : 'bench'}>
        <Navigation />
        <main id="main" class="view" tabIndex={-1} aria-label={t(`view.${view.value}`)} aria-busy={busy.value}>
          {state === 'stale' && <p class="banner warning">{t('state.stale')}</p>}
          {state === 'partial' && <p class="banner warning">{t('state.partial')}</p>}
          <Content />
        </main>
        {editorOpen.value && <EditorPane />}
      </div>
      <StatusBar />
    </>
  );
}

function Navigation(): JSX.Element {
  return (
    <nav class="rail" aria-label={t('nav')}>
      <ul>
        {VIEWS.map((one) => (
          <li key={one}>
            <button
              type="button"
              aria-current={view.value === one ? 'page' : undefined}
              onClick={() => (view.value = one)}
            >
              <Icon name={one} size={20} />
              <span>{t(`view.${one}`)}</span>
              <Badge of={one} />
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="rail-editor"
        aria-pressed={editorOpen.value}
        onClick={() => (editorOpen.value = !editorOpen.value)}
      >
        <Icon name="editor" size={20} />
        <span>{t('editor')}</span>
      </button>
    </nav>
  );
}

function Badge({ of }: { readonly of: View }): JSX.Element | null {
  const now = snapshot.value;
  if (now === undefined) return null;
  const badge = (text: string, label: string, tone: string): JSX.Element => (
    <span class={`badge ${tone}`} title={label}>
      <span aria-hidden="true">{text}</span>
      <span class="sr">{label}</span>
    </span>
  );
  if (of === 'changes' && now.changes.pairs > 0) {
    const { opened, closed } = now.changes;
    return badge(`+${short(opened)} −${short(closed)}`, t('badge.changes', { opened, closed }), 'accent');
  }
  if (of === 'lint') {
    const n = findings.value.filter(({ severity }) => severity !== 'info').length;
    return n === 0 ? null : badge(short(n), t('badge.lint', { n }), 'warning');
  }
  if (of === 'tests' && now.tests.total + now.tests.errors > 0) {
    const n = now.tests.failed + now.tests.errors;
    return n === 0
      ? badge('✓', t('badge.tests.pass', { n: now.tests.total }), 'good')
      : badge(`✕ ${n}`, t('badge.tests.fail', { n }), 'bad');
  }
  return null;
}

function Failure({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="banner error" role="alert">
      <strong>{t('failure')}</strong> <code>{text.split('\n')[0]}</code>
      <IconButton icon="close" label={t('close')} onClick={() => (failure.value = undefined)} />
    </div>
  );
}

/** The link that was opened says nothing; what is shown is something else. */
function BrokenLink(): JSX.Element {
  return (
    <div class="banner error" role="alert">
      {t('start.broken-link')}
      <IconButton icon="close" label={t('close')} onClick={() => (brokenLink.value = false)} />
    </div>
  );
}

/** Time that a message stays, and an offer to undo, in milliseconds. */
const TOLD = 8000;
const OFFERED = 20_000;

function Toasts(): JSX.Element {
  const told = toast.value;
  return (
    <div class="toasts" role="status">
      {undos.value.map((offer) => (
        <UndoToast key={keyOf(offer)} offer={offer} />
      ))}
      {told !== undefined && <Toast told={told} />}
    </div>
  );
}

const keys = new WeakMap<Undo, number>();
let nextKey = 0;

/** The same for an offer as long as it is shown, whichever others go. */
function keyOf(offer: Undo): number {
  const key = keys.get(offer) ?? nextKey++;
  keys.set(offer, key);
  return key;
}

function Toast({ told }: { readonly told: { readonly text: string } }): JSX.Element {
  const close = (): void => {
    if (toast.value === told) toast.value = undefined;
  };
  useEffect(() => {
    const timer = setTimeout(close, TOLD);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <div class="toast">
      <span>{told.text}</span>
      <IconButton icon="close" label={t('close')} onClick={close} />
    </div>
  );
}

function UndoToast({ offer }: { readonly offer: Undo }): JSX.Element {
  useEffect(() => {
    const timer = setTimeout(() => dropUndo(offer), OFFERED);
    return () => clearTimeout(timer);
  }, [offer]);
  return (
    <div class="toast">
      <span>{offer.text}</span>
      <button
        type="button"
        onClick={() => {
          dropUndo(offer);
          offer.undo();
        }}
      >
        {t('undo')}
      </button>
      <IconButton icon="close" label={t('close')} onClick={() => dropUndo(offer)} />
    </div>
  );
}
