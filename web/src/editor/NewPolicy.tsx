import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { ask } from '../state/client.ts';
import { activeFile, addFile, files, snapshot, writeFile } from '../state/store.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { IconButton } from '../ui/IconButton.tsx';
import { Icon } from '../ui/icons.tsx';
import { Said } from '../ui/Said.tsx';
import type { Answer } from '../worker/protocol.ts';
import type { PeerForm, PolicyForm, RuleForm } from './form.ts';
import { replaceDocument } from './replace.ts';
import { cursor } from './selection.ts';
import { likelyNamespace, loadTemplates, placedText, type Template, useTemplate } from './templates.ts';

interface Props {
  /** A new policy, or the one at the cursor. */
  readonly mode: 'new' | 'form';
  readonly onClose: () => void;
}

/** New policies from templates or a form, and the form for a policy that is there. */
export function NewPolicy({ mode, onClose }: Props): JSX.Element {
  const [tab, setTab] = useState<'templates' | 'form'>(mode === 'new' ? 'templates' : 'form');
  return (
    <Dialog title={t(mode === 'new' ? 'new.title' : 'form.title')} wide onClose={onClose}>
      {mode === 'new' && (
        <div class="tabs" role="tablist" aria-label={t('new.title')}>
          {(['templates', 'form'] as const).map((one) => (
            <button key={one} type="button" role="tab" aria-selected={tab === one} onClick={() => setTab(one)}>
              {t(`new.${one}`)}
            </button>
          ))}
        </div>
      )}
      {tab === 'templates' ? <Templates onClose={onClose} /> : <Form mode={mode} onClose={onClose} />}
    </Dialog>
  );
}

function Templates({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [templates, setTemplates] = useState<readonly Template[]>([]);
  const [namespace, setNamespace] = useState(likelyNamespace(activeFile.value));
  const [chosen, setChosen] = useState<Template | undefined>(undefined);
  useEffect(() => {
    void loadTemplates().then((found) => {
      setTemplates(found);
      setChosen(found[0]);
    });
  }, []);
  return (
    <div class="templates">
      <div class="template-list">
        {(['defaults', 'recipes'] as const).map((group) => (
          <fieldset key={group}>
            <legend>{t(`template.${group}`)}</legend>
            {templates
              .filter((one) => one.group === group)
              .map((one) => (
                <label key={one.id} class="choice">
                  <input type="radio" name="template" checked={chosen === one} onChange={() => setChosen(one)} />
                  <span>{one.title}</span>
                </label>
              ))}
          </fieldset>
        ))}
      </div>
      <div class="template-preview">
        <NamespaceField value={namespace} onChange={setNamespace} />
        <pre class="sample" role="region" tabIndex={0} aria-label={t('form.preview')}>
          {chosen === undefined ? '' : placedText(chosen, namespace)}
        </pre>
        <div class="row-buttons">
          <button
            type="button"
            class="primary"
            disabled={chosen === undefined || namespace === ''}
            onClick={() => {
              if (chosen !== undefined) useTemplate(chosen, namespace);
              onClose();
            }}
          >
            {t('new.add')}
          </button>
        </div>
      </div>
    </div>
  );
}

function NamespaceField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label class="field">
      {t('form.namespace')}
      <input
        type="text"
        list="known-namespaces"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value.trim())}
      />
      <datalist id="known-namespaces">
        {(snapshot.value?.namespaces ?? []).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}

type Read = Exclude<Answer<'readForm'>, { error: string }>;

