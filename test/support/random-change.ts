/** Random changes of random clusters: objects removed, replaced and added, all else alike. */

import fc from 'fast-check';
import type { Manifest } from './manifests.ts';
import { printed, type RandomCluster, randomCluster } from './random-cluster.ts';

export interface RandomChange {
  readonly old: RandomCluster;
  readonly new: RandomCluster;
}

/** Names an object: equal for two versions of it. */
export function objectKey(manifest: Manifest): string {
  const { name, namespace } = manifest['metadata'] as { readonly name: string; readonly namespace?: string };
  return `${String(manifest['kind'])}/${namespace ?? ''}/${name}`;
}

/** Two clusters with the same `--pod-cidr` and domains. Few objects differ, so that most changes have one cause. */
export const randomChange: fc.Arbitrary<RandomChange> = fc
  .noBias(
    fc.record({
      old: randomCluster,
      other: randomCluster,
      removed: fc.uniqueArray(fc.nat(19), { maxLength: 2 }),
      taken: fc.uniqueArray(fc.nat(19), { maxLength: 3 }),
    }),
  )
  .map(({ old, other, removed, taken }): RandomChange => {
    const at = (manifests: readonly Manifest[], indexes: readonly number[]): Manifest[] =>
      indexes.map((index) => manifests[index]).filter((manifest) => manifest !== undefined);
    const incoming = at(other.manifests, taken);
    const gone = new Set([...incoming, ...at(old.manifests, removed)].map(objectKey));
    const kept = old.manifests.filter((manifest) => !gone.has(objectKey(manifest)));
    const unique = new Map(incoming.map((manifest) => [objectKey(manifest), manifest]));
    const fresh = printed({ ...old, manifests: [...kept, ...unique.values()] });
    const change = { old, new: fresh };
    const text = (): string => `OLD\n${fc.stringify(old)}\nNEW\n${fc.stringify(fresh)}`;
    return Object.defineProperty(change, fc.toStringMethod, { value: text, enumerable: false });
  });
