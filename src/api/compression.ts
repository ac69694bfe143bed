/** gzip for answers that are worth it, where the client takes it. They are whole already; streams of events stay as they are. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { type ResponseParts, withHeaders } from './whole-response.ts';

const compress = promisify(gzip);
const encoder = new TextEncoder();

/** Below, what the headers add and the time it takes outweigh what is saved. */
const BYTES_MIN = 1400;
/** Near the best ratio for JSON and text, at a third of the time of level 6. */
const LEVEL = 3;
const VARIES = { vary: 'Accept-Encoding' };
const COMPRESSIBLE = /^(?:text\/(?!event-stream\b)|application\/(?:[a-z.+-]*\+)?json\b|application\/openmetrics-text\b)/;

/** Of one whose parts are known; a promise only where it is compressed. */
export function compressedParts(parts: ResponseParts, request: Request): ResponseParts | Promise<ResponseParts> {
  const { body, headers } = parts;
  if (headers['content-encoding'] !== undefined || !COMPRESSIBLE.test(headers['content-type'] ?? '')) return parts;
  const varied = withHeaders(headers, VARIES);
  const whole = { ...parts, headers: varied };
  if (body === null || !takesGzip(request.headers.get('accept-encoding'))) return whole;
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  return bytes.length < BYTES_MIN ? whole : gzipped(whole, bytes);
}

const gzipped = async (whole: ResponseParts, bytes: Uint8Array): Promise<ResponseParts> => ({
  ...whole,
  headers: { ...whole.headers, 'content-encoding': 'gzip' },
  body: new Uint8Array(await compress(bytes, { level: LEVEL })),
});

export async function compressed(response: Response, request: Request): Promise<Response> {
  // Not `response.body`: whoever asks for it has the body made into a stream, and it leaves much slower.
  const { headers } = response;
  if (headers.has('content-encoding') || !COMPRESSIBLE.test(headers.get('content-type') ?? '')) return response;
  headers.append('vary', 'Accept-Encoding');
  if (request.method === 'HEAD' || !takesGzip(request.headers.get('accept-encoding'))) return response;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  if (bytes.length < BYTES_MIN) return new Response(bytes, { status, headers });
  headers.set('content-encoding', 'gzip');
  headers.delete('content-length');
  return new Response(new Uint8Array(await compress(bytes, { level: LEVEL })), { status, headers });
}

function takesGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false;
  for (const part of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (name !== 'gzip' && name !== '*') continue;
    return !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  }
  return false;
}
