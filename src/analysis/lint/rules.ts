import type { Severity } from '../../model/source.ts';

/** The stable name of a rule: in findings, on the command line, in annotations and configuration. */
export type RuleId =
  | 'invalid-input'
  | 'unknown-field'
  | 'misplaced-selector'
  | 'policy-selects-no-pod'
  | 'peer-selects-nothing'
  | 'label-typo'
  | 'empty-selector'
  | 'peer-or-not-and'
  | 'policy-types-omitted'
  | 'rules-without-policy-type'
  | 'redundant-policy'
  | 'duplicate-policy'
  | 'redundant-rule'
  | 'redundant-entry'
  | 'rule-admits-nothing'
  | 'unresolved-named-port'
  | 'port-not-listened'
  | 'allows-any-address'
  | 'ip-block-in-pod-range'
  | 'except-covers-block'
  | 'irregular-cidr'
  | 'egress-forgets-dns'
  | 'namespace-without-default-deny'
  | 'ingress-blocked'
  | 'route-leads-nowhere'
  | 'equal-priority'
  | 'unreachable-tier-rule'
  | 'unknown-suppression';

/** What is fixed about a rule; its code is elsewhere. */
export interface LintRule {
  readonly id: RuleId;
  /** Of its findings, unless a finding knows better or the configuration says otherwise. */
  readonly severity: Severity;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Whether it judges policies by the pods of the input: without any pod it is silent. */
  readonly needsPods: boolean;
  /** Whether `--fix` can put some of its findings right. */
  readonly fixable: boolean;
  /** Its page, relative to the root of the project. */
  readonly docs: string;
}

type Row = readonly [id: RuleId, severity: Severity, needs: '' | 'pods' | 'fix' | 'pods fix', summary: string];

const TABLE: readonly Row[] = [
  ['invalid-input', 'error', '', 'an object that cannot be read, or that the API server would refuse'],
  ['unknown-field', 'warning', '', 'a field of a policy that the API does not know and drops'],
  [
    'misplaced-selector',
    'error',
    '',
    'labels written where they are dropped, so that the policy selects more than it says',
  ],
  ['policy-selects-no-pod', 'warning', 'pods', 'a policy that selects no pod'],
  ['peer-selects-nothing', 'warning', 'pods', 'a peer that matches nothing'],
  ['label-typo', 'warning', 'pods', 'a label that nothing carries, much like one that is carried'],
  ['empty-selector', 'warning', '', 'an empty list or selector that means everything where it looks like nothing'],
  [
    'peer-or-not-and',
    'warning',
    '',
    'a namespace selector and a pod selector as two peers where one was probably meant',
  ],
  ['policy-types-omitted', 'info', 'fix', 'policyTypes left to the default'],
  ['rules-without-policy-type', 'error', '', 'rules for a direction that policyTypes leaves out: they do nothing'],
  ['redundant-policy', 'warning', 'pods', 'a policy without which the same is allowed'],
  ['duplicate-policy', 'warning', '', 'two policies that say the same'],
  ['redundant-rule', 'warning', 'fix', 'a rule without which the same is allowed'],
  ['redundant-entry', 'info', 'fix', 'a peer or port that another one of the same rule covers'],
  ['rule-admits-nothing', 'warning', 'pods', 'a rule that admits nothing, although its peers match'],
  ['unresolved-named-port', 'warning', 'pods', 'a port name that no destination has'],
  ['port-not-listened', 'info', 'pods', 'a port that no destination declares'],
  ['allows-any-address', 'warning', '', 'a rule open to every address there is'],
  ['ip-block-in-pod-range', 'warning', '', 'an address block that is meant for the outside but holds pods'],
  ['except-covers-block', 'error', '', 'exceptions that leave nothing of their block'],
  [
    'irregular-cidr',
    'error',
    'fix',
    'a CIDR with host bits, leading zeros or another spelling that servers refuse or warn of',
  ],
  ['egress-forgets-dns', 'warning', 'pods', 'pods that may open connections but not look up names'],
  ['namespace-without-default-deny', 'warning', 'pods', 'a namespace in which a new pod is open to everybody'],
  [
    'ingress-blocked',
    'warning',
    'pods',
    'an Ingress, route or Service that leads to pods whose policies let nobody in by it',
  ],
  ['route-leads-nowhere', 'warning', 'pods', 'an Ingress, route or Service that leads to no pod'],
  ['equal-priority', 'warning', 'pods', 'cluster-wide policies of one priority that disagree'],
  ['unreachable-tier-rule', 'warning', '', 'a rule of a cluster-wide policy that never decides'],
  ['unknown-suppression', 'warning', '', 'an annotation that suppresses a rule that does not exist'],
];

/** Every rule, in the order of the documentation. */
export const LINT_RULES: readonly LintRule[] = TABLE.map(([id, severity, needs, summary]) => ({
  id,
  severity,
  summary,
  needsPods: needs.startsWith('pods'),
  fixable: needs.endsWith('fix'),
  docs: `docs/lint/${id}.md`,
}));

const BY_ID: ReadonlyMap<string, LintRule> = new Map(LINT_RULES.map((rule) => [rule.id, rule]));

/** The rule of that id; undefined for a name that is none. */
export function findRule(id: string): LintRule | undefined {
  return BY_ID.get(id);
}
