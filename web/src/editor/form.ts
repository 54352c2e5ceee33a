/** A NetworkPolicy as a form has it: selectors and ports as people type them. */

import { parsePortQuery } from '../../../src/analysis/ports.ts';
import { say } from '../../../src/model/say.ts';
import { formatLabelSelector, parseLabelSelector, selectorIsEmpty } from '../../../src/model/selector.ts';
import type {
  LabelSelector,
  LabelSelectorRequirement,
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../src/model/types.ts';

/** One peer of a rule. `namespaces` is null for the policy's own namespace, empty for all. */
export type PeerForm =
  | { readonly type: 'pods'; readonly pods: string; readonly namespaces: string | null }
  | { readonly type: 'block'; readonly cidr: string; readonly except: string };

/** A rule; without peers it is for everybody, without ports for every port. */
export interface RuleForm {
  readonly peers: readonly PeerForm[];
  /** `80/TCP, http, 8000-8080/UDP`. */
  readonly ports: string;
}

export interface PolicyForm {
  readonly name: string;
  readonly namespace: string;
  /** As `kubectl -l` takes it; empty selects every pod. */
  readonly pods: string;
  readonly ingress: readonly RuleForm[] | null;
  readonly egress: readonly RuleForm[] | null;
}

/** What a form shows of a policy. Ports and selectors that have no short form are written as long as needed. */
export function formOf(policy: NetworkPolicy): PolicyForm {
  const { spec, metadata } = policy;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    pods: selectorText(spec.podSelector),
    ingress: spec.policyTypes.includes('Ingress') ? spec.ingress.map(({ from, ports }) => ruleForm(from, ports)) : null,
    egress: spec.policyTypes.includes('Egress') ? spec.egress.map(({ to, ports }) => ruleForm(to, ports)) : null,
  };
}

function selectorText(selector: NetworkPolicy['spec']['podSelector']): string {
  return selectorIsEmpty(selector) ? '' : formatLabelSelector(selector);
}

function ruleForm(peers: readonly NetworkPolicyPeer[], ports: readonly NetworkPolicyPort[]): RuleForm {
  return {
    peers: peers.map(
      ({ ipBlock, podSelector, namespaceSelector }): PeerForm =>
        ipBlock !== undefined
          ? { type: 'block', cidr: ipBlock.cidr, except: ipBlock.except.join(', ') }
          : {
              type: 'pods',
              pods: selectorText(podSelector ?? {}),
              namespaces: namespaceSelector === undefined ? null : selectorText(namespaceSelector),
            },
    ),
    ports: ports.map(portText).join(', '),
  };
}

function portText({ protocol, port, endPort }: NetworkPolicyPort): string {
  if (port === undefined) return protocol;
  return `${port}${endPort === undefined ? '' : `-${endPort}`}${protocol === 'TCP' ? '' : `/${protocol}`}`;
}

/** The policy that a form stands for, or what is wrong with it, one sentence each. */
export function policyOfForm(form: PolicyForm): {
  readonly policy?: NetworkPolicy;
  readonly errors: readonly string[];
} {
  const errors: string[] = [];
  const selector = (text: string): NetworkPolicy['spec']['podSelector'] => {
    if (text.trim() === '') return {};
    const parsed = parseLabelSelector(text);
    if (parsed.error === undefined) return inLabels(parsed.selector);
    errors.push(`${text}: ${parsed.error}`);
    return {};
  };
  const peer = (one: PeerForm): NetworkPolicyPeer => {
    if (one.type === 'block') return { ipBlock: { cidr: one.cidr.trim(), except: listed(one.except) } };
    const pods = selector(one.pods);
    if (one.namespaces === null) return { podSelector: pods };
    const namespaceSelector = selector(one.namespaces);
    return selectorIsEmpty(pods) ? { namespaceSelector } : { namespaceSelector, podSelector: pods };
  };
  const ports = (text: string): NetworkPolicyPort[] =>
    listed(text).flatMap((item) => {
      const query = parsePortQuery(item);
      if ('error' in query) {
        errors.push(query.error);
        return [];
      }
      const { protocol = 'TCP', first, last, name } = query;
      if (name !== undefined) return { protocol, port: name };
      if (first === undefined) return { protocol };
      return { protocol, port: first, ...(last === undefined || last === first ? {} : { endPort: last }) };
    });
  const ingress = (form.ingress ?? []).map(
    (rule): NetworkPolicyIngressRule => ({ from: rule.peers.map(peer), ports: ports(rule.ports) }),
  );
  const egress = (form.egress ?? []).map(
    (rule): NetworkPolicyEgressRule => ({ to: rule.peers.map(peer), ports: ports(rule.ports) }),
  );
  const policyTypes = [...(form.ingress === null ? [] : ['Ingress']), ...(form.egress === null ? [] : ['Egress'])];
  if (policyTypes.length === 0) errors.push(say`choose ingress, egress or both`);
  const podSelector = selector(form.pods);
  if (errors.length > 0) return { errors };
  return {
    errors,
    policy: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: form.name.trim(), namespace: form.namespace.trim() },
      spec: { podSelector, policyTypes, ingress, egress },
    },
  };
}

/** One label with one value as people write it in YAML, under `matchLabels`. */
function inLabels({ matchLabels = {}, matchExpressions = [] }: LabelSelector): LabelSelector {
  const labels = new Map(Object.entries(matchLabels));
  const rest: LabelSelectorRequirement[] = [];
  for (const requirement of matchExpressions) {
    const [value, ...others] = requirement.values ?? [];
    const single = requirement.operator === 'In' && value !== undefined && others.length === 0;
    if (single && !labels.has(requirement.key)) labels.set(requirement.key, value);
    else rest.push(requirement);
  }
  return {
    ...(labels.size === 0 ? {} : { matchLabels: Object.fromEntries(labels) }),
    ...(rest.length === 0 ? {} : { matchExpressions: rest }),
  };
}

function listed(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
