/** How large the body of a request may be, by path: nobody can make the process keep more than that. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit as limitBody } from 'hono/body-limit';
import { CAPABILITY_BODY_BYTES_MAX, isCapability } from './actions/paths.ts';
import { isBelow, refusal } from './refusal.ts';

const MIB = 1024 * 1024;
const LIMITS: Readonly<Record<string, number>> = {
  // Compressed; senders cut their requests far below.
  '/api/v1/write': 32 * MIB,
  // Some thirty thousand alerts.
  '/api/v2/alerts': 32 * MIB,
};
/** Of a silence or a label set of our own API. */
const OWN = 1 * MIB;
/** Of a form with a query (Go's limit), a silence, a page's form. */
const USUAL = 10 * MIB;

export const bodyLimit: MiddlewareHandler = (context, next) => {
  const { method, path } = context.req;
  if (method === 'GET' || method === 'HEAD') return next();
  const maxSize = isCapability(path) ? CAPABILITY_BODY_BYTES_MAX : (LIMITS[path] ?? (isBelow(path, '/api/tocsin') ? OWN : USUAL));
  const onError = (): Response => refusal(path, 413, `the body is larger than ${maxSize} bytes`);
  // No more is read than was announced. Hono's own check would ask for the body first, which makes it a stream: reading
  // that takes longer than handling what is in it.
  const length = context.req.header('content-length');
  if (length !== undefined && context.req.header('transfer-encoding') === undefined) {
    return Number(length) > maxSize ? Promise.resolve(onError()) : next();
  }
  return limitBody({ maxSize, onError })(context, next);
};
