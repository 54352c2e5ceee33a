import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { cited, question, showPlace, snapshot } from '../state/store.ts';
import { useAnswer } from '../state/use-answer.ts';
import { Combo, type Option } from '../ui/Combo.tsx';
import { Icon } from '../ui/icons.tsx';
import { fewPorts } from '../ui/Ports.tsx';
import { Said } from '../ui/Said.tsx';
import type { DirectionView, Snapshot, VerdictView } from '../worker/protocol.ts';
import { answerSentence } from './reasons.ts';

/** May FROM connect to TO, and why. */
export function Verdict(): JSX.Element {
  const now = snapshot.value;
  const { from, to, port } = question.value;
  const asked = from !== '' && to !== '';
  const verdict = useAnswer('verdict', asked ? { from, to, port } : undefined);
  const ports = useAnswer('portsOf', to === '' ? undefined : { to });
  const places = verdict === undefined || 'error' in verdict ? [] : verdict.directions.flatMap(({ cites }) => cites);
  useEffect(() => {
    cited.value = places.map(({ place }) => place);
    return () => {
      cited.value = [];
    };
  }, [JSON.stringify(places)]);
  if (now === undefined) return <p class="empty">{t('loading')}</p>;
  const set = (change: Partial<typeof question.value>): void => {
    question.value = { ...question.value, ...change };
  };
  return (
    <div class="verdict-view">
      <div class="question">
        <Combo
          label={t('from')}
          value={from}
          options={sources(now)}
          placeholder={t('verdict.endpoint')}
          onChange={(value) => set({ from: value })}
        />
        <button
          type="button"
          class="icon-button swap"
          aria-label={t('verdict.swap')}
          title={t('verdict.swap')}
          onClick={() => set({ from: to, to: from, port: '' })}
        >
          <Icon name="flows" />
        </button>
        <Combo
          label={t('to')}
          value={to}
          options={targets(now)}
          placeholder={t('verdict.endpoint')}
          onChange={(value) => set({ to: value })}
        />
        <Combo
          label={t('port')}
          value={port}
          options={portOptions(ports)}
          placeholder={t('verdict.any-port')}
          onChange={(value) => set({ port: value })}
        />
      </div>
      {!asked && <p class="empty">{t('verdict.ask')}</p>}
      {asked && verdict !== undefined && <Answer verdict={verdict} set={set} />}
    </div>
  );
}

function sources({ endpoints }: Snapshot): readonly Option[] {
  return [
    { value: 'internet', detail: t('verdict.internet') },
    ...endpoints.filter(({ type }) => type !== 'domain').map(optionOf),
  ];
}

function targets({ endpoints }: Snapshot): readonly Option[] {
  return [...endpoints.map(optionOf), { value: 'internet', detail: t('verdict.internet') }];
}

function optionOf({ id, labels, type }: Snapshot['endpoints'][number]): Option {
  const text = Object.entries(labels)
    .slice(0, 3)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
  return { value: id, detail: text === '' ? t(`type.${type}`) : text };
}

function portOptions(
  ports: readonly { readonly text: string; readonly name?: string }[] | undefined,
): readonly Option[] {
  return (ports ?? []).map(({ text, name }) => ({ value: text, ...(name === undefined ? {} : { detail: name }) }));
}

interface AnswerProps {
  readonly verdict: VerdictView;
  readonly set: (change: { readonly from?: string; readonly to?: string; readonly port?: string }) => void;
}

function Answer({ verdict, set }: AnswerProps): JSX.Element {
  if ('error' in verdict) {
    return (
      <div class="banner error" role="alert">
        <p>
          <Said text={verdict.error} />
        </p>
        {verdict.suggestions.length > 0 && (
          <p>
            {t('verdict.did-you-mean')}{' '}
            {verdict.suggestions.map((name) => (
              <button key={name} type="button" class="link" onClick={() => set({ to: name })}>
                {name}
              </button>
            ))}
          </p>
        )}
      </div>
    );
  }
  return (
    <>
      <div class={verdict.allowed ? 'answer yes' : 'answer no'} role="status">
        <span class="answer-mark">
          <Icon name={verdict.allowed ? 'check' : 'cross'} size={22} />
          {t(verdict.allowed ? 'verdict.allowed' : 'verdict.denied')}
        </span>
        <p>{answerSentence(verdict)}</p>
      </div>
      <div class="directions">
        {verdict.directions.map((direction) => (
          <Direction key={direction.direction} direction={direction} />
        ))}
      </div>
      {verdict.flip.length > 0 && (
        <section class="card">
          <h2>{t(verdict.allowed ? 'verdict.flip-deny' : 'verdict.flip-allow')}</h2>
          <ul class="flip">
            {verdict.flip.map((text) => (
              <li key={text}>
                <Flip text={text} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {verdict.notes.length > 0 && (
        <section class="card">
          <h2>{t('verdict.notes')}</h2>
          <ul>
            {verdict.notes.map((note) => (
              <li key={note}>
                <Said text={note} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {verdict.cases.length > 1 && <Cases verdict={verdict} />}
    </>
  );
}

function Direction({ direction }: { readonly direction: DirectionView }): JSX.Element {
  return (
    <section class={`card direction ${direction.allowed ? 'yes' : 'no'}`}>
      <h2>
        <Icon name={direction.allowed ? 'check' : 'cross'} />
        {t(`verdict.${direction.direction}`, { subject: direction.subject })}
        <span class="tier">{t(`tier.${direction.tier}`)}</span>
      </h2>
      <ol class="steps">
        {direction.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {direction.cites.map(({ place, note, text }) => (
        <button key={`${place.file}:${place.line}`} type="button" class="cite" onClick={() => showPlace(place)}>
          <span class="cite-place">
            {place.file}:{place.line}
          </span>
          <code>{text.trim()}</code>
          <span class="cite-note">
            <Said text={note} />
          </span>
        </button>
      ))}
    </section>
  );
}

/** A proposal, whose places in files are links. */
function Flip({ text }: { readonly text: string }): JSX.Element {
  const parts = text.split(/(\([^()\s]+:\d+\))/);
  return (
    <span>
      {parts.map((part, at) => {
        const place = /^\((.+):(\d+)\)$/.exec(part);
        if (place === null) return part;
        return (
          <button
            key={at}
            type="button"
            class="link"
            onClick={() => showPlace({ file: place[1] ?? '', line: Number(place[2]), column: 1, length: 1 })}
          >
            {part.slice(1, -1)}
          </button>
        );
      })}
    </span>
  );
}

function Cases({ verdict }: { readonly verdict: Exclude<VerdictView, { error: string }> }): JSX.Element {
  return (
    <section class="card">
      <h2>{t('verdict.cases')}</h2>
      <div class="table-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('from')}</th>
              <th scope="col">{t('to')}</th>
              <th scope="col">{t('verdict.family')}</th>
              <th scope="col">{t('port')}</th>
              <th scope="col">{t('verdict.result')}</th>
            </tr>
          </thead>
          <tbody>
            {verdict.cases.map(({ from, to, family, allowed, ports }) => (
              <tr key={`${from} ${to} ${family} ${ports}`}>
                <td>{from}</td>
                <td>{to}</td>
                <td>{family}</td>
                <td title={ports}>{fewPorts(ports)}</td>
                <td>
                  <Icon name={allowed ? 'check' : 'cross'} size={13} />{' '}
                  {t(allowed ? 'verdict.allowed' : 'verdict.denied')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
