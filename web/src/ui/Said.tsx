import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';
import { locale } from '../state/preferences.ts';

/** Whether a sentence has no words in the language of the page: those of the API server are in English everywhere. */
function isForeign(text: string): boolean {
  return locale.value !== 'en' && !/\p{Script=Han}/u.test(text);
}

/** A sentence of the analysis; one that is English on a page that is not is quoted as such. */
export function Said({ text }: { readonly text: string }): JSX.Element {
  if (!isForeign(text)) return <>{text}</>;
  return (
    <>
      {t('original')}
      <q lang="en">{text}</q>
    </>
  );
}

/** {@link Said} where there can be text only. */
export function saidText(text: string): string {
  return isForeign(text) ? `${t('original')}“${text}”` : text;
}
