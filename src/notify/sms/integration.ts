/**
 * Sends a text message. Accepted means that the provider will send it on; whether it arrived is told later, to this
 * server's callback or when the provider is asked.
 */
import { refused, withTemplateErrors } from '../http-integration.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import { accountOf } from '../twilio/account.ts';
import type { TelephonePorts } from '../twilio/book.ts';
import { CALLBACK_URL_REFUSED, OPTED_OUT, outcomeOfTelephony, refusalName } from '../twilio/outcome.ts';
import { adopted } from '../twilio/reconcile.ts';
import { isTemplate, numberIn } from '../twilio/target.ts';
import type { SmsConfig } from './config.ts';
import { smsText } from './message.ts';

export function smsIntegration(config: SmsConfig, ports: TelephonePorts): Integration {
  const text = (inputs: readonly SendInput[]): Promise<SendOutcome> => sendText(config, ports, inputs);
  return {
    send: (input) => text([input]),
    // Where labels give the number each notification may have another.
    ...(isTemplate(config.to) ? {} : { bundle: text }),
    reconcile: async (input) => {
      const target = numberIn(config.to, input);
      if ('why' in target) return refused(target.why);
      const { body } = smsText(config, target.number, [input]);
      return adopted(config.twilio, ports, {
        medium: 'text',
        number: target.number,
        input,
        matches: (record) => record.body === body,
      });
    },
    close: () => {},
  };
}

/** `inputs`: at least one; the first is the one whose address is called back. */
async function sendText(config: SmsConfig, ports: TelephonePorts, inputs: readonly SendInput[]): Promise<SendOutcome> {
  const { telephony, book } = ports;
  const [first] = inputs;
  if (first === undefined) throw new Error('BUG: a text about nothing');
  const target = numberIn(config.to, first);
  if ('why' in target) return refused(target.why);
  const { number } = target;
  const account = accountOf(config.twilio, ports);
  if ('error' in account) return { kind: 'rejected', retry: true, reason: 'other', message: account.error };
  const { body, templateErrors } = smsText(config, number, inputs);
  const order = {
    from: config.twilio.from,
    to: number,
    body,
    statusCallback: config.twilio.authToken === null || first.links === null ? null : `${first.links.callback}/text`,
    validitySeconds: Math.round(config.validityMs / 1000),
  };
  const texted = inputs.map(({ id, replyCode }) => ({ id, replyCode }));
  await book.texting(number, texted, first.now);
  let result = await telephony.sendText(account, order);
  // Better a text whose arrival nobody confirms than none.
  if (order.statusCallback !== null && result.kind === 'refused' && refusalName(result) === CALLBACK_URL_REFUSED)
    result = await telephony.sendText(account, { ...order, statusCallback: null });
  if (result.kind === 'refused' && refusalName(result) === OPTED_OUT) await book.optedOut(number, first.now);
  if (result.kind === 'accepted') {
    const ids = inputs.map(({ id }) => id);
    await book.placed({ medium: 'text', ...result, number, ids, at: first.now });
  }
  return withTemplateErrors(outcomeOfTelephony(result), templateErrors);
}
