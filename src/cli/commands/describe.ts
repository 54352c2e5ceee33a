import { nearestNames } from '../../model/suggest.ts';
import { compareCodePoints } from '../../model/text.ts';
import type { NetworkPolicy } from '../../model/types.ts';
import { describeNetworkPolicies, describePlain } from '../../report/describe.ts';
import { objectName } from '../../report/diagnostics.ts';
import type { Context } from '../context.ts';
import { didYouMean, EXIT, UsageError } from '../errors.ts';
import { defaultNamespace, inScope, loadUsable, scopeOf } from '../load.ts';

/** `portcullis describe`: standard output has what kubectl prints and not a byte more, unless `--plain` adds to it. */
export async function run(context: Context): Promise<number> {
  const { args, flags, out, err } = context;
  const scope = scopeOf(context);
  const usable = await loadUsable(context);
  if ('exit' in usable) return usable.exit;
  const policies = usable.objects
    .filter((object): object is NetworkPolicy => object.kind === 'NetworkPolicy')
    .sort(
      (a, b) =>
        compareCodePoints(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
        compareCodePoints(a.metadata.name, b.metadata.name),
    );
  const shown =
    args.length > 0
      ? args.map((name) => find(name, policies, defaultNamespace(context)))
      : policies.filter((policy) => inScope(scope, policy));
  if (shown.length === 0 && !flags.on('quiet')) err.add('no network policies found\n');
  if (flags.text('output') === 'json') {
    await out.write(document(shown));
  } else if (flags.on('plain')) {
    const texts = shown.map((policy) => `${describeNetworkPolicies([policy])}\n${withBreak(describePlain(policy))}`);
    await out.write(texts.join('\n\n'));
  } else if (shown.length > 0) {
    await out.write(describeNetworkPolicies(shown));
  }
  return EXIT.ok;
}

function withBreak(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

function find(name: string, policies: readonly NetworkPolicy[], namespace: string): NetworkPolicy {
  const full = name.includes('/') ? name : `${namespace}/${name}`;
  const found = policies.find(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}` === full);
  if (found !== undefined) return found;
  const names = policies.map((policy) => objectName(policy.metadata));
  const elsewhere = name.includes('/') ? [] : names.filter((candidate) => candidate.endsWith(`/${name}`)).slice(0, 3);
  throw new UsageError(
    `no network policy ${full} in the input`,
    didYouMean(elsewhere.length > 0 ? elsewhere : nearestNames(full, names)),
  );
}

function document(policies: readonly NetworkPolicy[]): string {
  const items = policies.map((policy) => ({
    kind: policy.kind,
    namespace: policy.metadata.namespace,
    name: policy.metadata.name,
    source: policy.source?.start,
    text: describeNetworkPolicies([policy]),
    plain: describePlain(policy),
  }));
  return `${JSON.stringify({ apiVersion: 'portcullis.dev/v1', kind: 'Descriptions', policies: items }, null, 2)}\n`;
}
