/** Reads `sms_configs`: one telephone and what it is told in a text. Ours; Alertmanager texts nobody but through SNS. */
import type { Fields } from '../../config/decode.ts';
import { duration, int, string } from '../../config/scalars.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { readNumber, readTwilio, type TwilioConfig, type TwilioGlobals } from '../twilio/config.ts';

export type SmsConfig = {
  readonly kind: 'sms';
  readonly twilio: TwilioConfig;
  /** A template. */
  readonly to: string;
  /** A template. */
  readonly message: string;
  readonly segmentsMax: number;
  readonly validityMs: DurationMs;
};

/** A messaging service, or a name of up to eleven letters and digits, which nobody can answer. */
const SENDERS = /^MG[0-9a-fA-F]{32}$|^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/;
/** What comes later than this is news no more. */
const VALIDITY_MS = durationMs(300_000);

export function readSms(fields: Fields, globals: TwilioGlobals): SmsConfig {
  const twilio = readTwilio(fields, globals, SENDERS);
  const segmentsMax = fields.get('max_segments', int, 3);
  if (segmentsMax < 1 || segmentsMax > 10)
    fields.problem('max_segments', { code: 'bad_value', message: '"max_segments" must be from 1 to 10', hint: 'each segment is paid for' });
  const validityMs = fields.get('validity', duration, VALIDITY_MS);
  if (validityMs < 10_000 || validityMs > 36_000_000)
    fields.problem('validity', {
      code: 'bad_value',
      message: '"validity" must be from 10s to 10h',
      hint: 'a text that comes later wakes for nothing',
    });
  return {
    kind: 'sms',
    twilio,
    to: readNumber(fields),
    message: fields.get('message', string, '{{ template "sms.default.message" . }}'),
    segmentsMax,
    validityMs,
  };
}
