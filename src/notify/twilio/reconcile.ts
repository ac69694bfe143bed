/** Whether the provider took a call or a text all the same, of which no answer came: by number, time and what it said. */
import type { Medium, TelephonyRecord } from '../../model/telephony.ts';
import type { SendInput, SendOutcome } from '../integration.ts';
import { accountOf } from './account.ts';
import type { TelephonePorts } from './book.ts';
import type { TwilioConfig } from './config.ts';
import { outcomeOfFailure, outcomeOfTelephony } from './outcome.ts';

export async function adopted(
  config: TwilioConfig,
  ports: TelephonePorts,
  sought: {
    readonly medium: Medium;
    readonly number: string;
    readonly input: SendInput;
    readonly matches: (record: TelephonyRecord) => boolean;
  },
): Promise<SendOutcome | { readonly kind: 'absent' }> {
  const { medium, number, input, matches } = sought;
  const account = accountOf(config, ports);
  if ('error' in account) return { kind: 'unknown', message: account.error };
  const found = await ports.telephony.recent(account, { medium, to: number, since: input.createdAt });
  if (found.kind === 'failed') return { ...outcomeOfFailure({ ...found, maybeSent: true }) };
  if (found.kind === 'refused') {
    const outcome = outcomeOfTelephony(found);
    return { kind: 'unknown', message: outcome.kind === 'accepted' ? '' : outcome.message };
  }
  for (const record of found.records) {
    if (!matches(record) || (await ports.book.isAnothers(record.sid, [input.id]))) continue;
    await ports.book.placed({ medium, sid: record.sid, status: record.status, number, ids: [input.id], at: input.now });
    return { kind: 'accepted', answer: `Twilio had taken it: ${record.status} as ${record.sid}` };
  }
  return { kind: 'absent' };
}
