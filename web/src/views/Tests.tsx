import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { activeFile, addFile, askVerdict, files, showPlace, snapshot, writeFile } from '../state/store.ts';
import { useAnswer } from '../state/use-answer.ts';
import { Combo } from '../ui/Combo.tsx';
import { Icon } from '../ui/icons.tsx';
import { Said } from '../ui/Said.tsx';
import type { TestItem } from '../worker/protocol.ts';

/** Assertions, and whether they hold. */
export function Tests(): JSX.Element {
  const run = useAnswer('tests', {});
  const [adding, setAdding] = useState(false);
  if (run === undefined) return <p class="empty">{t('loading')}</p>;
  const { results, problems } = run;
  const failed = results.filter(({ passed }) => !passed).length;
  return (
    <div class="scroll-view">
      <header class="view-head">
        <h2>{t('view.tests')}</h2>
        <span class="muted" role="status">
          {t('tests.counts', { passed: results.length - failed, failed })}
        </span>
        <div class="spacer" />
        <button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Icon name="plus" size={14} /> {t('tests.add')}
        </button>
      </header>
      {adding && <AddAssertion />}
      {results.length === 0 && problems.length === 0 && !adding && (
        <div class="empty">
          <h2>{t('tests.empty')}</h2>
          <p>{t('tests.empty.hint')}</p>
        </div>
      )}
      {problems.map((problem, at) => (
        <div key={at} class={`finding ${problem.severity}`}>
          <span class={`severity ${problem.severity}`}>
            <Icon name="cross" size={14} />
            {t(`severity.${problem.severity}`)}
          </span>
          <p class="finding-text">
            <Said text={problem.message} />
          </p>
          {problem.place !== undefined && <PlaceLink place={problem.place} />}
        </div>
      ))}
      <ul class="tests">
        {results.map((result, at) => (
          <li key={at} class={`card test ${result.passed ? 'yes' : 'no'}`}>
            <Result result={result} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function PlaceLink({ place }: { readonly place: NonNullable<TestItem['place']> }): JSX.Element {
  return (
    <button type="button" class="link" onClick={() => showPlace(place)}>
      {place.file}:{place.line}
    </button>
  );
}

function Result({ result }: { readonly result: TestItem }): JSX.Element {
  const { title, group, passed, pairs, failed, place, examples } = result;
  return (
    <>
      <span class="test-mark">
        <Icon name={passed ? 'check' : 'cross'} /> {t(passed ? 'tests.holds' : 'tests.fails')}
      </span>
      <div class="finding-text">
        <p>{title}</p>
        <p class="muted">
          {group} · {passed ? t('tests.pairs', { n: pairs }) : t('tests.pairs-failed', { n: failed, of: pairs })}
        </p>
        {examples.length > 0 && (
          <ul class="examples">
            {examples.map(({ from, to, ports, port }) => (
              <li key={`${from} ${to}`}>
                <button type="button" class="link" onClick={() => askVerdict(from, to, port)}>
                  {from} → {to} {ports}
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {place !== undefined && <PlaceLink place={place} />}
    </>
  );
}

function AddAssertion(): JSX.Element {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [port, setPort] = useState('');
  const [expect, setExpect] = useState<'allowed' | 'denied'>('allowed');
  const now = snapshot.value;
  const options = [
    { value: 'internet', detail: t('verdict.internet') },
    { value: '*/*', detail: t('tests.any') },
    ...(now?.endpoints ?? []).filter(({ type }) => type === 'workload').map(({ id }) => ({ value: id })),
  ];
  const ready = from !== '' && to !== '';
  return (
    <form
      class="question card"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) writeAssertion({ from, to, port, expect });
      }}
    >
      <Combo label={t('from')} value={from} options={options} onChange={setFrom} />
      <Combo label={t('to')} value={to} options={options} onChange={setTo} />
      <Combo label={t('port')} value={port} options={[]} placeholder={t('verdict.any-port')} onChange={setPort} />
      <label class="field">
        {t('tests.expect')}
        <select
          value={expect}
          onChange={({ currentTarget }) => setExpect(currentTarget.value === 'denied' ? 'denied' : 'allowed')}
        >
          <option value="allowed">{t('verdict.allowed')}</option>
          <option value="denied">{t('verdict.denied')}</option>
        </select>
      </label>
      <button type="submit" class="primary" disabled={!ready}>
        {t('add')}
      </button>
    </form>
  );
}

/** Adds an assertion to the test that is open in the editor, else to the first, else to a new one. */
function writeAssertion({
  from,
  to,
  port,
  expect,
}: {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly expect: string;
}): void {
  const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : JSON.stringify(text));
  const line = `  - { from: ${quoted(from)}, to: ${quoted(to)}, ${port === '' ? '' : `port: ${quoted(port)}, `}expect: ${expect} }\n`;
  const isTest = ({ content }: { readonly content: string }): boolean =>
    /^kind: PolicyTest/m.test(content) && /^assertions:\s*$/m.test(content);
  const all = files.value ?? [];
  const target = all.find((file) => file.name === activeFile.value && isTest(file)) ?? all.find(isTest);
  if (target === undefined) {
    addFile(
      'tests.yaml',
      `apiVersion: portcullis.dev/v1\nkind: PolicyTest\nmetadata:\n  name: tests\nassertions:\n${line}`,
    );
    return;
  }
  const text = target.content.endsWith('\n') ? target.content : `${target.content}\n`;
  writeFile(target.name, text + line);
  showPlace({ file: target.name, line: text.split('\n').length, column: 1, length: 1 });
}
