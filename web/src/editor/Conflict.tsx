import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';
import { activeFile, conflicts, keepOurs, takeTheirs } from '../state/store.ts';
import { compareWithStart } from './compare.ts';

/** What to do about a file that was changed on the server and here; nothing for others. */
export function Conflict(): JSX.Element | null {
  const name = activeFile.value;
  if (!conflicts.value.has(name)) return null;
  return (
    <div class="banner warning" role="status">
      <span>{t('conflict.told')}</span>
      <button type="button" class="link" onClick={() => compareWithStart(name)}>
        {t('conflict.compare')}
      </button>
      <button type="button" class="link" onClick={() => takeTheirs(name)}>
        {t('conflict.theirs')}
      </button>
      <button type="button" class="link" onClick={() => keepOurs(name)}>
        {t('conflict.ours')}
      </button>
    </div>
  );
}
