import { stringify } from 'yaml';
import type { Manifest } from './manifests.ts';

/** The text of a manifest file with these objects, for the YAML 1.1 that Kubernetes reads: `y` needs its quotes. */
export function yamlOf(objects: readonly unknown[]): string {
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false, version: '1.1' })).join('---\n');
}

/** As `kubectl get -o json` writes them. */
export function jsonListOf(objects: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2);
}