function Form({ mode, onClose }: Props): JSX.Element {
  const [read, setRead] = useState<Read | undefined>(undefined);
  const [form, setForm] = useState<PolicyForm | undefined>(undefined);
  const [error, setError] = useState(false);
  const [written, setWritten] = useState<(Answer<'writeForm'> & { readonly of: PolicyForm }) | undefined>(undefined);
  const [changed, setChanged] = useState(false);
  // That which it was opened for: another may become the active one meanwhile.
  const [file] = useState(activeFile.value);
  useEffect(() => {
    if (mode === 'new') {
      const namespace = likelyNamespace(file);
      setForm({ name: 'new-policy', namespace, pods: '', ingress: [{ peers: [], ports: '' }], egress: null });
      return;
    }
    const text = (files.value ?? []).find(({ name }) => name === file)?.content ?? '';
    void ask('readForm', { text, offset: cursor.value }).then((found) => {
      if ('error' in found) setError(true);
      else {
        setRead(found);
        setForm(found.form);
      }
    });
  }, []);
  useEffect(() => {
    if (form === undefined) return;
    void ask('writeForm', read === undefined ? { form } : { form, document: read.document }).then((answer) =>
      setWritten({ ...answer, of: form }),
    );
  }, [form]);
  if (error) return <p class="empty">{t('form.not-a-policy')}</p>;
  if (form === undefined) return <p class="empty">{t('loading')}</p>;
  const set = (change: Partial<PolicyForm>): void => setForm({ ...form, ...change });
  const errors = written?.problems.filter(({ severity }) => severity === 'error') ?? [];
  const apply = (): void => {
    if (written?.of !== form) return;
    if (read === undefined) addFile(`${form.namespace}-${form.name}.yaml`, written.yaml);
    else {
      const text = (files.value ?? []).find(({ name }) => name === file)?.content;
      const next = text === undefined ? undefined : replaceDocument(text, read.document, read.start, written.yaml);
      if (next === undefined) {
        setChanged(true);
        return;
      }
      writeFile(file, next);
    }
    onClose();
  };
  return (
    <div class="policy-form">
      <div class="form-fields">
        <div class="form-row">
          <label class="field">
            {t('form.name')}
            <input
              type="text"
              spellcheck={false}
              value={form.name}
              onInput={({ currentTarget }) => set({ name: currentTarget.value })}
            />
          </label>
          <NamespaceField value={form.namespace} onChange={(namespace) => set({ namespace })} />
        </div>
        <label class="field">
          {t('form.pods')}
          <input
            type="text"
            spellcheck={false}
            value={form.pods}
            placeholder={t('form.every-pod')}
            onInput={({ currentTarget }) => set({ pods: currentTarget.value })}
          />
        </label>
        <Rules direction="ingress" rules={form.ingress} onChange={(ingress) => set({ ingress })} />
        <Rules direction="egress" rules={form.egress} onChange={(egress) => set({ egress })} />
      </div>
      <div class="form-preview">
        <pre class="sample" role="region" tabIndex={0} aria-label={t('form.preview')}>
          {written?.yaml}
        </pre>
        {changed && (
          <p class="banner error" role="alert">
            {t('form.changed', { name: file })}
          </p>
        )}
        {errors.length > 0 && (
          <ul class="form-errors" role="alert">
            {errors.map(({ message }) => (
              <li key={message}>
                <Said text={message} />
              </li>
            ))}
          </ul>
        )}
        <div class="row-buttons">
          <button type="button" class="primary" disabled={written?.of !== form || errors.length > 0} onClick={apply}>
            {t(read === undefined ? 'new.add' : 'form.apply')}
          </button>
        </div>
      </div>
    </div>
  );
}

interface RulesProps {
  readonly direction: 'ingress' | 'egress';
  readonly rules: readonly RuleForm[] | null;
  readonly onChange: (rules: readonly RuleForm[] | null) => void;
}

