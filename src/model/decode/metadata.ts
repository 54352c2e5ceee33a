import type { ObjectMeta, OwnerReference } from '../types.ts';
import type { DecodeContext } from './context.ts';
import {
  anything,
  boolean,
  closedRecord,
  integer,
  list,
  type Reader,
  type RecordOf,
  record,
  string,
  stringMap,
  time,
} from './schema.ts';

const ownerFields = {
  apiVersion: string,
  kind: string,
  name: string,
  uid: string,
  controller: boolean,
  blockOwnerDeletion: boolean,
} as const;

const usedFields = {
  name: string,
  generateName: string,
  namespace: string,
  labels: stringMap,
  annotations: stringMap,
  creationTimestamp: time,
  deletionTimestamp: time,
} as const;

const openFields = {
  ...usedFields,
  ownerReferences: list(record({ kind: string, name: string, controller: boolean })),
} as const;

const closedFields = {
  ...usedFields,
  ownerReferences: list(closedRecord(ownerFields)),
  finalizers: list(string),
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: integer,
  deletionGracePeriodSeconds: integer,
  managedFields: list(
    closedRecord({
      manager: string,
      operation: string,
      apiVersion: string,
      time: time,
      fieldsType: string,
      fieldsV1: anything,
      subresource: string,
    }),
  ),
} as const;

/** `metadata` as read, before defaults. */
export type RawMeta = RecordOf<typeof usedFields> & {
  readonly ownerReferences?: readonly RecordOf<typeof ownerFields>[];
  readonly finalizers?: readonly string[];
};

/** The fields of ObjectMeta that every object is read for; others are not looked at. */
export const openMeta: Reader<RawMeta> = record(openFields);

/** The whole of ObjectMeta, in which other fields are unknown. */
export const closedMeta: Reader<RawMeta> = closedRecord(closedFields);

/**
 * The metadata of a policy, with its namespace defaulted. A missing name stays empty: that is for the validator to
 * report.
 * @param namespace of an object that names none; undefined for cluster-scoped kinds
 */
export function policyMeta(raw: RawMeta, namespace: string | undefined): ObjectMeta {
  const meta = baseMeta(raw, raw.name ?? '', namespace);
  if (raw.ownerReferences !== undefined) meta.ownerReferences = raw.ownerReferences.map(ownerReference);
  if (raw.finalizers !== undefined) meta.finalizers = raw.finalizers;
  return meta;
}

/**
 * The metadata of any other object. It must have a name, because that is what endpoints are called; `generateName`
 * stands in for one. Owners without kind or name are left out.
 * @param namespace as for {@link policyMeta}
 */
export function objectMeta(raw: RawMeta, namespace: string | undefined, context: DecodeContext): ObjectMeta {
  const name = raw.name || raw.generateName || '';
  if (name === '') context.required(['metadata', 'name'], 'name or generateName is required');
  const meta = baseMeta(raw, name, namespace);
  const owners = raw.ownerReferences?.filter(isNamed) ?? [];
  if (owners.length > 0) meta.ownerReferences = owners;
  if (raw.deletionTimestamp !== undefined) meta.deletionTimestamp = raw.deletionTimestamp;
  return meta;
}

function isNamed(owner: RecordOf<typeof ownerFields>): owner is OwnerReference {
  return Boolean(owner.kind && owner.name);
}

type MutableMeta = { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] };

function baseMeta(raw: RawMeta, name: string, namespace: string | undefined): MutableMeta {
  const { generateName, labels, annotations, creationTimestamp } = raw;
  const meta: MutableMeta = { name };
  if (generateName) meta.generateName = generateName;
  if (namespace !== undefined) meta.namespace = raw.namespace || namespace;
  if (labels !== undefined) meta.labels = labels;
  if (annotations !== undefined) meta.annotations = annotations;
  if (creationTimestamp !== undefined) meta.creationTimestamp = creationTimestamp;
  return meta;
}

function ownerReference(raw: RecordOf<typeof ownerFields>): OwnerReference {
  return { ...raw, kind: raw.kind ?? '', name: raw.name ?? '' };
}
