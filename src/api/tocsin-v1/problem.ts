/**
 * Errors of our own API: problem details (RFC 9457). The title is the status in words, the detail says what and how to go
 * on; where several things are wrong at once, `errors` names each with its place.
 */
import { httpStatusText } from '../../lib/http-status.ts';

/** One thing that is wrong. */
export type ProblemPart = {
  /** A parameter's or header's name, or a pointer into the body (RFC 6901) such as `/matchers/0/name`. */
  readonly where: string;
  readonly detail: string;
};

export function problem(status: number, detail: string, errors: readonly ProblemPart[] = []): Response {
  const body = { type: 'about:blank', title: httpStatusText(status), status, detail, ...(errors.length > 0 && { errors }) };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { 'content-type': 'application/problem+json' } });
}

/** Thrown by handlers and answered as the problem that it is. */
export class ProblemError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.headers = headers;
  }

  toResponse(): Response {
    const response = problem(this.status, this.message);
    for (const [name, value] of Object.entries(this.headers)) response.headers.set(name, value);
    return response;
  }
}
