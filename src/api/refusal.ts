/**
 * Errors that the server itself answers, before or instead of a handler, in the form that the clients of each API read:
 * Prometheus' envelope, Alertmanager's {code, message}, problem details, and JSON for any other path. Never a web page:
 * Grafana takes one for a sign of another product.
 */

import { schemaError } from './alertmanager-v2/respond.ts';
import type { ApiErrorType } from './prometheus-v1/backend.ts';
import { failure } from './prometheus-v1/respond.ts';
import { problem } from './tocsin-v1/problem.ts';

/** `path`: without the route prefix. */
export function refusal(path: string, status: number, message: string): Response {
  if (isBelow(path, '/api/v1')) return failure({ type: errorType(status), message }, status);
  if (isBelow(path, '/api/v2')) return schemaError({ code: status, message });
  if (isBelow(path, '/api/tocsin')) return problem(status, message);
  return new Response(`${JSON.stringify({ error: message })}\n`, { status, headers: { 'content-type': 'application/json' } });
}

export const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

function errorType(status: number): ApiErrorType {
  if (status === 404) return 'not_found';
  if (status === 503) return 'unavailable';
  return status >= 500 ? 'internal' : 'bad_data';
}
