/**
 * What Twilio asks and tells: what to say in a call and what a key means, how calls and texts went on, and texts that people
 * sent. Every request must be signed, and belongs to the one notification whose token is in its path, so that one that is
 * right for another is of no use here. All of it may come twice, late and in any order, and nothing is done twice by that.
 */
import { type Context, Hono } from 'hono';
import type { ActionResult } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { Log } from '../../model/log.ts';
import {
  afterNoAction,
  askTwiml,
  CALL_START,
  type CallPlace,
  goodbyeTwiml,
  mailboxTwiml,
  meaningOfKey,
  spokenName,
} from '../../notify/phone/message.ts';
import { messageTwiml } from '../../notify/phone/twiml.ts';
import type { ReaderAction } from '../../notify/reader-action.ts';
import type { CallerEnv } from '../caller.ts';
import type { CallbackRefusal, ProviderStatus, TelephoneBackend } from './backend.ts';
import { isSigned } from './signature.ts';

export function telephoneRoutes(backend: TelephoneBackend, log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();

  const refuse = (reason: CallbackRefusal, status: number, path: string): Response => {
    backend.refused(reason);
    log.warn('a request in the name of the telephone provider was refused', { reason, path: path.replace(/[\w-]{40,}/, '…') });
    return new Response(null, { status });
  };

  /** The form of a request that Twilio signed, or the answer to one that it did not. `path`: below the prefix. */
  const signedForm = async ({ req }: Context<CallerEnv>): Promise<URLSearchParams | Response> => {
    const { path } = req;
    const params = new URLSearchParams(await req.text());
    const base = backend.callbackBase();
    const tokens = backend.signingTokens(params.get('AccountSid') ?? '');
    const url = `${base ?? ''}${path}${new URL(req.url).search}`;
    const signature = req.header('x-twilio-signature') ?? null;
    return base !== null && isSigned({ signature, url, params, tokens }) ? params : refuse('bad_signature', 403, path);
  };

  type Handler = (id: OutboxId, params: URLSearchParams, token: string) => Promise<Response>;
  /** For the notification of the token. */
  const callback =
    (handle: Handler) =>
    async (context: Context<CallerEnv>): Promise<Response> => {
      const params = await signedForm(context);
      if (params instanceof Response) return params;
      const token = context.req.param('token') ?? '';
      const id = await backend.notificationOf(token);
      return id === null ? refuse('unknown_token', 404, context.req.path) : handle(id, params, token);
    };

  const keysOf = (token: string) => (place: CallPlace) =>
    `${backend.callbackBase() ?? ''}/twilio/${token}/keys/${place.step}/${place.tries}`;

  app.post(
    '/:token/voice',
    callback(async (id, params, token) => {
      const call = await backend.call(id, params.get('CallSid') ?? '');
      if (call === null) return refuse('unknown_token', 404, '/voice');
      const isMachine = /^(machine|fax)/.test(params.get('AnsweredBy') ?? '');
      return xml(isMachine ? mailboxTwiml(call.script) : askTwiml(call.script, CALL_START, keysOf(token)));
    }),
  );

  app.post('/:token/keys/:step/:tries', (context) =>
    callback(async (id, params, token) => {
      const call = await backend.call(id, params.get('CallSid') ?? '');
      if (call === null) return refuse('unknown_token', 404, '/keys');
      const place = { step: Number(context.req.param('step')), tries: Number(context.req.param('tries')) };
      const meaning = meaningOfKey(params.get('Digits') ?? '');
      const by = params.get('To') ?? '';
      if (meaning.kind !== 'none') await backend.heard(call.ids, by);
      if (meaning.kind !== 'act') return xml(afterNoAction(call.script, meaning.kind, place, keysOf(token)));
      try {
        const result = await backend.act(call.ids, meaning.action, by);
        return xml(goodbyeTwiml(call.script, spokenResult(meaning.action, result, by, backend.now())));
      } catch (error) {
        log.error('a key could not be acted on', { error: error instanceof Error ? error.message : String(error) });
        return xml(goodbyeTwiml(call.script, 'Nothing was done, because of an error. It is still yours.'));
      }
    })(context),
  );

  const status = (medium: ProviderStatus['medium']) =>
    callback(async (id, params) => {
      const prefix = medium === 'call' ? 'Call' : 'Message';
      const sid = params.get(`${prefix}Sid`) ?? '';
      const state = params.get(`${prefix}Status`) ?? '';
      if (sid === '' || state === '' || sid.length > NAME_CHARS_MAX || state.length > NAME_CHARS_MAX)
        return refuse('bad_request', 400, `/${medium}`);
      const code = params.get('ErrorCode') ?? '';
      await backend.status(id, {
        medium,
        sid,
        status: state,
        number: (params.get('To') ?? '').slice(0, NAME_CHARS_MAX),
        errorCode: /^\d{1,9}$/.test(code) ? Number(code) : null,
        sipCode: params.get('SipResponseCode') ?? '',
      });
      return new Response(null, { status: 204 });
    });
  app.post('/:token/call', status('call'));
  app.post('/:token/text', status('text'));

  app.post('/texts', async (context) => {
    const params = await signedForm(context);
    if (params instanceof Response) return params;
    return xml(messageTwiml(await backend.receiveText(params.get('From') ?? '', params.get('Body') ?? '')));
  });

  return app;
}

/** SIDs are 34 characters long. */
const NAME_CHARS_MAX = 64;

const xml = (twiml: string): Response =>
  new Response(twiml, { headers: { 'content-type': 'text/xml; charset=utf-8', 'cache-control': 'no-store' } });

const DONE: Readonly<Record<ReaderAction['kind'], string>> = {
  acknowledge: 'Acknowledged',
  escalate: 'Escalated',
  silence: 'Silenced for one hour',
};

function spokenResult(action: ReaderAction, result: ActionResult, by: string, now: number): string {
  switch (result.kind) {
    case 'done':
      return `${DONE[action.kind]}.`;
    case 'already': {
      // The same request again, or the same person: it is done.
      if (result.by === by) return `${DONE[action.kind]}.`;
      const minutes = Math.max(0, Math.round((now - result.at) / 60_000));
      return `Already ${DONE[action.kind].toLowerCase()} by ${spokenName(result.by)}, ${minutes < 1 ? 'just now' : minutes === 1 ? '1 minute ago' : `${minutes} minutes ago`}.`;
    }
    case 'over':
      return 'It is over: nothing of it fires any more.';
    case 'nobody':
      return 'There is nobody to escalate to. It is still yours.';
    case 'unknown':
      return 'This is too old to be answered.';
  }
}
