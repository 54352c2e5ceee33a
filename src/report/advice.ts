import type { AdvisedPolicy } from '../analysis/index.ts';
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../model/types.ts';
import { visible } from './text.ts';

/** Reasons that are written out over a rule; the others are counted. */
const MAX_REASONS = 8;

/** Advised policies as YAML documents, with a comment over each policy and each rule that says what it is for. */
export function* adviceYaml(policies: readonly AdvisedPolicy[]): Generator<string> {
  for (const [at, advised] of policies.entries()) {
    if (at > 0) yield '---\n';
    yield `${policyLines(advised).join('\n')}\n`;
  }
}

/** A NetworkPolicy as a YAML document, without what is not of its meaning: annotations, labels, comments. */
export function policyYaml(policy: NetworkPolicy): string {
  return `${policyLines({ policy, ingress: [], egress: [] }).join('\n')}\n`;
}

type WrittenPolicy = Omit<AdvisedPolicy, 'comment'> & { readonly comment?: string };

function policyLines({ policy, comment, ingress, egress }: WrittenPolicy): string[] {
  const { metadata, spec } = policy;
  const lines = [
    ...comments(comment === undefined ? [] : [comment]),
    `apiVersion: ${policy.apiVersion}`,
    `kind: ${policy.kind}`,
    'metadata:',
    `  name: ${scalar(metadata.name)}`,
    `  namespace: ${scalar(metadata.namespace ?? '')}`,
    'spec:',
    ...selector('podSelector', spec.podSelector).map(indent),
    '  policyTypes:',
    ...spec.policyTypes.map((type) => `    - ${type}`),
  ];
  const rules = (
    key: 'ingress' | 'egress',
    peerKey: 'from' | 'to',
    list: readonly { readonly peers: readonly NetworkPolicyPeer[]; readonly ports: readonly NetworkPolicyPort[] }[],
    reasons: readonly (readonly string[])[],
  ): void => {
    if (list.length === 0) return;
    lines.push(`  ${key}:`);
    for (const [at, { peers, ports }] of list.entries()) {
      lines.push(...comments(reasons[at] ?? []).map((line) => `    ${line}`));
      const body = [
        ...(peers.length === 0 ? [] : [`${peerKey}:`, ...peers.flatMap(peer).map(indent)]),
        ...(ports.length === 0 ? [] : ['ports:', ...ports.flatMap(port).map(indent)]),
      ];
      lines.push(...item(body).map((line) => `    ${line}`));
    }
  };
  rules(
    'ingress',
    'from',
    spec.ingress.map(({ from, ports }) => ({ peers: from, ports })),
    ingress,
  );
  rules(
    'egress',
    'to',
    spec.egress.map(({ to, ports }) => ({ peers: to, ports })),
    egress,
  );
  return lines;
}

function indent(line: string): string {
  return `  ${line}`;
}

/** Lines as a list item. */
function item(lines: readonly string[]): string[] {
  return lines.length === 0 ? ['- {}'] : lines.map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`));
}

/** Comment lines: whatever the text holds, it stays in its line. */
function comments(texts: readonly string[]): string[] {
  const shown = texts.slice(0, MAX_REASONS).map((text) => `# ${visible(text)}`);
  const left = texts.length - shown.length;
  return left > 0 ? [...shown, `# and ${left} more`] : shown;
}

function peer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer): string[] {
  if (ipBlock !== undefined) {
    const except = ipBlock.except.length === 0 ? [] : ['  except:', ...ipBlock.except.map((block) => `    - ${block}`)];
    return item(['ipBlock:', `  cidr: ${scalar(ipBlock.cidr)}`, ...except]);
  }
  return item([
    ...(namespaceSelector === undefined ? [] : selector('namespaceSelector', namespaceSelector)),
    ...(podSelector === undefined ? [] : selector('podSelector', podSelector)),
  ]);
}

function port({ protocol, port: number, endPort }: NetworkPolicyPort): string[] {
  return item([
    `protocol: ${protocol}`,
    ...(number === undefined ? [] : [`port: ${typeof number === 'number' ? number : scalar(number)}`]),
    ...(endPort === undefined ? [] : [`endPort: ${endPort}`]),
  ]);
}

function selector(key: string, { matchLabels, matchExpressions }: LabelSelector): string[] {
  const labels = Object.entries(matchLabels ?? {}).map(([name, value]) => `    ${scalar(name)}: ${scalar(value)}`);
  const expressions = (matchExpressions ?? []).flatMap(({ key: name, operator, values = [] }) =>
    item([
      `key: ${scalar(name)}`,
      `operator: ${operator}`,
      ...(values.length === 0 ? [] : ['values:', ...values.map((value) => `  - ${scalar(value)}`)]),
    ]).map((line) => `    ${line}`),
  );
  if (labels.length === 0 && expressions.length === 0) return [`${key}: {}`];
  return [
    `${key}:`,
    ...(labels.length === 0 ? [] : ['  matchLabels:', ...labels]),
    ...(expressions.length === 0 ? [] : ['  matchExpressions:', ...expressions]),
  ];
}

/** A string that every YAML reader takes for that string. */
function scalar(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9_./-]*$/.test(text) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}
