/**
 * Calls a telephone. Where this server can be called back the call asks for keys, and what it says is fetched when it is
 * answered; else it speaks its text and ends. Accepted means that the provider dials, not that anybody heard it.
 */
import type { CallOrder } from '../../model/telephony.ts';
import { refused, withTemplateErrors } from '../http-integration.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import { accountOf } from '../twilio/account.ts';
import type { TelephonePorts } from '../twilio/book.ts';
import { CALLBACK_URL_REFUSED, outcomeOfTelephony, refusalName } from '../twilio/outcome.ts';
import { adopted } from '../twilio/reconcile.ts';
import { isTemplate, numberIn } from '../twilio/target.ts';
import type { PhoneConfig } from './config.ts';
import { callScript, oneWayTwiml } from './message.ts';

export function phoneIntegration(config: PhoneConfig, ports: TelephonePorts): Integration {
  const call = (inputs: readonly SendInput[]): Promise<SendOutcome> => placeCall(config, ports, inputs);
  return {
    send: (input) => call([input]),
    // Where labels give the number each notification may have another.
    ...(isTemplate(config.to) ? {} : { bundle: call }),
    reconcile: async (input) => {
      const target = numberIn(config.to, input);
      if ('why' in target) return refused(target.why);
      return adopted(config.twilio, ports, { medium: 'call', number: target.number, input, matches: () => true });
    },
    close: () => {},
  };
}

/** `inputs`: at least one; the first is the one whose address is called back. */
async function placeCall(config: PhoneConfig, ports: TelephonePorts, inputs: readonly SendInput[]): Promise<SendOutcome> {
  const { telephony, book } = ports;
  const [first] = inputs;
  if (first === undefined) throw new Error('BUG: a call about nothing');
  const target = numberIn(config.to, first);
  if ('why' in target) return refused(target.why);
  const account = accountOf(config.twilio, ports);
  if ('error' in account) return { kind: 'rejected', retry: true, reason: 'other', message: account.error };
  const script = callScript(config, inputs);
  const oneWay = orderOf(config, target.number, { kind: 'inline', twiml: oneWayTwiml(script) }, null);
  const callback = callbackOf(config, first);
  const answered =
    callback === null ? oneWay : orderOf(config, target.number, { kind: 'fetched', url: `${callback}/voice` }, `${callback}/call`);
  let result = await telephony.placeCall(account, answered);
  // Better a call that takes no keys than none.
  if (callback !== null && result.kind === 'refused' && refusalName(result) === CALLBACK_URL_REFUSED)
    result = await telephony.placeCall(account, oneWay);
  if (result.kind === 'accepted') {
    const ids = inputs.map(({ id }) => id);
    await book.placed({ medium: 'call', ...result, number: target.number, ids, at: first.now });
  }
  return withTemplateErrors(outcomeOfTelephony(result), script.templateErrors);
}

/** Null: no key would arrive, or none could be believed. */
const callbackOf = ({ twilio }: PhoneConfig, { links }: SendInput): string | null =>
  twilio.authToken === null ? null : (links?.callback ?? null);

const orderOf = (config: PhoneConfig, to: string, script: CallOrder['script'], statusCallback: string | null): CallOrder => ({
  from: config.twilio.from,
  to,
  script,
  statusCallback,
  ringSeconds: Math.round(config.ringMs / 1000),
  detectMachine: config.detectMachine,
});
