/**
 * The page behind the link in a notification: the alerts, and forms to acknowledge, escalate and silence. Opening it
 * changes nothing, since mail scanners open every link; a form does, and needs no login but the token in the address.
 */
import { Hono } from 'hono';
import type { ActionResult } from '../../alerts/notification-action.ts';
import type { Log } from '../../model/log.ts';
import { type ReaderAction, SILENCE_MS } from '../../notify/reader-action.ts';
import type { CallerEnv } from '../caller.ts';
import type { PageRenderer } from '../tocsin-v1/backend.ts';
import type { ActionPageBackend } from './backend.ts';

const ACTIONS: ReadonlyMap<string, ReaderAction> = new Map([
  ['acknowledge', { kind: 'acknowledge' }],
  ['escalate', { kind: 'escalate' }],
  ['silence', { kind: 'silence', durationMs: SILENCE_MS }],
]);
const NAME_CHARS_MAX = 80;

export function actionPageRoutes(backend: ActionPageBackend, render: PageRenderer, log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();

  const show = async (token: string, notice: string | null, status = 200): Promise<Response> => {
    const page = await backend.page(token);
    if (page === null) return html(await render.goneAction(), 404);
    return html(await render.action({ ...page, notice }), status);
  };

  app.get('/:token', (context) => show(context.req.param('token'), null));

  app.post('/:token', async (context) => {
    const token = context.req.param('token');
    const form = new URLSearchParams(await context.req.text());
    const action = ACTIONS.get(form.get('action') ?? '');
    if (action === undefined) return show(token, 'Nothing was done: press one of the buttons.', 422);
    const by = (form.get('name') ?? '').trim().slice(0, NAME_CHARS_MAX) || context.env.remoteAddress;
    try {
      return await show(token, noticeOf(action, await backend.act(token, action, by)));
    } catch (error) {
      log.error('a form could not be acted on', { error: error instanceof Error ? error.message : String(error) });
      return show(token, 'Nothing was done, because of an error. Try again; the log says what is wrong.', 500);
    }
  });

  return app;
}

const DONE: Readonly<Record<ReaderAction['kind'], string>> = {
  acknowledge: 'Acknowledged',
  escalate: 'Escalated',
  silence: 'Silenced for one hour',
};

function noticeOf(action: ReaderAction, result: ActionResult): string {
  switch (result.kind) {
    case 'done':
      return `${DONE[action.kind]}.`;
    case 'already':
      return `${DONE[action.kind]} already, by ${result.by} at ${new Date(result.at).toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
    case 'over':
      return 'It is over: nothing of it fires any more.';
    case 'nobody':
      return 'There is nobody to escalate to.';
    case 'unknown':
      return 'This is too old to be answered.';
  }
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const html = (body: string, status: number): Response =>
  new Response(body, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
    },
  });
