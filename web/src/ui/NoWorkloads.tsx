import type { JSX } from 'preact';
import { t } from '../i18n/index.ts';
import type { Snapshot } from '../worker/protocol.ts';

/** Whether there is nothing that policies could speak of. */
export function hasNoWorkloads({ endpoints }: Pick<Snapshot, 'endpoints'>): boolean {
  return endpoints.every(({ type }) => type !== 'workload');
}

/** Instead of a view that has nothing to show without workloads. */
export function NoWorkloads(): JSX.Element {
  return (
    <div class="empty">
      <h2>{t('map.empty')}</h2>
      <p>{t('map.empty.hint')}</p>
    </div>
  );
}
