import { compareCodePoints } from '../../model/text.ts';
import type { Protocol } from '../../model/types.ts';
import { type Cidr, formatCidr } from '../../net/cidr.ts';
import type { LabelGroup } from './groups.ts';

/** One side of a need. */
export type NeedEnd =
  | { readonly type: 'group'; readonly group: LabelGroup }
  /** Addresses outside the cluster, or of a node. */
  | { readonly type: 'block'; readonly block: Cidr }
  /** Every pod of a namespace. */
  | { readonly type: 'namespace'; readonly namespace: string }
  /** Every pod of the cluster. */
  | { readonly type: 'cluster' }
  /** Every address, inside and outside. */
  | { readonly type: 'anyone' };

/** A connection that policies must admit. */
export interface Need {
  readonly from: NeedEnd;
  readonly to: NeedEnd;
  readonly protocol: Protocol;
  /** Destination ports, inclusive. */
  readonly first: number;
  readonly last: number;
  /** Why, for a comment. */
  readonly because: string;
  /** How often it was observed; absent where it was not. */
  readonly seen?: number;
}

/** Equal exactly for equal ends. */
export function endKey(end: NeedEnd): string {
  switch (end.type) {
    case 'group':
      return `group ${end.group.namespace} ${end.group.id}`;
    case 'block':
      return `block ${formatCidr(end.block)}`;
    case 'namespace':
      return `namespace ${end.namespace}`;
    default:
      return end.type;
  }
}

/** An end in words, for comments. */
export function endWords(end: NeedEnd): string {
  switch (end.type) {
    case 'group':
      return end.group.id;
    case 'block':
      return formatCidr(end.block);
    case 'namespace':
      return `every pod of ${end.namespace}`;
    case 'cluster':
      return 'every pod of the cluster';
    case 'anyone':
      return 'anywhere';
  }
}

/** The namespace whose policies speak of an end. */
export function endNamespace(end: NeedEnd): string | undefined {
  if (end.type === 'group') return end.group.namespace;
  return end.type === 'namespace' ? end.namespace : undefined;
}

export function compareEnds(a: NeedEnd, b: NeedEnd): number {
  return compareCodePoints(endKey(a), endKey(b));
}
