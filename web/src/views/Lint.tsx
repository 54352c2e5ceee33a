import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { ask } from '../state/client.ts';
import {
  changeTexts,
  findings,
  loadFindings,
  offerUndo,
  revertTexts,
  showPlace,
  snapshot,
  toast,
} from '../state/store.ts';
import { Icon } from '../ui/icons.tsx';
import { Said } from '../ui/Said.tsx';
import type { LintItem } from '../worker/protocol.ts';

const SEVERITIES = ['error', 'warning', 'info'] as const;

/** Findings that are listed at first, and more at a time: a page of thousands would hold up everything else. */
const LISTED = 200;

/** Mistakes and smells, with a way to the text and fixes where they are certain. */
export function Lint(): JSX.Element {
  const revision = snapshot.value?.revision ?? 0;
  useEffect(() => void loadFindings(revision), [revision]);
  const [filter, setFilter] = useState('');
  const [most, setMost] = useState(LISTED);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = findings.value.filter((one) =>
    words.every((word) =>
      `${one.code} ${one.message} ${one.object ?? ''} ${one.place?.file ?? ''}`.toLowerCase().includes(word),
    ),
  );
  const shown = SEVERITIES.flatMap((severity) => matching.filter((one) => one.severity === severity));
  const fixable = shown.filter(({ fix }) => fix !== undefined);
  return (
    <div class="scroll-view">
      <header class="view-head">
        <h2>{t('view.lint')}</h2>
        <label class="inline">
          <span class="sr">{t('filter')}</span>
          <input
            type="search"
            value={filter}
            placeholder={t('lint.filter')}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
        <span class="muted" role="status">
          {t('lint.findings')}{' '}
          {SEVERITIES.map((severity) =>
            t(`lint.${severity}`, { n: shown.filter((one) => one.severity === severity).length }),
          ).join(' · ')}
        </span>
        <div class="spacer" />
        <button type="button" disabled={fixable.length === 0} onClick={() => void fixThem(fixable)}>
          {t('lint.fix-all', { n: fixable.length })}
        </button>
      </header>
      {shown.length === 0 && (
        <p class="empty good-news">
          <Icon name="check" size={20} /> {findings.value.length === 0 ? t('lint.none') : t('nothing-matches')}
        </p>
      )}
      <ul class="findings">
        {shown.slice(0, most).map((finding, at) => (
          <li key={at} class={`finding ${finding.severity}`}>
            <Finding finding={finding} />
          </li>
        ))}
      </ul>
      {shown.length > most && (
        <button type="button" onClick={() => setMost(most + LISTED)}>
          {t('show-more', { n: Math.min(LISTED, shown.length - most), left: shown.length - most })}
        </button>
      )}
    </div>
  );
}

function Finding({ finding }: { readonly finding: LintItem }): JSX.Element {
  const { code, title, severity, message, help, object, place, fix } = finding;
  return (
    <>
      <span class={`severity ${severity}`}>
        <Icon name={severity === 'error' ? 'cross' : severity === 'warning' ? 'warning' : 'info'} size={14} />
        {t(`severity.${severity}`)}
      </span>
      <div class="finding-text">
        <p>
          <Said text={message} />
        </p>
        <p class="muted">
          <code title={title}>{code}</code>
          {object !== undefined && ` · ${object}`}
          {help !== undefined && (
            <>
              {' · '}
              <Said text={help} />
            </>
          )}
        </p>
      </div>
      <div class="finding-actions">
        {place !== undefined && (
          <button type="button" class="link" onClick={() => showPlace(place)}>
            {place.file}:{place.line}
          </button>
        )}
        {fix !== undefined && (
          <button type="button" onClick={() => void fixThem([finding])}>
            {t('lint.fix')}
          </button>
        )}
      </div>
    </>
  );
}

async function fixThem(wanted: readonly LintItem[]): Promise<void> {
  const fixed = await ask('fix', { fixes: wanted.flatMap(({ fix }) => fix ?? []) });
  if (fixed.length === 0) {
    toast.value = { text: t('lint.not-fixed') };
    return;
  }
  const taken = changeTexts(fixed);
  if (taken.length < fixed.length)
    toast.value = { text: t('lint.edited-meanwhile', { n: fixed.length - taken.length }) };
  if (taken.length === 0) return;
  offerUndo(t('lint.fixed', { n: taken.length }), () => {
    const kept = revertTexts(taken);
    if (kept.length > 0)
      toast.value = { text: t('undo.kept', { names: kept.map(({ name }) => name).join(t('list.comma')) }) };
  });
}