function Rules({ direction, rules, onChange }: RulesProps): JSX.Element {
  const replace = (at: number, rule: RuleForm | undefined): void =>
    onChange((rules ?? []).flatMap((one, index) => (index === at ? (rule ?? []) : one)));
  return (
    <fieldset class="rules">
      <legend>
        <label class="check">
          <input
            type="checkbox"
            checked={rules !== null}
            onChange={({ currentTarget }) => onChange(currentTarget.checked ? [] : null)}
          />
          {t(`form.${direction}`)}
        </label>
      </legend>
      {rules?.length === 0 && <p class="muted">{t('form.no-rules')}</p>}
      {rules?.map((rule, at) => (
        <div key={at} class="rule">
          <header>
            <strong>{t('form.rule', { n: at + 1 })}</strong>
            <IconButton
              icon="minus"
              label={t('form.remove-rule', { n: at + 1 })}
              size={14}
              onClick={() => replace(at, undefined)}
            />
          </header>
          {rule.peers.length === 0 && (
            <p class="muted">{t(direction === 'ingress' ? 'form.from-anyone' : 'form.to-anyone')}</p>
          )}
          {rule.peers.map((peer, index) => (
            <Peer
              key={index}
              peer={peer}
              onChange={(next) =>
                replace(at, {
                  ...rule,
                  peers: rule.peers.flatMap((one, place) => (place === index ? (next ?? []) : one)),
                })
              }
            />
          ))}
          <div class="row-buttons">
            <button
              type="button"
              class="small"
              onClick={() =>
                replace(at, { ...rule, peers: [...rule.peers, { type: 'pods', pods: '', namespaces: null }] })
              }
            >
              {t('form.add-pods')}
            </button>
            <button
              type="button"
              class="small"
              onClick={() => replace(at, { ...rule, peers: [...rule.peers, { type: 'block', cidr: '', except: '' }] })}
            >
              {t('form.add-block')}
            </button>
          </div>
          <label class="field">
            {t('form.ports')}
            <input
              type="text"
              spellcheck={false}
              value={rule.ports}
              placeholder={t('form.every-port')}
              onInput={({ currentTarget }) => replace(at, { ...rule, ports: currentTarget.value })}
            />
          </label>
        </div>
      ))}
      {rules !== null && (
        <button type="button" class="small" onClick={() => onChange([...rules, { peers: [], ports: '' }])}>
          <Icon name="plus" size={12} /> {t('form.add-rule')}
        </button>
      )}
    </fieldset>
  );
}

function Peer({
  peer,
  onChange,
}: {
  readonly peer: PeerForm;
  readonly onChange: (peer: PeerForm | undefined) => void;
}): JSX.Element {
  const remove = (
    <IconButton icon="minus" label={t('form.remove-peer')} size={14} onClick={() => onChange(undefined)} />
  );
  if (peer.type === 'block') {
    return (
      <div class="peer">
        <label class="field">
          {t('form.cidr')}
          <input
            type="text"
            spellcheck={false}
            value={peer.cidr}
            placeholder="10.0.0.0/8"
            onInput={({ currentTarget }) => onChange({ ...peer, cidr: currentTarget.value })}
          />
        </label>
        <label class="field">
          {t('form.except')}
          <input
            type="text"
            spellcheck={false}
            value={peer.except}
            placeholder="10.1.0.0/16"
            onInput={({ currentTarget }) => onChange({ ...peer, except: currentTarget.value })}
          />
        </label>
        {remove}
      </div>
    );
  }
  return (
    <div class="peer">
      <label class="field">
        {t('form.peer-pods')}
        <input
          type="text"
          spellcheck={false}
          value={peer.pods}
          placeholder={t('form.every-pod')}
          onInput={({ currentTarget }) => onChange({ ...peer, pods: currentTarget.value })}
        />
      </label>
      <label class="field">
        {t('form.where')}
        <select
          value={peer.namespaces === null ? 'own' : 'other'}
          onChange={({ currentTarget }) => onChange({ ...peer, namespaces: currentTarget.value === 'own' ? null : '' })}
        >
          <option value="own">{t('form.own-namespace')}</option>
          <option value="other">{t('form.namespaces')}</option>
        </select>
      </label>
      {peer.namespaces !== null && (
        <label class="field">
          {t('form.namespace-labels')}
          <input
            type="text"
            spellcheck={false}
            value={peer.namespaces}
            placeholder={t('form.every-namespace')}
            onInput={({ currentTarget }) => onChange({ ...peer, namespaces: currentTarget.value })}
          />
        </label>
      )}
      {remove}
    </div>
  );
}
