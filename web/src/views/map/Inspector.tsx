import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../i18n/index.ts';
import { askVerdict, selected } from '../../state/store.ts';
import { EndpointName } from '../../ui/EndpointName.tsx';
import { IconButton } from '../../ui/IconButton.tsx';
import { fewPorts } from '../../ui/Ports.tsx';
import type { EndpointItem, Snapshot } from '../../worker/protocol.ts';
import { type Peer, wordsOf } from './facts.ts';

interface InspectorProps {
  readonly now: Snapshot;
  readonly at: number;
  readonly peers: readonly Peer[];
  readonly exposed: ReadonlySet<number>;
}

/** What is told of the endpoint that is chosen. */
export function Inspector({ now, at, peers, exposed }: InspectorProps): JSX.Element {
  const endpoint = now.endpoints[at] as EndpointItem;
  const labels = Object.entries(endpoint.labels);
  return (
    <aside class="inspector" aria-label={endpoint.id}>
      <header>
        <h2>
          <EndpointName id={endpoint.id} />
        </h2>
        <IconButton icon="close" label={t('close')} onClick={() => (selected.value = undefined)} />
      </header>
      <p class="facts">
        {wordsOf(endpoint)}
        {endpoint.pods > 1 && ` · ${t('map.pods', { n: endpoint.pods })}`}
        {exposed.has(at) && <strong> · {t('map.exposed')}</strong>}
      </p>
      {labels.length > 0 && (
        <ul class="chips" aria-label={t('map.labels')}>
          {labels.map(([key, value]) => (
            <li key={key}>{`${key}=${value}`}</li>
          ))}
        </ul>
      )}
      <PeerList title={t('map.reaches')} now={now} peers={peers} direction="out" of={endpoint} />
      <PeerList title={t('map.reached-by')} now={now} peers={peers} direction="in" of={endpoint} />
    </aside>
  );
}

interface PeerListProps {
  readonly title: string;
  readonly now: Snapshot;
  readonly peers: readonly Peer[];
  readonly direction: 'out' | 'in';
  readonly of: EndpointItem;
}

/** Peers listed at first. */
const LISTED = 100;

function PeerList({ title, now, peers, direction, of }: PeerListProps): JSX.Element {
  const own = peers.filter((peer) => peer.direction === direction);
  const [all, setAll] = useState(false);
  const shown = all ? own : own.slice(0, LISTED);
  return (
    <section>
      <h3>
        {title} <span class="muted">({own.length})</span>
      </h3>
      {own.length === 0 && <p class="muted">{t('map.nobody')}</p>}
      <ul class="peers">
        {shown.map((peer) => {
          const other = now.endpoints[peer.at] as EndpointItem;
          const [from, to] = direction === 'out' ? [of, other] : [other, of];
          return (
            <li key={peer.at}>
              <button type="button" class="link" onClick={() => askVerdict(from.id, to.id)}>
                <span>
                  <EndpointName id={other.id} />
                </span>
                <span class={peer.open ? 'ports open' : 'ports'} title={peer.ports}>
                  {fewPorts(peer.ports)}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      {own.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          {t('show-all', { n: own.length })}
        </button>
      )}
    </section>
  );
}
