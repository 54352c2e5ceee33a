import type { JSX } from 'preact';
import { t } from './i18n/index.ts';
import { connection, openServed } from './state/server.ts';
import { busy, isFollowing, snapshot, view } from './state/store.ts';
import { Icon } from './ui/icons.tsx';

/** What the last edit did, always in sight. */
export function StatusBar(): JSX.Element {
  const now = snapshot.value;
  const errors = now?.problems.filter(({ severity }) => severity === 'error').length ?? 0;
  const warnings = now?.problems.filter(({ severity }) => severity === 'warning').length ?? 0;
  const { opened = 0, closed = 0, pairs = 0 } = now?.changes ?? {};
  return (
    <footer class="status">
      <div role="status" class="status-changes">
        {pairs === 0 ? (
          <span>{t('status.same')}</span>
        ) : (
          <>
            <span class="opened">+{t('status.opened', { n: opened })}</span>
            <span class="closed">−{t('status.closed', { n: closed })}</span>
          </>
        )}
      </div>
      {pairs > 0 && (
        <button type="button" class="link" onClick={() => (view.value = 'changes')}>
          {t('status.see')}
        </button>
      )}
      <div class="spacer" />
      <Connection />
      {errors + warnings > 0 && <span class="muted">{t('status.problems')}</span>}
      {errors > 0 && (
        <span class="error-text">
          <Icon name="cross" size={12} /> {t('status.errors', { n: errors })}
        </span>
      )}
      {warnings > 0 && (
        <span>
          <Icon name="warning" size={12} /> {t('status.warnings', { n: warnings })}
        </span>
      )}
      <span class="muted">
        {busy.value ? t('status.busy') : t('status.took', { ms: Math.max(1, Math.round(now?.took ?? 0)) })}
      </span>
    </footer>
  );
}

/** Whether the server's changes arrive; a way back where something else is open. */
function Connection(): JSX.Element | null {
  const state = connection.value;
  if (state === 'none') return null;
  if (isFollowing.value || state === 'signed-out') {
    return (
      <span class={`live ${state}`} role={state === 'signed-out' ? 'alert' : undefined}>
        {t(`status.${state}`)}
      </span>
    );
  }
  return (
    <>
      <span class="muted">{t('status.elsewhere')}</span>
      <button type="button" class="link" onClick={() => void openServed()}>
        {t('status.back')}
      </button>
    </>
  );
}
