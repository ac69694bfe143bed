/** What a call that failed is answered with. A fault of ours is logged whole and named; the caller gets one line. */
import type { Log } from '../../model/log.ts';
import { QueryError } from '../../promql/query-error.ts';
import type { CallError } from '../protocol.ts';

/** The caller's request is wrong; the message is for them. */
export class BadCall extends Error {}

export function errorOf(error: unknown, log: Log): CallError {
  if (error instanceof QueryError) return { type: error.type, message: error.message };
  if (error instanceof BadCall) return { type: 'bad_data', message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  if (message === 'Service Unavailable') return { type: 'unavailable', message };
  log.error('a call failed', { error: error instanceof Error ? (error.stack ?? message) : message });
  return { type: 'internal', message };
}
