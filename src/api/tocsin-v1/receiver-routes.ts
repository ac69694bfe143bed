/** POST /receivers/NAME/test: what a receiver sends for an alert, and, where that is asked for, sending it. */
import { Hono } from 'hono';
import { goQuote } from '../../lib/go-quote.ts';
import { isUtf8LabelName } from '../../model/labels.ts';
import type { CallerEnv } from '../caller.ts';
import type { ReceiversBackend } from './backend.ts';
import { problem } from './problem.ts';
import type { ReceiverTestAsked } from './receiver-test.ts';

export function receiverRoutes(backend: ReceiversBackend): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.all('/:name/test', async (context) => {
    const { method } = context.req;
    if (method !== 'POST') {
      const refused = problem(405, `method ${method} is not allowed here: use POST`);
      refused.headers.set('allow', 'POST');
      return refused;
    }
    const asked = askedIn(await context.req.text());
    if ('error' in asked) return problem(400, asked.error);
    const test = await backend.test(context.req.param('name'), asked);
    if ('error' in test) return problem(404, test.error);
    return new Response(`${JSON.stringify(test)}\n`, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
  });
  return app;
}

const FIELDS = ['send', 'resolved', 'labels', 'annotations'];
const EXAMPLE = '{"send": false, "labels": {"severity": "critical"}}';

/** An empty body asks for nothing to be sent. */
function askedIn(text: string): ReceiverTestAsked | { readonly error: string } {
  let json: unknown;
  try {
    json = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return { error: `the body is not JSON such as ${EXAMPLE}` };
    throw error;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { error: `the body is not an object such as ${EXAMPLE}` };
  const fields = json as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return { error: `unknown field ${goQuote(unknown)}: there are ${FIELDS.join(', ')}` };
  const { send = false, resolved = false, labels = {}, annotations = {} } = fields;
  if (typeof send !== 'boolean' || typeof resolved !== 'boolean') return { error: 'send and resolved are true or false' };
  if (!isTexts(labels) || !isTexts(annotations)) return { error: `labels and annotations are objects of texts, as in ${EXAMPLE}` };
  return { send, isResolved: resolved, labels, annotations };
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(([name, text]) => isUtf8LabelName(name) && typeof text === 'string');
