import { type ManifestInput, type ManifestResult, type ReadOptions, readManifests } from '../manifest/read.ts';
import type { Diagnostic, ObjectRef } from '../model/source.ts';
import { type KubeObject, objectRef } from '../model/types.ts';
import { isPolicy, validatePolicy } from '../model/validate/policy.ts';

/** The objects of some texts with everything that is wrong with them, nothing judged yet. */
export interface CheckedInput {
  readonly objects: readonly KubeObject[];
  /** Earlier ones that objects of the same name replace. They are checked all the same, as each was applied. */
  readonly replaced: readonly KubeObject[];
  /** Policies that the API server would refuse. */
  readonly invalid: ReadonlySet<KubeObject>;
  readonly ignored: ManifestResult['ignored'];
  /** Of reading, decoding and validating, in the order of the input. */
  readonly diagnostics: readonly Diagnostic[];
  /** Documents with content, readable or not. */
  readonly documents: number;
}

/** How {@link checkInput} reads. */
export interface CheckOptions extends ReadOptions {
  /** Accept the CIDRs that API servers before strict checking accept. */
  readonly legacyCidrs?: boolean;
  /** Policies that are validated; all when absent. */
  readonly validated?: (policy: KubeObject) => boolean;
}

/** Reads texts and validates the policies in them. Never throws on any content. */
export function checkInput(inputs: readonly ManifestInput[], options: CheckOptions = {}): CheckedInput {
  const { legacyCidrs: _legacy, validated: _validated, ...readOptions } = options;
  const checked = checkObjects(readManifests(inputs, readOptions), options);
  const names = inputs.map(({ name }) => name);
  return { ...checked, diagnostics: inInputOrder(checked.diagnostics, names) };
}

/** Validates the policies among objects that were read, wherever that was. Diagnostics of reading come first. */
export function checkObjects(
  read: ManifestResult,
  { legacyCidrs = false, validated = () => true }: Pick<CheckOptions, 'legacyCidrs' | 'validated'> = {},
): CheckedInput {
  const { objects, replaced, ignored, diagnostics, documents } = read;
  const found = [...diagnostics];
  const invalid = new Set<KubeObject>();
  for (const policy of [...objects, ...replaced]) {
    if (!isPolicy(policy) || !validated(policy)) continue;
    const problems = validatePolicy(policy, { legacyCidrs });
    if (problems.some((one) => one.severity === 'error')) invalid.add(policy);
    found.push(...problems);
  }
  return { objects, replaced, invalid, ignored, diagnostics: found, documents };
}

/** The objects that have a meaning: where the server refuses one, the last valid one that it would have replaced. */
export function usableObjects(checked: Pick<CheckedInput, 'objects' | 'replaced' | 'invalid'>): KubeObject[] {
  return checked.objects.flatMap((object) => (checked.invalid.has(object) ? standIn(object, checked) : [object]));
}

/** What stays in force where the server refuses an object. */
function standIn(refused: KubeObject, { replaced, invalid }: Pick<CheckedInput, 'replaced' | 'invalid'>): KubeObject[] {
  const key = refKey(objectRef(refused));
  const earlier = replaced.findLast((object) => !invalid.has(object) && refKey(objectRef(object)) === key);
  return earlier === undefined ? [] : [earlier];
}

/** Text that tells references apart. */
export function refKey({ kind, namespace, name }: ObjectRef): string {
  return JSON.stringify([kind, namespace, name]);
}

/** By file, in the order they were read, then by line; what has no place comes first. */
export function inInputOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): Diagnostic[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = (diagnostic: Diagnostic): number =>
    diagnostic.source === undefined ? -1 : (order.get(diagnostic.source.file) ?? files.length);
  return [...diagnostics].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.source?.line ?? 0) - (b.source?.line ?? 0) ||
      (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
}
