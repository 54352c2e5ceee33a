import { utf8Length } from '../go-text.ts';
import type { FieldPath } from '../source.ts';
import type { ObjectMeta, OwnerReference } from '../types.ts';
import type { FieldErrors } from './field-errors.ts';
import {
  annotationKeyProblems,
  dnsLabelProblems,
  generateNameProblems,
  labelKeyProblems,
  labelValueProblems,
  subdomainProblems,
} from './names.ts';

const ANNOTATIONS_MAX = 256 * 1024;

/**
 * The rules for the metadata of an object on creation (spec section 3.2); cluster-scoped ones have no namespace. `generation` and `managedFields`
 * are left out: the server sets them itself. So is the name that the server would make from `generateName`.
 */
export function validateMetadata(meta: ObjectMeta, errors: FieldErrors, namespaced: boolean = true): void {
  const { name, generateName = '', namespace = '' } = meta;
  if (generateName !== '') {
    errors.invalidEach(['metadata', 'generateName'], generateName, generateNameProblems(generateName));
  }
  if (name !== '') {
    errors.invalidEach(['metadata', 'name'], name, subdomainProblems(name));
  } else if (generateName === '') {
    errors.required(['metadata', 'name'], 'name or generateName is required');
  }
  if (namespaced && namespace === '') errors.required(['metadata', 'namespace']);
  else if (namespaced) errors.invalidEach(['metadata', 'namespace'], namespace, dnsLabelProblems(namespace));

  if (meta.labels !== undefined) validateLabels(meta.labels, ['metadata', 'labels'], errors);
  if (meta.annotations !== undefined) validateAnnotations(meta.annotations, errors);
  if (meta.ownerReferences !== undefined) validateOwnerReferences(meta.ownerReferences, errors);
  if (meta.finalizers !== undefined) validateFinalizers(meta.finalizers, errors);
}

/** Keys and values of labels; errors name the map, not the key, and come in written order (upstream's is random). */
export function validateLabels(labels: Readonly<Record<string, string>>, path: FieldPath, errors: FieldErrors): void {
  for (const [key, value] of Object.entries(labels)) {
    errors.invalidEach(path, key, labelKeyProblems(key));
    errors.invalidEach(path, value, labelValueProblems(value));
  }
}

function validateAnnotations(annotations: Readonly<Record<string, string>>, errors: FieldErrors): void {
  const path = ['metadata', 'annotations'];
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    errors.invalidEach(path, key, annotationKeyProblems(key));
    size += utf8Length(key) + utf8Length(value);
  }
  if (size > ANNOTATIONS_MAX) errors.tooLong(path, ANNOTATIONS_MAX);
}

function validateOwnerReferences(owners: readonly OwnerReference[], errors: FieldErrors): void {
  const path = ['metadata', 'ownerReferences'];
  let controller: string | undefined;
  for (const [index, owner] of owners.entries()) {
    const { apiVersion = '', kind, name, uid = '' } = owner;
    const at = [...path, index];
    if (apiVersion === '') errors.required([...at, 'apiVersion'], 'must not be empty');
    else if (!isGroupVersion(apiVersion)) {
      errors.invalid([...at, 'apiVersion'], apiVersion, 'must be <group>/<version> or <version>');
    }
    if (kind === '') errors.required([...at, 'kind'], 'must not be empty');
    if (name === '') errors.required([...at, 'name'], 'must not be empty');
    if (uid === '') errors.required([...at, 'uid'], 'must not be empty');
    if ((apiVersion === 'v1' || apiVersion === '/v1') && kind === 'Event') {
      errors.invalid(at, goOwner(owner), '/v1, Kind=Event is disallowed from being an owner');
    }
    if (owner.controller !== true) continue;
    const text = `${kind}/${name}`;
    if (controller === undefined) {
      controller = text;
    } else {
      const found = `Found "true" in references for ${controller} and ${text}`;
      errors.invalid(path, owners.map(goOwner), `Only one reference can have Controller set to true. ${found}`);
    }
  }
}

function isGroupVersion(text: string): boolean {
  if (text === '/') return false;
  const parts = text.split('/');
  return parts.length <= 2 && parts.at(-1) !== '';
}

/** An owner with its fields in the order in which the server prints them. */
function goOwner(owner: OwnerReference): object {
  const { apiVersion = '', kind, name, uid = '', controller, blockOwnerDeletion } = owner;
  return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

function validateFinalizers(finalizers: readonly string[], errors: FieldErrors): void {
  const path = ['metadata', 'finalizers'];
  for (const finalizer of finalizers) errors.invalidEach(path, finalizer, labelKeyProblems(finalizer));
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
  for (const [index, finalizer] of finalizers.entries()) {
    if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) continue;
    errors.invalid([...path, index], finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}
