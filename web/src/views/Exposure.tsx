import { Fragment, type JSX } from 'preact';
import { useState } from 'preact/hooks';
import { addDefaultDeny } from '../editor/templates.ts';
import { t } from '../i18n/index.ts';
import { files, selected, showPlace, snapshot, view } from '../state/store.ts';
import { useAnswer } from '../state/use-answer.ts';
import { EndpointName } from '../ui/EndpointName.tsx';
import { Icon } from '../ui/icons.tsx';
import { hasNoWorkloads, NoWorkloads } from '../ui/NoWorkloads.tsx';
import { Ports } from '../ui/Ports.tsx';
import type { ExposureItem, ExposureSide, PeerWho } from '../worker/protocol.ts';

/** Workloads listed at first. */
const LISTED = 120;

/** What each workload admits, pods that do not exist yet included, and what is not protected. */
export function Exposure(): JSX.Element {
  const items = useAnswer('exposure', {});
  const [filter, setFilter] = useState('');
  const [openOnly, setOpenOnly] = useState(false);
  const [all, setAll] = useState(false);
  const now = snapshot.value;
  if (items === undefined || now === undefined) return <p class="empty">{t('loading')}</p>;
  if (items.length === 0 && hasNoWorkloads(now)) return <NoWorkloads />;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = items.filter(
    ({ id, ingress, egress }) =>
      words.every((word) => id.toLowerCase().includes(word)) &&
      (!openOnly || ingress.protection === 'open' || egress.protection === 'open'),
  );
  const shown = all ? fitting : fitting.slice(0, LISTED);
  const open = (direction: 'ingress' | 'egress'): number =>
    items.filter((item) => item[direction].protection === 'open').length;
  return (
    <div class="scroll-view">
      <header class="view-head">
        <h2>{t('view.exposure')}</h2>
        <label class="inline">
          <span class="sr">{t('filter')}</span>
          <input
            type="search"
            value={filter}
            placeholder={t('filter.hint')}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={openOnly}
            onChange={({ currentTarget }) => setOpenOnly(currentTarget.checked)}
          />
          {t('exposure.only')}
        </label>
        <span class="muted" role="status">
          {t('exposure.counts', { ingress: open('ingress'), egress: open('egress'), n: items.length })}
        </span>
      </header>
      {shown.length === 0 && <p class="empty">{t('nothing-matches')}</p>}
      <ul class="exposures">
        {shown.map((item) => (
          <li key={item.id} class="card exposure">
            <header>
              <button
                type="button"
                class="link strong"
                onClick={() => {
                  view.value = 'map';
                  selected.value = item.id;
                }}
              >
                <EndpointName id={item.id} />
              </button>
              {item.ingress.protection === 'open' && !item.ingress.hostNetwork && (
                <button type="button" class="small" onClick={() => addDefaultDeny(item.namespace)}>
                  {t('exposure.deny', { namespace: item.namespace })}
                </button>
              )}
            </header>
            <div class="exposure-sides">
              <Side item={item} direction="ingress" />
              <Side item={item} direction="egress" />
            </div>
          </li>
        ))}
      </ul>
      {fitting.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          {t('show-all', { n: fitting.length })}
        </button>
      )}
    </div>
  );
}

function Side({
  item,
  direction,
}: {
  readonly item: ExposureItem;
  readonly direction: 'ingress' | 'egress';
}): JSX.Element {
  const side: ExposureSide = item[direction];
  return (
    <section class={side.protection}>
      <h3>
        <Icon name={side.protection === 'open' ? 'warning' : 'shield'} size={14} />
        {t(`exposure.${direction}`)}
        {' · '}
        {t(side.hostNetwork ? 'exposure.host' : `exposure.${side.protection}`)}
      </h3>
      {side.by.length > 0 && (
        <p class="muted">
          {t('exposure.by')}{' '}
          {side.by.map(({ name, place }, at) => {
            const known = place !== undefined && (files.value ?? []).some((file) => file.name === place.file);
            return (
              <Fragment key={name}>
                {at > 0 && ', '}
                {known ? (
                  <button type="button" class="link" onClick={() => showPlace(place)}>
                    {name}
                  </button>
                ) : (
                  <span>{name}</span>
                )}
              </Fragment>
            );
          })}
        </p>
      )}
      {direction === 'ingress' && item.entrances.length > 0 && (
        <ul class="exposure-peers">
          {item.entrances.map(({ object, via, ports, state }) => (
            <li key={`${object} ${via}`} class={state === 'admitted' ? 'wide' : ''}>
              <span>{t('exposure.entrance', { object, via: t(`via.${via}`) })}</span>
              <Ports text={ports} />
              {state !== 'admitted' && <span class="muted">{t(`exposure.${state}`)}</span>}
            </li>
          ))}
        </ul>
      )}
      {side.peers.length === 0 ? (
        <p class="muted">{t('exposure.nobody')}</p>
      ) : (
        <ul class="exposure-peers">
          {side.peers.map(({ who, ports, now }, at) => (
            <li key={at} class={who.type === 'every-pod' || who.type === 'every-address' ? 'wide' : ''}>
              <span>{whoText(who)}</span>
              <Ports text={ports} />
              {now > 0 && <span class="muted">{t('exposure.now', { n: now })}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function whoText(who: PeerWho): string {
  switch (who.type) {
    case 'every-address':
      return t('who.every-address');
    case 'block':
    case 'domain':
      return who.name;
    default: {
      const except = who.except.length === 0 ? '' : t('who.except', { list: who.except.join(t('list.comma')) });
      return `${t(`who.${who.type}`, { selector: who.selector })}${except}`;
    }
  }
}
