import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ExportMenu } from './ExportMenu.tsx';
import { t } from './i18n/index.ts';
import { chooseLocale, chooseTheme, locale, theme } from './state/preferences.ts';
import { shareLink } from './state/route.ts';
import { LONGEST_LINK } from './state/share.ts';
import { askVerdict, failure, files, selected, snapshot, title, toast, view } from './state/store.ts';
import { Combo } from './ui/Combo.tsx';
import { IconButton } from './ui/IconButton.tsx';
import { Icon } from './ui/icons.tsx';
import { OpenDialog } from './views/Start.tsx';

/** Name, what is open, search, and what concerns the whole page. */
export function Header(): JSX.Element {
  const [opening, setOpening] = useState(false);
  const now = snapshot.value;
  const isOpen = files.value !== undefined;
  return (
    <header class="top">
      <div class="brand">
        <img src="./icon.svg" width="24" height="24" alt="" />
        <h1>Portcullis</h1>
      </div>
      {isOpen && now !== undefined && (
        <p class="world">
          {title.value !== '' && <strong>{title.value}</strong>}
          <span>
            {t('world.counts', {
              workloads: now.endpoints.filter(({ type }) => type === 'workload').length,
              namespaces: now.namespaces.length,
              policies: now.policies.length,
            })}
          </span>
        </p>
      )}
      <div class="spacer" />
      {isOpen && (
        <div class="find">
          <Combo
            label={t('search')}
            value=""
            placeholder={t('search.hint')}
            options={(now?.endpoints ?? []).map(({ id, labels }) => ({
              value: id,
              detail: Object.entries(labels)
                .slice(0, 3)
                .map(([key, value]) => `${key}=${value}`)
                .join(' '),
            }))}
            onChange={find}
          />
        </div>
      )}
      <div class="actions">
        {isOpen && (
          <>
            <button type="button" onClick={() => setOpening(true)}>
              <Icon name="open" />
              <span>{t('open')}</span>
            </button>
            <button type="button" onClick={() => void share()}>
              <Icon name="share" />
              <span>{t('share')}</span>
            </button>
            <ExportMenu />
          </>
        )}
        <button
          type="button"
          class="icon-button language"
          aria-label={t('language.switch')}
          title={t('language.switch')}
          onClick={() => chooseLocale(locale.value === 'en' ? 'zh' : 'en')}
        >
          {locale.value === 'en' ? '中' : 'EN'}
        </button>
        <IconButton
          icon={theme.value === 'dark' ? 'sun' : 'moon'}
          label={t(theme.value === 'dark' ? 'theme.light' : 'theme.dark')}
          onClick={() => chooseTheme(theme.value === 'dark' ? 'light' : 'dark')}
        />
      </div>
      {opening && <OpenDialog onClose={() => setOpening(false)} />}
    </header>
  );
}

/** Goes to an endpoint: on the map where that is shown, as the source of a question in the verdict view. */
function find(text: string): void {
  if (snapshot.value?.endpoints.some(({ id }) => id === text) !== true) return;
  if (view.value === 'verdict') askVerdict(text, '');
  else {
    view.value = 'map';
    selected.value = text;
  }
}

async function share(): Promise<void> {
  const link = shareLink();
  if (link.length > LONGEST_LINK) {
    failure.value = t('share.too-long', { size: Math.round(link.length / 1000) });
    return;
  }
  try {
    await navigator.clipboard.writeText(link);
    toast.value = { text: t('share.copied') };
  } catch {
    // Without permission, or not on a secure origin: the address bar has it.
    toast.value = { text: t('share.in-address') };
  }
}
