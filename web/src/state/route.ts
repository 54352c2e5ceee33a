import { batch, effect, signal } from '@preact/signals';
import type { SourceFile } from '../worker/protocol.ts';
import { packState, type SharedState, unpackState } from './share.ts';
import {
  files,
  isEdited,
  isFollowing,
  type Question,
  question,
  selected,
  servedFiles,
  startFiles,
  VIEWS,
  type View,
  view,
} from './store.ts';

/** What a fragment says. */
interface Route {
  readonly view?: View;
  readonly question: Question;
  readonly selected?: string;
  readonly state?: SharedState;
  /** There is a state, and it cannot be read. */
  readonly broken: boolean;
}

/** Reads the fragment of the address. */
export function readRoute(fragment: string = location.hash): Route {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const wanted = VIEWS.find((one) => one === params.get('view'));
  const packed = params.get('state');
  const state = packed === null ? undefined : unpackState(packed);
  const pick = params.get('at');
  return {
    ...(wanted === undefined ? {} : { view: wanted }),
    question: { from: params.get('from') ?? '', to: params.get('to') ?? '', port: params.get('port') ?? '' },
    ...(pick === null ? {} : { selected: pick }),
    ...(state === undefined ? {} : { state }),
    broken: packed !== null && state === undefined,
  };
}

export function applyRoute({ view: wanted, question: asked, selected: pick }: Route): void {
  batch(() => {
    if (wanted !== undefined) view.value = wanted;
    question.value = asked;
    selected.value = pick;
  });
}

/** The address of the page as it is. */
export function linkOf(withState: boolean): string {
  const params = new URLSearchParams({ view: view.value });
  const { from, to, port } = question.value;
  if (view.value === 'verdict')
    for (const [key, value] of Object.entries({ from, to, port })) if (value !== '') params.set(key, value);
  if (view.value === 'map' && selected.value !== undefined) params.set('at', selected.value);
  const now = files.value;
  if (withState && now !== undefined) {
    const served = isFollowing.value && startFiles.value === servedFiles.value;
    params.set('state', packState({ files: now, served, ...(isEdited.value ? { base: startFiles.value } : {}) }));
  }
  return `${location.origin}${location.pathname}${location.search}#${params}`;
}

/** The files that the address carries, so that leaving the page does not lose them. */
export const sharedFiles = signal<readonly SourceFile[] | undefined>(undefined);

let carriesState = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** From now on the fragment carries the files too: a link was made or opened. */
export function carryState(): void {
  carriesState = true;
}

/** Keeps the fragment to what is shown. */
export function keepRoute(): void {
  effect(() => {
    // Everything that the link depends on, so that a change of it brings a new one.
    void [view.value, question.value, selected.value, files.value, startFiles.value, isFollowing.value];
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(null, '', linkOf(carriesState));
      if (carriesState) sharedFiles.value = files.value;
    }, 250);
  });
}

/** Makes the address a link that carries the files, and answers it. */
export function shareLink(): string {
  carryState();
  const link = linkOf(true);
  history.replaceState(null, '', link);
  sharedFiles.value = files.value;
  return link;
}
