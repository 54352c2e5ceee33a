import { isDeepStrictEqual } from 'node:util';
import type { ObjectRef } from '../model/source.ts';
import type { KubeObject } from '../model/types.ts';

/** One object's name among those of all kinds that are decoded. */
export function objectKey({ kind, namespace = '', name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`;
}

/** Whether two objects say the same, wherever they were read. */
export function sameContent(a: KubeObject, b: KubeObject): boolean {
  const { source: _a, ...one } = a;
  const { source: _b, ...other } = b;
  return isDeepStrictEqual(one, other);
}
