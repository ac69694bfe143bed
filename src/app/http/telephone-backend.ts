/** What stands behind the telephone's routes: the desk, the router's actions, and the texts that people send. */
import type { TelephoneBackend } from '../../api/actions/backend.ts';
import type { App } from '../app.ts';
import { actOnAll, answerText } from '../control/text-replies.ts';

export function telephoneBackend(app: App): TelephoneBackend {
  const { telephones, ways, actions } = app;
  const { clock, log } = app.ports;
  const { desk } = telephones;
  return {
    callbackBase: () => ways.callbackBase,
    signingTokens: (accountSid) => telephones.signingTokens(accountSid),
    notificationOf: async (token) => (await telephones.notificationOf(token, 'callback'))?.id ?? null,
    call: (id, callSid) => telephones.call(id, callSid),
    act: async (ids, action, by) => {
      const result = await actOnAll(actions, ids, action, by);
      if (result.kind !== 'nobody' && result.kind !== 'unknown') await desk.dealtWith(ids);
      return result;
    },
    heard: (ids, by) => desk.heard(ids, `a key was pressed at ${by}`),
    status: (id, status) => desk.status(id, status),
    receiveText: (from, body) => answerText({ clock, log, telephones: telephones.repository, desk, actions }, from, body),
    refused: (reason) => app.stats.callbacksRefused.set(reason, (app.stats.callbacksRefused.get(reason) ?? 0) + 1),
    now: () => clock.now(),
  };
}
