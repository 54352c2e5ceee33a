import type { MessageKey } from '../i18n/en.ts';
import { t } from '../i18n/index.ts';
import { locale } from '../state/preferences.ts';
import { addFile, files, snapshot, toast } from '../state/store.ts';

/** A policy to begin with. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly group: 'defaults' | 'recipes';
  /** A NetworkPolicy document. */
  readonly text: string;
}

const DEFAULTS: Readonly<Record<string, MessageKey>> = {
  'deny-ingress': 'template.deny-ingress',
  'allow-ingress': 'template.allow-ingress',
  'deny-egress': 'template.deny-egress',
  'allow-egress': 'template.allow-egress',
  'deny-all': 'template.deny-all',
};

/** The situations of the recipes in Chinese, by number. */
const RECIPES_ZH: Readonly<Record<string, string>> = {
  '01': '拒绝所有到某应用的流量',
  '02': '限制到某应用的流量',
  '02a': '允许所有到某应用的流量',
  '03': '拒绝命名空间内所有未列入白名单的流量',
  '04': '拒绝来自其他命名空间的流量',
  '05': '允许来自所有命名空间的流量',
  '06': '允许来自某个命名空间的流量',
  '07': '允许来自另一命名空间中部分 Pod 的流量',
  '08': '允许外部流量',
  '09': '只允许到应用某个端口的流量',
  '10': '用多个选择器允许流量',
  '11': '拒绝某应用的出站流量',
  '12': '拒绝命名空间内所有未列入白名单的出站流量',
  '14': '拒绝到集群外部的出站流量',
};

/** The five defaults of the Kubernetes documentation, then the well-known recipes. */
export async function loadTemplates(): Promise<readonly Template[]> {
  const { default: all } = await import('virtual:examples');
  const templates: Template[] = [];
  for (const [id, key] of Object.entries(DEFAULTS)) {
    const [text] = policiesIn(all[`default-policies/${id}.yaml`] ?? '');
    if (text !== undefined) templates.push({ id, title: t(key), group: 'defaults', text });
  }
  for (const [path, content] of Object.entries(all)) {
    const found = /^recipes\/(\d+a?)-([^/]+)\/(?:(step-\d)\/)?(.+)\.yaml$/.exec(path);
    if (found === null || path.endsWith('/world.yaml')) continue;
    const [, number = '', slug = '', step, file = ''] = found;
    const words = locale.value === 'zh' ? (RECIPES_ZH[number] ?? slug) : slug.replaceAll('-', ' ');
    for (const text of policiesIn(content)) {
      templates.push({
        id: path,
        title: `${number} ${words} · ${file}${step === undefined ? '' : ` (${step})`}`,
        group: 'recipes',
        text,
      });
    }
  }
  return templates;
}

function policiesIn(text: string): string[] {
  return text
    .split(/^---.*$/m)
    .filter((document) => /^kind: NetworkPolicy$/m.test(document))
    .map((document) => `${document.trim()}\n`);
}

/** The policy of a template in a namespace. */
export function placedText({ text }: Template, namespace: string): string {
  return /^ {2}namespace: .*$/m.test(text)
    ? text.replace(/^ {2}namespace: .*$/m, () => `  namespace: ${namespace}`)
    : text.replace(/^ {2}name: .*$/m, (line) => `${line}\n  namespace: ${namespace}`);
}

/** Adds a policy of a template as a file, in a namespace. */
export function useTemplate(template: Template, namespace: string): void {
  const name = /^ {2}name: (\S+)/m.exec(template.text)?.[1] ?? 'policy';
  addFile(`${namespace}-${name}.yaml`, placedText(template, namespace));
}

/** Adds a policy that denies what no other policy of a namespace allows, into it. */
export function addDefaultDeny(namespace: string): void {
  void loadTemplates().then((templates) => {
    const template = templates.find(({ id }) => id === 'deny-ingress');
    if (template === undefined) return;
    useTemplate(template, namespace);
    toast.value = { text: t('template.added', { namespace }) };
  });
}

/** The namespace that a new policy most probably is for. */
export function likelyNamespace(active: string): string {
  const content = files.value?.find(({ name }) => name === active)?.content ?? '';
  const written = /^ {2}namespace: ["']?([\w.-]+)/m.exec(content)?.[1];
  const known = snapshot.value?.namespaces ?? [];
  return written !== undefined && known.includes(written) ? written : (known[0] ?? 'default');
}
