/**
 * Answers of API v2: JSON, never cached. Errors have two shapes, which clients tell apart: what the handlers refuse is a
 * JSON string; what the schema, the router and content negotiation refuse is {"code", "message"} (go-openapi/errors).
 */
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export const json = (text: string, status = 200): Response => new Response(`${text}\n`, { status, headers: HEADERS });

/** 200 or 404 without a body, as the API's delete and post answer. */
export const empty = (status = 200): Response => new Response(null, { status, headers: { 'cache-control': 'no-store' } });

export const refused = (message: string, status = 400): Response => json(JSON.stringify(message), status);

/** Codes of 600 and above name the rule of the schema; HTTP's status is 422 then. */
export type SchemaError = { readonly code: number; readonly message: string };

export const schemaError = ({ code, message }: SchemaError): Response => json(JSON.stringify({ code, message }), code >= 600 ? 422 : code);
