import { nearestNames } from '../../model/suggest.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from '../../model/types.ts';
import { isPolicy } from '../../model/validate/index.ts';
import { describeNetworkPolicies, describePlain } from '../../report/describe.ts';
import { describeClusterPolicies, describeClusterPolicyPlain } from '../../report/describe-cluster-policy.ts';
import { objectName } from '../../report/diagnostics.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { defaultNamespace, inScope, loadUsable, scopeOf } from '../load.ts';

type Policy = NetworkPolicy | ClusterNetworkPolicy;

/**
 * `portcullis describe`: of NetworkPolicies, standard output has what kubectl prints and not a byte more, unless
 * `--plain` adds to it. Cluster-wide policies follow them.
 */
export async function run(context: Context): Promise<number> {
  const { args, flags, out, err } = context;
  const scope = scopeOf(context);
  const usable = await loadUsable(context);
  if ('exit' in usable) return usable.exit;
  const timeZone = localZone(context);
  const policies = usable.objects.filter(isPolicy).sort(inListedOrder);
  const shown =
    args.length > 0
      ? args.flatMap((name) => find(name, policies, defaultNamespace(context)))
      : policies.filter((policy) => inScope(scope, policy));
  if (shown.length === 0 && !flags.on('quiet')) err.add('no network policies found\n');
  if (flags.text('output') === 'json') {
    await out.write(document(shown, timeZone));
  } else if (flags.on('plain')) {
    const texts = shown.map((policy) => `${describe(policy, timeZone)}\n${withBreak(plain(policy))}`);
    await out.write(texts.join('\n\n'));
  } else if (shown.length > 0) {
    await out.write(shown.map((policy) => describe(policy, timeZone)).join('\n\n'));
  }
  return EXIT.ok;
}

/** NetworkPolicies by namespace and name, then the cluster-wide ones in the order in which they are judged. */
function inListedOrder(a: Policy, b: Policy): number {
  if (a.kind !== 'NetworkPolicy' && b.kind !== 'NetworkPolicy') {
    return (
      compareCodePoints(a.spec.tier, b.spec.tier) ||
      a.spec.priority - b.spec.priority ||
      compareCodePoints(a.metadata.name, b.metadata.name) ||
      compareCodePoints(a.kind, b.kind)
    );
  }
  if (a.kind !== 'NetworkPolicy') return 1;
  if (b.kind !== 'NetworkPolicy') return -1;
  return (
    compareCodePoints(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compareCodePoints(a.metadata.name, b.metadata.name)
  );
}

/** The zone that kubectl would show times in: that of `TZ`, else that of the machine. */
function localZone({ io }: Context): string {
  return io.env['TZ']?.replace(/^:/, '') ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function describe(policy: Policy, timeZone: string): string {
  return policy.kind === 'NetworkPolicy'
    ? describeNetworkPolicies([policy], { timeZone })
    : describeClusterPolicies([policy], { timeZone });
}

function plain(policy: Policy): string {
  return policy.kind === 'NetworkPolicy' ? describePlain(policy) : describeClusterPolicyPlain(policy);
}

function withBreak(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** The policies that a name stands for: a NetworkPolicy, and cluster-wide ones where it gives no namespace. */
function find(name: string, policies: readonly Policy[], namespace: string): Policy[] {
  const full = name.includes('/') ? name : `${namespace}/${name}`;
  const found = policies.filter(({ metadata }) =>
    metadata.namespace === undefined ? metadata.name === name : `${metadata.namespace}/${metadata.name}` === full,
  );
  if (found.length > 0) return found;
  const names = policies.map((policy) => objectName(policy.metadata));
  const elsewhere = name.includes('/') ? [] : names.filter((candidate) => candidate.endsWith(`/${name}`)).slice(0, 3);
  throw new UsageError(
    `no network policy ${full} in the input`,
    didYouMean(elsewhere.length > 0 ? elsewhere : near(name, full, names)),
  );
}

function near(name: string, full: string, names: readonly string[]): string[] {
  const namespaced = nearestNames(full, names);
  return namespaced.length > 0 ? namespaced : nearestNames(name, names);
}

function document(policies: readonly Policy[], timeZone: string): string {
  const items = policies.map((policy) => ({
    kind: policy.kind,
    namespace: policy.metadata.namespace,
    name: policy.metadata.name,
    source: policy.source?.start,
    text: describe(policy, timeZone),
    plain: plain(policy),
  }));
  return `${JSON.stringify({ apiVersion: 'portcullis.dev/v1', kind: 'Descriptions', policies: items }, null, 2)}\n`;
}
