/** Reads `phone_configs`: one telephone, what it is told and how long it rings. Ours; Alertmanager calls nobody. */
import type { Fields } from '../../config/decode.ts';
import { bool, duration, scalar, string } from '../../config/scalars.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { readNumber, readTwilio, type TwilioConfig, type TwilioGlobals } from '../twilio/config.ts';

export type PhoneConfig = {
  readonly kind: 'phone';
  readonly twilio: TwilioConfig;
  /** A template. */
  readonly to: string;
  /** A template; what is spoken. */
  readonly message: string;
  readonly language: string;
  readonly voice: string;
  readonly ringMs: DurationMs;
  readonly detectMachine: boolean;
};

const RING_MS = durationMs(40_000);
const RING_MS_MAX = 600_000;

export function readPhone(fields: Fields, globals: TwilioGlobals): PhoneConfig {
  const twilio = readTwilio(fields, globals, null);
  const ringMs = fields.get('ring', duration, RING_MS);
  if (ringMs < 5000 || ringMs > RING_MS_MAX)
    fields.problem('ring', { code: 'bad_value', message: '"ring" must be from 5s to 10m', hint: 'a mailbox answers after half a minute' });
  return {
    kind: 'phone',
    twilio,
    to: readNumber(fields),
    message: fields.get('message', string, '{{ template "phone.default.message" . }}'),
    language: fields.get('language', language, 'en-US'),
    voice: fields.get('voice', string),
    ringMs,
    detectMachine: fields.get('detect_machine', bool),
  };
}

const language = scalar({
  goType: 'string',
  expects: 'a language',
  zero: '',
  parse: (text, fail) =>
    /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text)
      ? text
      : fail({ code: 'bad_value', message: `"${text}" is not a language`, hint: 'such as en-US, en-GB or de-DE' }),
});
