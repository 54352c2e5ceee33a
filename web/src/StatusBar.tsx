import type { JSX } from 'preact';
import { t } from './i18n/index.ts';
import { connection } from './state/server.ts';
import { busy, snapshot, view } from './state/store.ts';
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
      {connection.value !== 'none' && <span class={`live ${connection.value}`}>{t(`status.${connection.value}`)}</span>}
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
