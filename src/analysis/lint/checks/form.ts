import { say } from '../../../model/say.ts';
import { selectorIsEmpty } from '../../../model/selector.ts';
import type { FieldPath } from '../../../model/source.ts';
import type { LabelSelector, NetworkPolicy } from '../../../model/types.ts';
import { listText, wayName } from '../../explain-words.ts';
import { isWritten, type LintContext, writtenText } from '../context.ts';
import { type PolicyRule, rulesOf } from '../policy-rule.ts';
import { selectorText } from '../words.ts';

/** How policies are written: `policy-types-omitted`, `rules-without-policy-type`, `peer-or-not-and`, `empty-selector`. */
export function checkForm(context: LintContext): void {
  for (const policy of context.judged.networkPolicies) {
    checkPolicyTypes(context, policy);
    checkSubject(context, policy);
    for (const rule of rulesOf(policy)) {
      checkSlips(context, rule);
      checkEmpty(context, rule);
    }
  }
}

function checkPolicyTypes(context: LintContext, policy: NetworkPolicy): void {
  const { policyTypes, ingress, egress } = policy.spec;
  const path = ['spec', 'policyTypes'];
  const written = isWritten(policy.source, path);
  if (policy.source !== undefined && (!written || /^(\[\s*\]|policyTypes)/.test(writtenText(policy.source, path)))) {
    context.remark({
      rule: 'policy-types-omitted',
      object: policy,
      path: ['spec'],
      at: 'key',
      message: say`policyTypes is left out, which means ${listText(policyTypes)}: the default depends on the rules`,
      help: say`write policyTypes: [${policyTypes.join(', ')}]`,
      ...(written ? {} : { fix: { type: 'insert', path: ['spec'], field: 'policyTypes', value: policyTypes } }),
    });
  }
  for (const [direction, type, rules] of [
    ['ingress', 'Ingress', ingress],
    ['egress', 'Egress', egress],
  ] as const) {
    if (rules.length === 0 || policyTypes.includes(type)) continue;
    context.remark({
      rule: 'rules-without-policy-type',
      object: policy,
      path: ['spec', direction],
      at: 'key',
      message: say`policyTypes does not name ${type}: these ${wayName(direction)} rules do nothing, and ${wayName(direction)} stays unrestricted`,
      help: say`add ${type} to policyTypes, or remove the rules`,
    });
  }
}

function checkSubject(context: LintContext, policy: NetworkPolicy): void {
  const path = ['spec', 'podSelector'];
  if (policy.source === undefined || !selectorIsEmpty(policy.spec.podSelector)) return;
  if (isPlainlyEmpty(policy, path)) return;
  const told = context.input.diagnostics.some(
    (one) =>
      one.object?.name === policy.metadata.name &&
      one.object.namespace === policy.metadata.namespace &&
      one.path?.startsWith('spec.podSelector.') === true,
  );
  if (told) return;
  context.remark({
    rule: 'empty-selector',
    object: policy,
    path,
    at: 'key',
    message: isWritten(policy.source, path)
      ? say`a podSelector without requirements selects every pod of the namespace`
      : say`podSelector is left out: the policy selects every pod of the namespace`,
    help: say`write podSelector: {} where all pods are meant`,
  });
}

/** `{}`, which is what one writes to say "everything". */
function isPlainlyEmpty(policy: NetworkPolicy, path: FieldPath): boolean {
  const { source } = policy;
  return source === undefined || (isWritten(source, path) && /^\{\s*\}/.test(writtenText(source, path)));
}

/**
 * A namespace selector, and beside it a pod selector as a peer of its own: pods of those namespaces, or these pods of the
 * own namespace. Surely a slip where the pods are found in those namespaces only; else worth a look.
 */
function checkSlips(context: LintContext, rule: PolicyRule): void {
  for (const [index, second] of rule.peers.entries()) {
    const first = rule.peers[index - 1];
    if (first === undefined || first.namespaceSelector === undefined || second.podSelector === undefined) continue;
    if (first.podSelector !== undefined || second.namespaceSelector !== undefined) continue;
    if (selectorIsEmpty(second.podSelector)) continue;
    const namespace = rule.policy.metadata.namespace ?? 'default';
    const here = context.catalog.matching(second.podSelector, namespace);
    const there = context.catalog.matching(second.podSelector, first.namespaceSelector);
    const sure = here.length === 0 && there.length > 0;
    const namespaces = selectorText(first.namespaceSelector, say`of any name`);
    const pods = selectorText(second.podSelector, '');
    context.remark({
      rule: 'peer-or-not-and',
      object: rule.policy,
      path: [...rule.path, rule.peersField, index],
      ...(sure ? {} : { severity: 'info' }),
      message: sure
        ? say`two peers: every pod of namespaces ${namespaces}, or pods ${pods} of namespace ${namespace}; in this input pods with these labels are in those namespaces only`
        : say`two peers: every pod of namespaces ${namespaces}, or pods ${pods} of namespace ${namespace}`,
      help: say`for pods ${pods} of those namespaces, remove the dash before podSelector: both belong to one peer`,
    });
  }
}

function checkEmpty(context: LintContext, rule: PolicyRule): void {
  const { policy, path, peersField, direction } = rule;
  const { source } = policy;
  if (rule.peers.length === 0 && isWritten(source, [...path, peersField])) {
    context.remark({
      rule: 'empty-selector',
      object: policy,
      path: [...path, peersField],
      at: 'key',
      message:
        direction === 'ingress'
          ? say`an empty from does not mean nobody: the rule lets traffic in from everywhere`
          : say`an empty to does not mean nobody: the rule lets traffic out to everywhere`,
      help: say`leave ${peersField} away where everybody is meant; a direction without rules denies everything`,
    });
  }
  if (rule.ports.length === 0 && isWritten(source, [...path, 'ports'])) {
    context.remark({
      rule: 'empty-selector',
      object: policy,
      path: [...path, 'ports'],
      at: 'key',
      message: say`an empty ports does not mean no port: the rule admits every port and protocol`,
      help: say`leave ports away where every port is meant`,
    });
  }
  for (const [index, { namespaceSelector, podSelector }] of rule.peers.entries()) {
    const place = [...path, peersField, index];
    if (namespaceSelector !== undefined && podSelector === undefined && selectorIsEmpty(namespaceSelector)) {
      context.remark({
        rule: 'empty-selector',
        object: policy,
        path: [...place, 'namespaceSelector'],
        at: 'key',
        message: say`an empty namespaceSelector matches every namespace: the peer is every pod of the cluster`,
        help: say`for the own namespace, write podSelector: {}`,
      });
      continue;
    }
    for (const [field, selector, meaning] of [
      ['namespaceSelector', namespaceSelector, say`every namespace`],
      ['podSelector', podSelector, namespaceSelector === undefined ? say`every pod of the namespace` : say`every pod`],
    ] as const) {
      checkHollow(context, policy, [...place, field], selector, meaning);
    }
  }
}

/** A selector with `matchLabels: {}` and the like: not `{}`, but empty all the same. */
function checkHollow(
  context: LintContext,
  policy: NetworkPolicy,
  path: FieldPath,
  selector: LabelSelector | undefined,
  meaning: string,
): void {
  if (selector === undefined || !selectorIsEmpty(selector) || Object.keys(selector).length === 0) return;
  context.remark({
    rule: 'empty-selector',
    object: policy,
    path,
    at: 'key',
    message: say`a ${path.at(-1) ?? ''} without requirements matches ${meaning}`,
    help: say`write {} where everything is meant`,
  });
}
