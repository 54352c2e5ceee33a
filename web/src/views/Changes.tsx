import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { compareWithStart } from '../editor/compare.ts';
import { t } from '../i18n/index.ts';
import { askVerdict, files, rebase, showPlace, snapshot, startFiles } from '../state/store.ts';
import { Icon } from '../ui/icons.tsx';
import { fewPorts } from '../ui/Ports.tsx';
import type { CauseItem, ChangeItem } from '../worker/protocol.ts';

/** What the edits since the start open and close. */
export function Changes(): JSX.Element {
  const changes = snapshot.value?.changes;
  if (changes === undefined) return <p class="empty">{t('loading')}</p>;
  const { groups, left, pairs, addedPolicies, removedPolicies, editedPolicies, addedEndpoints, removedEndpoints } =
    changes;
  const edited = editedFiles();
  const nothing = pairs === 0 && edited.length === 0;
  return (
    <div class="scroll-view">
      <header class="view-head">
        <h2>{t('changes.title')}</h2>
        <div class="spacer" />
        <button type="button" disabled={nothing} onClick={() => void rebase()}>
          {t('changes.rebase')}
        </button>
      </header>
      {nothing && <p class="empty">{t('changes.none')}</p>}
      {!nothing && pairs === 0 && <p class="banner good">{t('changes.same')}</p>}
      <ul class="facts-list">
        {edited.map(({ name, what }) => (
          <li key={name}>
            {t(`changes.file-${what}`, { name })}
            {what !== 'removed' && (
              <button type="button" class="link" onClick={() => compareWithStart(name)}>
                {t('changes.compare')}
              </button>
            )}
          </li>
        ))}
        {addedPolicies.map((name) => (
          <li key={`+${name}`}>{t('changes.policy-added', { name })}</li>
        ))}
        {removedPolicies.map((name) => (
          <li key={`-${name}`}>{t('changes.policy-removed', { name })}</li>
        ))}
        {editedPolicies.map((name) => (
          <li key={`~${name}`}>{t('changes.policy-edited', { name })}</li>
        ))}
        {addedEndpoints.length > 0 && <li>{t('changes.endpoints-added', { names: some(addedEndpoints) })}</li>}
        {removedEndpoints.length > 0 && <li>{t('changes.endpoints-removed', { names: some(removedEndpoints) })}</li>}
      </ul>
      {pairs > 0 && (
        <div class="changes">
          <Side kind="opened" total={changes.opened} groups={groups.filter(({ opened }) => opened !== '')} />
          <Side kind="closed" total={changes.closed} groups={groups.filter(({ closed }) => closed !== '')} />
        </div>
      )}
      {left > 0 && <p class="muted">{t('changes.more', { n: left })}</p>}
    </div>
  );
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(t('list.comma'));
  return names.length > 6 ? `${shown} … (${names.length})` : shown;
}

/** Files whose text is not that of the start. */
function editedFiles(): { readonly name: string; readonly what: 'added' | 'edited' | 'removed' }[] {
  const now = files.value ?? [];
  const before = new Map(startFiles.value.map(({ name, content }) => [name, content]));
  const names = new Set(now.map(({ name }) => name));
  return [
    ...now.flatMap(({ name, content }) => {
      const old = before.get(name);
      return old === content ? [] : [{ name, what: old === undefined ? ('added' as const) : ('edited' as const) }];
    }),
    ...[...before.keys()].filter((name) => !names.has(name)).map((name) => ({ name, what: 'removed' as const })),
  ];
}

interface SideProps {
  readonly kind: 'opened' | 'closed';
  readonly total: number;
  readonly groups: readonly ChangeItem[];
}

/** Groups listed at first. */
const LISTED = 60;

function Side({ kind, total, groups }: SideProps): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? groups : groups.slice(0, LISTED);
  return (
    <section class={`side ${kind}`} aria-label={t(`changes.${kind}`, { n: total })}>
      <h3>
        <Icon name={kind === 'opened' ? 'plus' : 'minus'} size={14} />
        {t(`changes.${kind}`, { n: total })}
      </h3>
      {groups.length === 0 && <p class="muted">{t(`changes.nothing-${kind}`)}</p>}
      <ul>
        {shown.map((group) => (
          <Group key={`${group.from.join()} ${group.to.join()} ${group[kind]}`} group={group} ports={group[kind]} />
        ))}
      </ul>
      {groups.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          {t('show-all', { n: groups.length })}
        </button>
      )}
    </section>
  );
}

function Group({ group, ports }: { readonly group: ChangeItem; readonly ports: string }): JSX.Element {
  const { from, to, pairs, because } = group;
  const [firstFrom = '', firstTo = ''] = pairOf(from, to);
  return (
    <li class="change">
      <button type="button" class="change-pair" onClick={() => askVerdict(firstFrom, firstTo)}>
        <span class="ends">{some(from)}</span>
        <Icon name="arrow" size={14} />
        <span class="sr">{t('to')}</span>
        <span class="ends">{some(to)}</span>
        <span class="ports" title={ports}>
          {fewPorts(ports)}
        </span>
        {pairs > 1 && <span class="muted">{t('changes.pairs', { n: pairs })}</span>}
      </button>
      <ul class="because">
        {because.map((cause, at) => (
          <li key={at}>
            <Because cause={cause} />
          </li>
        ))}
      </ul>
    </li>
  );
}

/** Two different ends of a group. */
function pairOf(from: readonly string[], to: readonly string[]): readonly string[] {
  for (const one of from) {
    const other = to.find((id) => id !== one);
    if (other !== undefined) return [one, other];
  }
  return [];
}

function Because({ cause }: { readonly cause: CauseItem }): JSX.Element {
  const { kind, namespace, name, change, effect, direction, rule, place } = cause;
  const object = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
  const what = t(`cause.${change}` as 'cause.edited');
  const why =
    effect === undefined
      ? ''
      : t(`effect.${effect}` as 'effect.allows', {
          way: direction === undefined ? '' : t(`direction.${direction}`),
          rule: (rule ?? 0) + 1,
        });
  return (
    <>
      {object} {what}
      {why !== '' && `${t('list.colon')}${why}`}
      {place !== undefined && (files.value ?? []).some((file) => file.name === place.file) && (
        <button type="button" class="link" onClick={() => showPlace(place)}>
          {place.file}:{place.line}
        </button>
      )}
    </>
  );
}
