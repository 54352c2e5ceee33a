/** AdmissionReviews as an API server sends them, over TLS. */

import { request as httpsRequest } from 'node:https';
import { expect } from 'vitest';
import { sharedAuthority } from './api-server.ts';
import type { Manifest } from './manifests.ts';
import type { Certificate } from './pki.ts';

/** A review of a change; `more` are further fields of the request. */
export function reviewOf(operation: string, object: unknown, oldObject: unknown = null, more: Manifest = {}): string {
  const { kind, apiVersion, metadata } = (object ?? oldObject) as {
    kind: string;
    apiVersion: string;
    metadata: Manifest;
  };
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group, version, kind },
      resource: { group, version, resource: `${kind.toLowerCase()}s` },
      requestKind: { group, version, kind },
      name: metadata['name'],
      namespace: metadata['namespace'],
      operation,
      userInfo: { username: 'admin', groups: ['system:authenticated'] },
      object,
      oldObject,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: `${operation}Options` },
      ...more,
    },
  });
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}
/** A review with its response. */
export interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string };
    readonly warnings?: readonly string[];
  };
}

/** Sends a body to a webhook that has a certificate of {@link sharedAuthority}. */
export function send(
  port: number,
  body: string,
  {
    method = 'POST',
    type = 'application/json',
    at = '/validate?timeout=10s',
    client = undefined as Certificate | undefined,
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: at,
      method,
      ca: sharedAuthority().authority.cert,
      agent: false as const,
      headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) },
      ...(client === undefined ? {} : client),
    };
    const request = httpsRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
    request.end(method === 'GET' ? undefined : body);
  });
}

/** What a webhook makes of a review; fails where it is not answered as reviews are. */
export async function judged(port: number, body: string): Promise<Review['response']> {
  const { status, text } = await send(port, body);
  expect(`${status} ${status === 200 ? '' : text}`).toBe('200 ');
  const review = JSON.parse(text) as Review;
  expect(review).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  expect(review.response.uid).toBe('705ab4f5-6393-11e8-b7cc-42010a800002');
  for (const warning of review.response.warnings ?? []) expect(warning.length).toBeLessThanOrEqual(256);
  return review.response;
}
