import type { DecodeContext } from '../decode/context.ts';
import { closedMeta, policyMeta } from '../decode/metadata.ts';
import { isObject } from '../decode/schema.ts';
import { say } from '../say.ts';
import type { ClusterNetworkPolicy } from '../types.ts';
import { validateMetadata } from '../validate/metadata.ts';
import { checkResource } from './check.ts';
import { clusterPolicySpec } from './convert.ts';
import { prune } from './prune.ts';
import type { ClusterPolicyTable } from './tables.ts';

/**
 * Reads a cluster-wide policy as the server does a custom resource: pruned, defaulted, checked against its schema, and
 * put into the one form of all kinds. Everything the server would refuse is an error of the context; once it has
 * failed, the answer means nothing.
 */
export function decodeClusterPolicy(
  { kind, apiVersion, schema }: ClusterPolicyTable,
  value: unknown,
  context: DecodeContext,
): ClusterNetworkPolicy {
  const pruned = prune(schema, value, context);
  const { metadata: written, spec } = isObject(pruned) ? pruned : {};
  const raw = written === undefined ? {} : context.at(['metadata'], () => closedMeta.read(written, context));
  const readable = !context.diagnostics.some(
    ({ code, path = '' }) => code === 'wrong-type' && path.startsWith('metadata'),
  );
  const metadata = policyMeta(raw, undefined);
  if (raw.namespace) {
    context.at(['metadata', 'namespace'], () => {
      context.report('namespace-ignored', say`${kind} is cluster-scoped: the namespace is dropped`, {
        severity: 'warning',
      });
    });
  }
  context.check((errors) => {
    if (readable) validateMetadata(metadata, errors, false);
    checkResource(schema, pruned, errors);
  });
  return { apiVersion, kind, metadata, spec: clusterPolicySpec(kind, context.failed ? undefined : spec, context) };
}
