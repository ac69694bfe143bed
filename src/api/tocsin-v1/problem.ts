/** Errors of our own API: problem details (RFC 9457). The title is the status in words, the detail says what and how to go on. */
import { httpStatusText } from '../../lib/http-status.ts';

export const problem = (status: number, detail: string): Response =>
  new Response(`${JSON.stringify({ type: 'about:blank', title: httpStatusText(status), status, detail })}\n`, {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
