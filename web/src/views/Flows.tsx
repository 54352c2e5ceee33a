import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { ask } from '../state/client.ts';
import { flowText, listenToFlows, live } from '../state/flows.ts';
import { addFile, askVerdict, snapshot, toast } from '../state/store.ts';
import { EndpointName } from '../ui/EndpointName.tsx';
import { Icon } from '../ui/icons.tsx';
import { Said } from '../ui/Said.tsx';
import type { FlowItem, FlowResult, Problem } from '../worker/protocol.ts';

const chosen = signal<ReadonlySet<string>>(new Set());
const result = signal<FlowResult | undefined>(undefined);
/** Flows listed at once. */
const LISTED = 500;

/** What was seen on the network: what was denied, and policies that would let it pass. */
export function Flows(): JSX.Element {
  const log = flowText.value;
  const revision = snapshot.value?.revision;
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [deniedOnly, setDeniedOnly] = useState(true);
  const [busy, setBusy] = useState(false);
  useEffect(listenToFlows, []);
  useEffect(() => {
    if (log === undefined) return undefined;
    let stale = false;
    void ask('flows', log).then((found) => {
      if (!stale) result.value = found;
    });
    return () => {
      stale = true;
    };
  }, [log, revision]);
  if (log === undefined) return <NoFlows />;
  const flows = (result.value?.flows ?? []).filter(({ verdict }) => !deniedOnly || verdict === 'denied');
  const advisable = flows.filter(
    ({ verdict, now, key }) =>
      verdict === 'denied' && now !== 'allowed' && (chosen.value.size === 0 || chosen.value.has(key)),
  );
  const adviseThem = async (): Promise<void> => {
    setBusy(true);
    const advice = await ask('advise', { keys: advisable.map(({ key }) => key) });
    setBusy(false);
    setProblems(advice.problems);
    if (advice.policies === 0) {
      if (advice.problems.length === 0) toast.value = { text: t('flows.nothing-to-add') };
      return;
    }
    addFile('advised.yaml', advice.yaml);
    chosen.value = new Set();
    const left = advice.problems.length;
    const told = t('flows.advised', { policies: advice.policies, flows: advice.admitted });
    toast.value = { text: left === 0 ? told : `${told} ${t('flows.left-out', { n: left })}` };
  };
  return (
    <div class="scroll-view">
      <header class="view-head">
        <h2>{t('view.flows')}</h2>
        {live.value !== 'off' && <span class={`live ${live.value}`}>{t(`flows.${live.value}`)}</span>}
        <label class="check">
          <input
            type="checkbox"
            checked={deniedOnly}
            onChange={({ currentTarget }) => setDeniedOnly(currentTarget.checked)}
          />
          {t('flows.denied-only')}
        </label>
        <span class="muted" role="status">
          {t('flows.counts', {
            denied: (result.value?.flows ?? []).filter(({ verdict }) => verdict === 'denied').length,
            all: result.value?.flows.length ?? 0,
          })}
        </span>
        <div class="spacer" />
        <OpenLog />
        <button
          type="button"
          class="primary"
          disabled={advisable.length === 0 || busy}
          onClick={() => void adviseThem()}
        >
          {t('flows.advise', { n: advisable.length })}
        </button>
      </header>
      <Problems problems={result.value?.problems ?? []} />
      <Problems problems={problems} />
      {flows.length === 0 && <p class="empty">{t(deniedOnly ? 'flows.no-denied' : 'flows.none')}</p>}
      {flows.length > 0 && <Table flows={flows.slice(0, LISTED)} />}
    </div>
  );
}

/** Problems shown at once. */
const TOLD = 5;

function Problems({ problems }: { readonly problems: readonly Problem[] }): JSX.Element {
  const [all, setAll] = useState(false);
  return (
    <>
      {(all ? problems : problems.slice(0, TOLD)).map((problem, at) => (
        <p key={at} class={`banner ${problem.severity === 'error' ? 'error' : 'warning'}`}>
          {problem.place === undefined ? '' : `${problem.place.file}:${problem.place.line} `}
          <Said text={problem.message} />
        </p>
      ))}
      {!all && problems.length > TOLD && (
        <button type="button" onClick={() => setAll(true)}>
          {t('show-all', { n: problems.length })}
        </button>
      )}
    </>
  );
}

function Table({ flows }: { readonly flows: readonly FlowItem[] }): JSX.Element {
  return (
    <div class="table-scroll">
      <table class="flows">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr">{t('flows.choose')}</span>
            </th>
            <th scope="col">{t('flows.seen')}</th>
            <th scope="col">{t('from')}</th>
            <th scope="col">{t('to')}</th>
            <th scope="col">{t('port')}</th>
            <th scope="col">{t('flows.count')}</th>
            <th scope="col">{t('flows.now')}</th>
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <Row key={flow.key} flow={flow} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ flow }: { readonly flow: FlowItem }): JSX.Element {
  const { key, verdict, from, to, fromId, toId, port, count, now } = flow;
  const toggle = (): void => {
    const next = new Set(chosen.value);
    if (!next.delete(key)) next.add(key);
    chosen.value = next;
  };
  const word = (value: 'allowed' | 'denied'): JSX.Element => (
    <span class={value === 'allowed' ? 'opened' : 'closed'}>
      <Icon name={value === 'allowed' ? 'check' : 'cross'} size={12} /> {t(`verdict.${value}`)}
    </span>
  );
  return (
    <tr>
      <td>
        {verdict === 'denied' && (
          <input
            type="checkbox"
            aria-label={t('flows.choose-one', { from, to, port })}
            checked={chosen.value.has(key)}
            onChange={toggle}
          />
        )}
      </td>
      <td class="short">{word(verdict)}</td>
      <td>
        <EndpointName id={from} />
      </td>
      <td>
        <EndpointName id={to} />
      </td>
      <td class="ports">{port}</td>
      <td class="number">{count}</td>
      <td class="short">
        {now === undefined || fromId === undefined || toId === undefined ? (
          <span class="muted">{t('flows.unknown')}</span>
        ) : (
          <button type="button" class="link" onClick={() => askVerdict(fromId, toId, port)}>
            {word(now)} <span>{t('flows.why')}</span>
          </button>
        )}
      </td>
    </tr>
  );
}

function NoFlows(): JSX.Element {
  if (live.value !== 'off') {
    return (
      <div class="empty">
        <span class={`live ${live.value}`}>{t(`flows.${live.value}`)}</span>
        <p>{t('flows.waiting')}</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <h2>{t('flows.empty')}</h2>
      <p>{t('flows.empty.hint')}</p>
      <OpenLog />
      <pre class="sample">{SAMPLE}</pre>
    </div>
  );
}

const SAMPLE = `{"verdict":"denied","source":{"namespace":"shop","workload":"Deployment/frontend"},
 "destination":{"namespace":"shop","workload":"Deployment/cart"},"protocol":"TCP","port":8080}`.replaceAll('\n', '');

function OpenLog(): JSX.Element {
  return (
    <label class="file-button">
      <Icon name="open" />
      <span>{t('flows.open')}</span>
      <input
        type="file"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file === undefined) return;
          void file.text().then((text) => {
            flowText.value = { name: file.name, text };
          });
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
