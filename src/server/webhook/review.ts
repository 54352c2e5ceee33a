/** `admission.k8s.io/v1` AdmissionReview: what of it is read and written. */

import { z } from 'zod';
import type { AdmissionChange } from './admission.ts';

const request = z.looseObject({
  uid: z.string().min(1).max(256),
  kind: z.looseObject({ group: z.string(), version: z.string(), kind: z.string() }),
  subResource: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  object: z.unknown().optional(),
  oldObject: z.unknown().optional(),
  dryRun: z.boolean().nullish(),
});

const review = z.looseObject({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request,
});

/** A request to judge a change. */
export interface AdmissionRequest {
  readonly uid: string;
  /** For the log: `NetworkPolicy shop/cart`. */
  readonly what: string;
  readonly operation: string;
  readonly dryRun: boolean;
  /** Undefined where there is nothing to judge: other kinds, sub-resources, connections. */
  readonly change?: AdmissionChange;
}

/**
 * Kinds with their API group. Others are let through, those of the same name in another group too: a webhook that is
 * configured for too much must not stop a cluster.
 */
const POLICY_KINDS: Readonly<Partial<Record<string, string>>> = {
  NetworkPolicy: 'networking.k8s.io',
  ClusterNetworkPolicy: 'policy.networking.k8s.io',
  AdminNetworkPolicy: 'policy.networking.k8s.io',
  BaselineAdminNetworkPolicy: 'policy.networking.k8s.io',
};

/** Reads the body of a request, or says what is wrong with it. */
export function readReview(text: string): AdmissionRequest | { readonly error: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: `the body is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const parsed = review.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    return { error: `the body is no AdmissionReview of admission.k8s.io/v1: ${where}${issue?.message ?? ''}` };
  }
  const { uid, kind, namespace, name, operation, subResource = '', object, oldObject, dryRun } = parsed.data.request;
  const judged = subResource === '' && operation !== 'CONNECT' && isPolicyKind(kind);
  return {
    uid,
    what: `${kind.kind} ${namespace === undefined || namespace === '' ? '' : `${namespace}/`}${name ?? ''}`,
    operation,
    dryRun: dryRun === true,
    ...(judged ? { change: { operation, object, oldObject, ...(namespace === undefined ? {} : { namespace }) } } : {}),
  };
}

function isPolicyKind({ kind, group }: { readonly kind: string; readonly group: string }): boolean {
  return Object.hasOwn(POLICY_KINDS, kind) && POLICY_KINDS[kind] === group;
}

/** The answer to a request. */
export function reviewResponse(
  uid: string,
  denial: string | undefined,
  warnings: readonly string[],
): { readonly apiVersion: string; readonly kind: string; readonly response: object } {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: denial === undefined,
      ...(denial === undefined ? {} : { status: { code: 403, reason: 'Forbidden', message: denial } }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  };
}
