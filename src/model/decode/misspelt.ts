import { say } from '../say.ts';
import { nearestNames } from '../suggest.ts';
import type { DecodeContext } from './context.ts';
import type { KindDecoder } from './kinds.ts';

const POLICY_KINDS: readonly string[] = [
  'NetworkPolicy',
  'ClusterNetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
];

/** Like groups without a dot, these hold the kinds that Kubernetes defines and no others. */
const CLOSED_GROUPS: readonly string[] = ['networking.k8s.io', 'policy.networking.k8s.io'];

/**
 * Speaks up for a policy whose kind or group is misspelt, which would pass for a custom resource and be left out in
 * silence. In a group of Kubernetes itself it is an error (`unknown-version`), as a server has no such kind; in a group
 * that only looks like the right one, a warning (`unknown-group`).
 * @param kinds all that can be decoded, by kind
 */
export function reportMisspeltPolicy(
  apiVersion: string,
  kind: string,
  kinds: ReadonlyMap<string, KindDecoder>,
  context: DecodeContext,
): void {
  if (kind.endsWith('List')) return;
  const meant = POLICY_KINDS.includes(kind) ? kind : nearestNames(kind, POLICY_KINDS, 1)[0];
  const decoder = meant === undefined ? undefined : kinds.get(meant);
  if (decoder === undefined) return;
  const group = groupOf(apiVersion);
  if (!group.includes('.') || CLOSED_GROUPS.includes(group)) {
    context.at([meant === kind ? 'apiVersion' : 'kind'], () => {
      context.report('unknown-version', `no matches for kind "${kind}" in version "${apiVersion}"`, {
        help: say`did you mean ${meant} of ${decoder.apiVersion}?`,
      });
    });
  } else if (meant === kind && nearestNames(group, [groupOf(decoder.apiVersion)], 1).length > 0) {
    context.at(['apiVersion'], () => {
      context.report(
        'unknown-group',
        say`a ${kind} of ${apiVersion} is no network policy of Kubernetes: it is left out`,
        {
          severity: 'warning',
          help: say`did you mean apiVersion: ${decoder.apiVersion}?`,
        },
      );
    });
  }
}

/** The group of an `apiVersion`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
