import { blockAddresses } from '../../../engine/peer-match.ts';
import { namespaceOf, policyKey } from '../../../engine/state.ts';
import { say } from '../../../model/say.ts';
import { selectorKey } from '../../../model/selector.ts';
import type { NetworkPolicy, NetworkPolicyPeer } from '../../../model/types.ts';
import type { LintContext } from '../context.ts';
import { coversPeer, coversPort } from '../plain-cover.ts';
import { type PolicyRule, rulesOf } from '../policy-rule.ts';
import type { RedundantRule } from '../redundancy.ts';
import { listing, policyName, ruleName } from '../words.ts';

/**
 * What could be left out: `redundant-policy`, `duplicate-policy`, `redundant-rule`, `rule-admits-nothing`,
 * `redundant-entry`.
 */
export function checkRedundant(context: LintContext): void {
  const duplicates = checkDuplicates(context);
  const { policies, rules } = context.redundancies;
  for (const { policy, others } of policies) {
    if (duplicates.has(policy)) continue;
    context.remark({
      rule: 'redundant-policy',
      object: policy,
      path: ['spec'],
      at: 'key',
      message:
        others.length === 0
          ? say`redundant in this input: it admits everything, and nothing else isolates the pods that it selects`
          : others.length === 1
            ? say`redundant in this input: ${listing(others.map(policyName))} isolates the same pods and admits all that it does`
            : say`redundant in this input: ${listing(others.map(policyName))} isolate the same pods and admit all that it does`,
      help: say`without it the same connections are allowed`,
    });
  }
  for (const redundant of rules) {
    if (!duplicates.has(redundant.rule.policy)) remarkRule(context, redundant);
  }
  for (const policy of context.judged.networkPolicies) for (const rule of rulesOf(policy)) checkEntries(context, rule);
}

function remarkRule(context: LintContext, { rule, why, covers, plain }: RedundantRule): void {
  const { policy, path } = rule;
  const place = { object: policy, path };
  if (why === 'nothing') {
    if (!isExplained(context, rule)) {
      context.remark({
        rule: 'rule-admits-nothing',
        ...place,
        message: say`in this input the rule admits nothing: no pair of pods or addresses that it is for has such a port`,
      });
    }
    return;
  }
  if (why === 'overruled') {
    context.remark({
      rule: 'redundant-rule',
      ...place,
      message: say`without effect in this input: cluster-wide policies decide all that it admits before it is asked`,
    });
    return;
  }
  const names = covers.map((cover) => ruleName(cover, policy));
  const admitted =
    names.length === 0
      ? say`other rules together admit all that it does`
      : names.length === 1
        ? say`${listing(names)} admits all that it does`
        : say`${listing(names)} admit all that it does`;
  const own = covers.every((cover) => cover.policy === policy);
  context.remark({
    rule: 'redundant-rule',
    ...place,
    message: plain ? say`redundant, whatever pods there are: ${admitted}` : say`redundant in this input: ${admitted}`,
    help: say`without it the same connections are allowed`,
    ...(plain && own ? { fix: { type: 'remove', path } } : {}),
  });
}

/** Whether a peer or port of the rule is told to match nothing already. */
function isExplained(context: LintContext, { policy, path }: PolicyRule): boolean {
  return context.remarks.some(
    (remark) =>
      remark.object === policy &&
      ['peer-selects-nothing', 'unresolved-named-port', 'except-covers-block'].includes(remark.rule) &&
      path.every((step, at) => remark.path[at] === step),
  );
}

/** Policies that select and say the same; answers those that a policy before them repeats. */
function checkDuplicates(context: LintContext): ReadonlySet<NetworkPolicy> {
  const first = new Map<string, NetworkPolicy>();
  const duplicates = new Set<NetworkPolicy>();
  for (const policy of context.networkPolicies) {
    const key = meaningKey(policy);
    const known = first.get(key);
    if (known === undefined) {
      first.set(key, policy);
      continue;
    }
    if (policyKey(known) === policyKey(policy)) continue;
    duplicates.add(policy);
    context.remark({
      rule: 'duplicate-policy',
      object: policy,
      path: ['metadata', 'name'],
      message: say`says the same as ${policyName(known)}`,
      help: say`without one of the two the same connections are allowed`,
    });
  }
  // The other half of a pair may be the one that is found redundant.
  return new Set([...duplicates, ...[...duplicates].flatMap((policy) => first.get(meaningKey(policy)) ?? [])]);
}

/** Equal for policies that mean the same, whatever the order in which they say it. */
function meaningKey(policy: NetworkPolicy): string {
  const { podSelector, policyTypes } = policy.spec;
  const rules = rulesOf(policy)
    .filter(({ inForce }) => inForce)
    .map(({ direction, peers, ports }) => {
      const portKeys = ports.map(({ protocol, port, endPort }) => `${protocol}/${port ?? ''}/${endPort ?? ''}`).sort();
      return JSON.stringify([direction, peers.map(peerKey).sort(), portKeys]);
    });
  return JSON.stringify([
    namespaceOf(policy),
    selectorKey(podSelector),
    [...new Set(policyTypes)].sort(),
    rules.sort(),
  ]);
}

function peerKey({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): string {
  return JSON.stringify([
    podSelector === undefined ? null : selectorKey(podSelector),
    namespaceSelector === undefined ? null : selectorKey(namespaceSelector),
    ipBlock === undefined ? null : [ipBlock.cidr, ...[...ipBlock.except].sort()],
  ]);
}

/** Entries of one rule that another of its entries covers; of equal ones the later. */
function checkEntries(context: LintContext, { policy, path, peersField, peers, ports }: PolicyRule): void {
  const namespace = namespaceOf(policy);
  for (const [field, what, entries] of [
    [
      peersField,
      (cover: number) => say`peer ${cover} of the same rule covers this one`,
      covered(peers, (wide, narrow) => !isEmptyBlock(narrow) && coversPeer(wide, narrow, namespace)),
    ],
    ['ports', (cover: number) => say`port ${cover} of the same rule covers this one`, covered(ports, coversPort)],
  ] as const) {
    for (const [index, cover] of entries) {
      const place = [...path, field, index];
      context.remark({
        rule: 'redundant-entry',
        object: policy,
        path: place,
        message: what(cover + 1),
        fix: { type: 'remove', path: place },
      });
    }
  }
}

/** Told by `except-covers-block`. */
function isEmptyBlock({ ipBlock }: NetworkPolicyPeer): boolean {
  return ipBlock !== undefined && blockAddresses(ipBlock).isEmpty();
}

/** The indexes of entries that can go together, each with one that stays and covers it. */
function covered<T>(entries: readonly T[], covers: (wide: T, narrow: T) => boolean): Map<number, number> {
  const found = new Map<number, number>();
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index] as T;
    const cover = entries.findIndex((other, at) => at !== index && !found.has(at) && covers(other, entry));
    if (cover !== -1) found.set(index, cover);
  }
  return found;
}
