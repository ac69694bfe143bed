/**
 * The plain page: what is going on at /, the form for a silence, messages of the inbox, and the addresses that links in
 * old messages lead to. It works without script: forms are posted and answered by a redirect, whose `notice` names one of
 * the sentences below.
 */
import { type Context, Hono } from 'hono';
import type { SilenceId } from '../../alerts/router-state.ts';
import type { Log } from '../../model/log.ts';
import type { AlertmanagerBackend } from '../alertmanager-v2/backend.ts';
import { type CallerEnv, callerName } from '../caller.ts';
import { refusal } from '../refusal.ts';
import type { HistoryBackend, OverviewBackend, PageRenderer } from '../tocsin-v1/backend.ts';
import { formValues, type SilenceFormValues, silenceOf } from './silence-form.ts';

export type PageOptions = {
  readonly overview: OverviewBackend;
  readonly alertmanager: Pick<AlertmanagerBackend, 'putSilence' | 'expireSilence' | 'matcherMode' | 'now'>;
  readonly history: Pick<HistoryBackend, 'inboxMessage'>;
  readonly render: PageRenderer;
  readonly log: Log;
  /** '' or '/x', in front of the page's path as browsers see it. */
  readonly prefix: string;
};

const NOTICES: ReadonlyMap<string, string> = new Map([
  ['silenced', 'The silence is in force.'],
  ['expired', 'The silence has ended.'],
  ['no_such_silence', 'There is no such silence; it may have been forgotten since it ended.'],
]);

/** Pages of Prometheus and Alertmanager, and where on ours their content is. */
const OLD_PAGES: Readonly<Record<string, string>> = {
  '/alerts': 'alerts',
  '/graph': 'alerts',
  '/query': 'alerts',
  '/rules': 'alerts',
  '/silences': 'silences',
  '/targets': 'targets',
  '/service-discovery': 'targets',
};

export function pageRoutes({ overview, alertmanager, history, render, log, prefix }: PageOptions): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();

  const form = async (values: SilenceFormValues, errors: readonly string[], status = 200): Promise<Response> =>
    page(await render.silenceForm({ title: overview.title, prefix, error: errors.length === 0 ? null : errors.join(' '), values }), status);
  const back = (notice: string): Response => redirect(`${prefix}/?notice=${notice}#silences`);

  app.get('/', async (context) => {
    const notice = NOTICES.get(context.req.query('notice') ?? '') ?? null;
    return page(await render.overview(await overview.overview(notice)));
  });

  app.get('/silences/new', (context) => form(formValues(new URL(context.req.url).searchParams), []));

  app.post('/silences', async (context) => {
    const values = formValues(new URLSearchParams(await context.req.text()));
    const silence = silenceOf(values, alertmanager.matcherMode, alertmanager.now());
    if ('errors' in silence) return form(values, silence.errors, 422);
    try {
      const put = await alertmanager.putSilence(silence);
      return put.kind === 'refused' ? await form(values, [`The silence was refused: ${put.message}.`], 422) : back('silenced');
    } catch (error) {
      log.error('a silence could not be stored', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return form(values, ['The silence could not be stored; nothing is silenced. Try again; the log says what is wrong.'], 500);
    }
  });

  app.post('/silences/:id/expire', async (context) => {
    const id = (context.req.param('id') ?? '') as SilenceId;
    return back((await alertmanager.expireSilence(id, callerName(context.env))) ? 'expired' : 'no_such_silence');
  });

  app.get('/silences/:id', () => redirect(`${prefix}/#silences`));

  app.get('/inbox/:id', async (context) => {
    const id = context.req.param('id') ?? '';
    const message = await history.inboxMessage(id);
    return message === null ? refusal('/inbox', 404, 'there is no such message in the inbox') : page(message.html, 200, MESSAGE_POLICY);
  });

  for (const [path, section] of Object.entries(OLD_PAGES)) app.get(path, (context) => redirect(`${prefix}/${queryOf(context)}#${section}`));

  return app;
}

const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/** A message is whatever templates make of labels: it may show text, and nothing else. */
const MESSAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox";

const page = (html: string, status = 200, policy = PAGE_POLICY): Response =>
  new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'cache-control': 'no-store' },
  });

const redirect = (location: string): Response => new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });

/** What an old link carried (the expression of a graph, a filter) goes along. */
const queryOf = (context: Context): string => new URL(context.req.url).search;
