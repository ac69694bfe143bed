/**
 * Answers of API v2: JSON, never kept but for the large lists, which may be asked for again by their tag. Errors have two shapes, which clients tell apart: what the handlers refuse is a
 * JSON string; what the schema, the router and content negotiation refuse is {"code", "message"} (go-openapi/errors).
 */
import { wholeResponse } from '../whole-response.ts';
import { AnswerWriter } from './answer-writer.ts';

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export const json = (text: string, status = 200): Response => wholeResponse(`${text}\n`, HEADERS, status);

/**
 * A list that a client may have already: 304 without a body where it has the one with this tag, and then nothing is
 * gathered and written. Alertmanager has no tags; whoever sends none sees no difference.
 */
export function tagged(ifNoneMatch: string | undefined, tag: string, write: (out: AnswerWriter) => void): Response {
  // Weak: compressed it is other bytes.
  const headers = { etag: `W/"${tag}"`, 'cache-control': 'private, no-cache' };
  if (ifNoneMatch !== undefined && isAmong(tag, ifNoneMatch)) return new Response(null, { status: 304, headers });
  const out = new AnswerWriter();
  write(out);
  out.text('\n');
  return wholeResponse(out.finish(), { ...HEADERS, ...headers });
}

const isAmong = (tag: string, ifNoneMatch: string): boolean =>
  ifNoneMatch.split(',').some((known) => known.trim() === '*' || known.trim().replace(/^W\//, '') === `"${tag}"`);

/** 200 or 404 without a body, as the API's delete and post answer. */
export const empty = (status = 200): Response => wholeResponse(null, { 'cache-control': 'no-store' }, status);

export const refused = (message: string, status = 400): Response => json(JSON.stringify(message), status);

/** Codes of 600 and above name the rule of the schema; HTTP's status is 422 then. */
export type SchemaError = { readonly code: number; readonly message: string };

export const schemaError = ({ code, message }: SchemaError): Response =>
  new Response(`${JSON.stringify({ code, message })}\n`, { status: code >= 600 ? 422 : code, headers: HEADERS });
