import type { FindingData } from '../../report/findings.ts';

/** Why a request is refused, as `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 406 | 411 | 413 | 415 | 421 | 422 | 429 | 500 | 503;
  readonly title: string;
  readonly detail: string;
  readonly suggestions?: readonly string[];
  readonly findings?: readonly FindingData[];
  /** Which part of the request is wrong. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** A request that is refused; thrown by handlers, answered by {@link problemResponse}. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** The answer that tells a problem. */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  const body = JSON.stringify({ type: 'about:blank', ...problem });
  return new Response(`${body}\n`, {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });
}
