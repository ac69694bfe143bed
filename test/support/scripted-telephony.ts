/** A telephone provider that answers as told, and a book kept in memory: what integrations ask for, and what they note. */
import type {
  CallOrder,
  Failure,
  Placed,
  Refusal,
  Telephony,
  TelephonyAccount,
  TelephonyRecord,
  TextOrder,
} from '../../src/model/telephony.ts';
import type { TelephoneBook } from '../../src/notify/twilio/book.ts';

export class ScriptedTelephony implements Telephony {
  readonly calls: CallOrder[] = [];
  readonly texts: TextOrder[] = [];
  readonly accounts: TelephonyAccount[] = [];
  answer: (order: CallOrder | TextOrder) => Placed = () => ({ kind: 'accepted', sid: 'X1', status: 'queued' });
  /** What the provider knows. */
  records: readonly TelephonyRecord[] | Refusal | Failure = [];

  async placeCall(account: TelephonyAccount, order: CallOrder): Promise<Placed> {
    this.accounts.push(account);
    this.calls.push(order);
    return this.answer(order);
  }

  async sendText(account: TelephonyAccount, order: TextOrder): Promise<Placed> {
    this.accounts.push(account);
    this.texts.push(order);
    return this.answer(order);
  }

  async recent(): ReturnType<Telephony['recent']> {
    return 'kind' in this.records ? this.records : { kind: 'found', records: this.records };
  }

  async status(_account: TelephonyAccount, _medium: string, sid: string): ReturnType<Telephony['status']> {
    if ('kind' in this.records) return this.records;
    const record = this.records.find((one) => one.sid === sid);
    return record === undefined ? { kind: 'refused', httpStatus: 404, code: 20404, message: 'not found' } : { kind: 'found', record };
  }
}

export class MemoryBook implements TelephoneBook {
  readonly textings: Parameters<TelephoneBook['texting']>[] = [];
  readonly placings: Parameters<TelephoneBook['placed']>[0][] = [];
  readonly optOuts: string[] = [];
  /** SIDs of other notifications. */
  others: readonly string[] = [];

  async texting(...texting: Parameters<TelephoneBook['texting']>): Promise<void> {
    this.textings.push(texting);
  }

  async optedOut(number: string): Promise<void> {
    this.optOuts.push(number);
  }

  async placed(placing: Parameters<TelephoneBook['placed']>[0]): Promise<void> {
    this.placings.push(placing);
  }

  async isAnothers(sid: string): Promise<boolean> {
    return this.others.includes(sid);
  }
}
