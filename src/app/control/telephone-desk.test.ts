import { describe, expect, test } from 'vitest';
import { ScriptedTelephony } from '../../../test/support/scripted-telephony.ts';
import type { DeliveryReport, NotificationActions } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import { openDatabase } from '../../db/database.ts';
import { telephoneRepository } from '../../db/telephone-repository.ts';
import { silentLog } from '../../model/log.ts';
import { Secret } from '../../model/secret.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { SendOutcome } from '../../notify/integration.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { type StatusNews, TelephoneDesk } from './telephone-desk.ts';

const ID = 'n-1' as OutboxId;
const NUMBER = '+4915112345678';

function rig() {
  const clock = new SimClock({ start: unixMs(1_767_225_600_000), random: null });
  const telephones = telephoneRepository(openDatabase(':memory:', 'migrations/sqlite'));
  const telephony = new ScriptedTelephony();
  const reports: (readonly [id: string, kind: DeliveryReport['kind']])[] = [];
  const state = { isWanted: true, again: 0, outcome: { kind: 'accepted', answer: '' } as SendOutcome, reportsFail: 0 };
  const actions: NotificationActions = {
    act: async () => ({ kind: 'done' }),
    report: async (id, { kind }) => {
      if (state.reportsFail-- > 0) throw new Error('disk full');
      reports.push([id, kind]);
    },
  };
  const newDesk = (): TelephoneDesk => {
    const desk = new TelephoneDesk({
      clock,
      log: silentLog,
      telephony,
      telephones,
      actions: () => actions,
      account: async () => ({
        accountSid: 'AC',
        username: 'AC',
        password: new Secret('t'),
        region: '',
        edge: '',
        apiUrl: '',
        timeoutMs: durationMs(1),
      }),
      isWanted: async () => state.isWanted,
      again: async (id) => {
        state.again++;
        if (state.outcome.kind === 'accepted') await desk.placed(placing(`again-${state.again}`, [id]));
        return state.outcome;
      },
    });
    return desk;
  };
  const placing = (sid: string, ids: readonly OutboxId[] = [ID]) => ({
    medium: 'call' as const,
    sid,
    status: 'queued',
    number: NUMBER,
    ids,
    at: clock.now(),
  });
  const news = (sid: string, status: string, more: Partial<StatusNews> = {}): StatusNews => ({
    ...{ medium: 'call', sid, number: NUMBER, status, errorCode: null, sipCode: '' },
    ...more,
  });
  return { clock, telephones, telephony, reports, state, desk: newDesk(), newDesk, placing, news };
}

describe('a state', () => {
  test('that came before its call was noted is acted on once', async () => {
    const { clock, desk, reports, news, placing } = rig();
    await desk.status(ID, news('CA1', 'failed'));
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'failed'));
    await clock.advance(1000);
    expect(reports).toEqual([[ID, 'failed']]);
  });

  test('moves only forward', async () => {
    const { clock, desk, telephones, news, placing } = rig();
    await desk.placed(placing('CA1'));
    for (const status of ['in-progress', 'ringing', 'queued', 'completed', 'in-progress', 'failed'])
      await desk.status(ID, news('CA1', status));
    await clock.advance(1000);
    expect((await telephones.order('CA1'))?.status).toBe('completed');
  });

  test('of a bundle is reported for each of its notifications', async () => {
    const { clock, desk, reports, news, placing } = rig();
    await desk.placed(placing('CA1', [ID, 'n-2' as OutboxId]));
    await desk.status(ID, news('CA1', 'failed'));
    await clock.advance(1000);
    expect(reports).toEqual([
      [ID, 'failed'],
      ['n-2', 'failed'],
    ]);
  });

  test('that cannot be reported is reported later', async () => {
    const { clock, desk, reports, state, news, placing } = rig();
    state.reportsFail = 2;
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'failed'));
    await clock.advance(5000);
    expect(reports).toEqual([]);
    await clock.advance(30_000);
    expect(reports).toEqual([[ID, 'failed']]);
  });

  test('of somebody who is away just now (SIP 480) is no broken call', async () => {
    const { clock, desk, state, news, placing } = rig();
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'failed', { sipCode: '480' }));
    await clock.advance(61_000);
    expect(state.again).toBe(1);
  });
});

describe('a telephone that nobody answered', () => {
  test('is called once more, and then has failed', async () => {
    const { clock, desk, state, reports, news, placing } = rig();
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'no-answer'));
    await clock.advance(59_000);
    expect(state.again).toBe(0);
    await clock.advance(2000);
    await desk.status(ID, news('again-1', 'no-answer'));
    await clock.advance(600_000);
    expect([state.again, reports]).toEqual([1, [[ID, 'failed']]]);
  });

  test('is not called again once somebody has dealt with it, or nobody needs to hear of it', async () => {
    for (const dealtWith of [true, false]) {
      const { clock, desk, state, reports, news, placing } = rig();
      state.isWanted = dealtWith;
      await desk.placed(placing('CA1'));
      await desk.status(ID, news('CA1', 'busy'));
      await clock.advance(1000);
      if (dealtWith) await desk.dealtWith([ID]);
      await clock.advance(600_000);
      expect([state.again, reports]).toEqual([0, []]);
    }
  });

  test('is called again by the next process, where this one died', async () => {
    const { clock, desk, newDesk, state, news, placing } = rig();
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'no-answer'));
    await clock.advance(1000);
    desk.stop();
    await clock.advance(300_000);
    expect(state.again).toBe(0);
    await newDesk().start();
    await clock.advance(1000);
    expect(state.again).toBe(1);
  });

  test('has failed where the second attempt was refused', async () => {
    const { clock, desk, state, reports, news, placing } = rig();
    state.outcome = { kind: 'rejected', retry: false, reason: 'authError', message: 'bad_credentials' };
    await desk.placed(placing('CA1'));
    await desk.status(ID, news('CA1', 'busy'));
    await clock.advance(62_000);
    expect(reports).toEqual([[ID, 'failed']]);
  });
});

test('what says nothing is asked about after one minute, two and six, and then no more', async () => {
  const { clock, desk, telephony, telephones, placing } = rig();
  await desk.placed(placing('CA1'));
  const asked: number[] = [];
  const began = clock.now();
  telephony.records = [];
  telephony.status = async () => {
    asked.push((clock.now() - began) / 1000);
    return { kind: 'found', record: { sid: 'CA1', status: 'ringing', errorCode: null, createdAt: began, body: '' } };
  };
  await clock.advance(3_600_000);
  expect(asked).toEqual([60, 120, 360]);
  expect(await telephones.waiting()).toEqual([]);
});

test('a provider that cannot be asked either is left alone after a while', async () => {
  const { clock, desk, telephony, telephones, reports, placing } = rig();
  telephony.records = { kind: 'failed', message: 'reset', maybeSent: true };
  await desk.placed(placing('CA1'));
  await clock.advance(3_600_000);
  expect([reports, await telephones.waiting()]).toEqual([[], []]);
});
