import { describe, expect, test } from 'vitest';
import type { EventRecord, GroupKey } from '../alerts/event.ts';
import { EMPTY_CHANGES, type GroupId, type GroupRow, type MemberRow, type OutboxId, type OutboxRow } from '../alerts/router-state.ts';
import type { Alert } from '../model/alert.ts';
import { fingerprintOf } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { unixMs } from '../model/time.ts';
import { openDatabase } from './database.ts';
import { eventRepository } from './event-repository.ts';
import { outboxRepository } from './outbox-repository.ts';
import { stateRepository, type Transition } from './state-repository.ts';

const at = unixMs(1_700_000_000_000);
const labels = Labels.of({ alertname: 'Down', job: 'a' });
const alert: Alert = {
  fingerprint: fingerprintOf(labels),
  labels,
  annotations: Labels.of({ summary: 'it is down' }),
  startsAt: at,
  endsAt: null,
  updatedAt: at,
  generatorUrl: 'http://x/graph',
  isTimeout: false,
  origin: 'rule',
  resolveReason: null,
};
const row = (id: string): OutboxRow => ({
  id: id as OutboxId,
  groupId: 'g' as GroupId,
  groupKey: '{}:{}' as GroupKey,
  receiver: 'team',
  integration: 'email',
  index: 0,
  reason: 'first notification',
  flush: 1,
  createdAt: at,
  deadline: unixMs(at + 300_000),
  firing: [alert.fingerprint],
  resolved: [],
  repeatIntervalMs: 14_400_000,
  data: {},
  standsInFor: null,
  notification: {
    groupLabels: labels,
    routeLabels: [['team', 'x']],
    alerts: [{ fingerprint: alert.fingerprint, labels, annotations: alert.annotations, startsAt: at, endsAt: null, generatorUrl: '' }],
  },
});
const transition = (parts: Partial<Transition>): Transition => ({
  at,
  configHash: 'c0ffee',
  router: null,
  ruleAlerts: null,
  settlements: [],
  reports: [],
  claims: [],
  ...parts,
});

function open() {
  const database = openDatabase(':memory:', 'migrations/sqlite');
  return { database, state: stateRepository(database), outbox: outboxRepository(database), events: eventRepository(database) };
}

describe('the state database', () => {
  test('gives back what a transition stored', async () => {
    const { state } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, alertsUpserted: [alert], outboxInserted: [row('1')] } }));
    const { snapshot } = await state.load();
    expect(snapshot.alerts).toEqual([alert]);
    expect(snapshot.outbox).toEqual([{ ...row('1'), claimed: false }]);
  });

  test('a rule alert keeps a value that JSON and SQLite have no word for', async () => {
    const { state } = open();
    const stored = {
      id: 'a',
      groupKey: 'f;g',
      ruleName: 'R',
      ruleOrdinal: 0,
      labels: labels.flat,
      annotations: [],
      state: 'firing' as const,
      activeAt: 1,
      firedAt: 2,
      keepFiringSince: null,
      value: Number.NaN,
    };
    await state.commit(transition({ ruleAlerts: { stored: [{ row: stored, announced: labels.flat }], removed: [] } }));
    expect((await state.load()).ruleAlerts).toEqual([{ row: stored, announced: labels.flat }]);
    await state.commit(transition({ ruleAlerts: { stored: [], removed: ['a'] } }));
    expect((await state.load()).ruleAlerts).toEqual([]);
  });

  test('events are found by alert, in order, with the configuration that was in force', async () => {
    const { state, events } = open();
    const event = {
      at,
      fingerprint: alert.fingerprint,
      groupKey: null,
      stage: 'ingest',
      verdict: 'stored',
      reason: 'new',
      detail: { by: ['x'] },
    } as const;
    await state.commit(transition({ router: { ...EMPTY_CHANGES, events: [event, { ...event, reason: 'fired_again' }] } }));
    const found = await events.find({ fingerprint: alert.fingerprint, limit: 10 });
    expect(found.map(({ reason, configHash, detail }) => ({ reason, configHash, detail }))).toEqual([
      { reason: 'new', configHash: 'c0ffee', detail: { by: ['x'] } },
      { reason: 'fired_again', configHash: 'c0ffee', detail: { by: ['x'] } },
    ]);
    expect(await state.forgetEvents(unixMs(at + 1), 1)).toBe(1);
    expect(await events.find({ limit: 10 })).toHaveLength(1);
  });
});

test('events are found by alert and by group on both sides of where their indexes end', async () => {
  const { database, state, events } = open();
  const other = fingerprintOf(Labels.of({ alertname: 'Other' }));
  const event = (i: number) =>
    ({
      at: unixMs(at + i),
      fingerprint: i % 20_000 === 0 ? alert.fingerprint : other,
      groupKey: (i % 20_000 === 1 ? '{}:{a}' : '{}:{b}') as GroupKey,
      stage: 'ingest',
      verdict: 'stored',
      reason: 'new',
      detail: null,
    }) as const;
  const told = Array.from({ length: 90_010 }, (_, i) => event(i));
  for (let from = 0; from < told.length; from += 9000)
    await state.commit(transition({ router: { ...EMPTY_CHANGES, events: told.slice(from, from + 9000) } }));
  const { event_id: indexedTo } = database.connection.prepare('SELECT event_id FROM event_indexed').get() as { readonly event_id: number };
  expect(indexedTo).toBeGreaterThan(0);
  expect(indexedTo).toBeLessThan(20_000);
  const found = async (filter: Partial<Parameters<typeof events.find>[0]>) =>
    (await events.find({ limit: 100, ...filter })).map((one) => one.at - at);
  expect(await found({ fingerprint: alert.fingerprint })).toEqual([0, 20_000, 40_000, 60_000, 80_000]);
  expect(await found({ groupKey: '{}:{a}' })).toEqual([1, 20_001, 40_001, 60_001, 80_001]);
  expect(await found({ groupKey: '{}:{a}', keep: 'last', limit: 2 })).toEqual([60_001, 80_001]);
  expect(await found({ fingerprint: alert.fingerprint, from: unixMs(at + 50_000) })).toEqual([60_000, 80_000]);
});

test('what a refused commit would have written or deleted is neither there twice nor missing later', async () => {
  const { state } = open();
  const group: GroupRow = {
    id: 'g' as GroupId,
    groupKey: '{}:{}' as GroupKey,
    routeId: 'r',
    receiver: 'team',
    labels,
    createdAt: at,
    nextFlushAt: at,
    flushCount: 0,
    mutedBy: [],
    integrations: [],
    ack: null,
    standIns: [],
    escalations: [],
  };
  const member: MemberRow = { groupId: group.id, fingerprint: alert.fingerprint, joinedAt: at, suppression: null, resolvedFlush: null };
  const added = { ...EMPTY_CHANGES, alertsUpserted: [alert], groupsUpserted: [group], membersUpserted: [member] };
  const gone = { ...EMPTY_CHANGES, alertsDeleted: [alert.fingerprint], groupsDeleted: [group.id] };
  const refused = { stage: null, at, fingerprint: null, groupKey: null, verdict: '', reason: '', detail: null } as unknown as EventRecord;
  const there = async () => {
    const { alerts, groups, members } = (await state.load()).snapshot;
    return { alerts, groups, members };
  };
  await state.commit(transition({ router: added }));
  await expect(state.commit(transition({ router: { ...gone, events: [refused] } }))).rejects.toThrow(/NOT NULL/);
  await state.commit(transition({ router: added }));
  expect(await there()).toEqual({ alerts: [alert], groups: [group], members: [member] });
  await state.commit(transition({ router: gone }));
  await expect(state.commit(transition({ router: { ...added, events: [refused] } }))).rejects.toThrow(/NOT NULL/);
  await state.commit(transition({ router: added }));
  await state.commit(transition({ router: { ...EMPTY_CHANGES, membersDeleted: [member] } }));
  expect(await there()).toEqual({ alerts: [alert], groups: [group], members: [] });
});

describe('the outbox', () => {
  const claim = (ids: readonly OutboxId[], attemptId: string, bootId: string): Transition =>
    transition({ claims: [{ ids, attemptId, bootId }] });

  test('a claimed row is open to nobody else', async () => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1'), row('2')] } }));
    await state.commit(claim([row('1').id, row('2').id], 'attempt-1', 'boot-1'));
    expect(await outbox.open()).toEqual([]);
    await state.commit(claim([row('1').id], 'attempt-2', 'boot-1'));
    expect((await outbox.history({ limit: 10 })).map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  test('a claim of an earlier boot becomes unknown and may be claimed again', async () => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1')] } }));
    await state.commit(claim([row('1').id], 'attempt-1', 'boot-1'));
    expect(await outbox.orphan('boot-1', at)).toBe(0);
    expect(await outbox.orphan('boot-2', at)).toBe(1);
    expect(await outbox.open()).toMatchObject([{ attempts: 1, state: 'unknown' }]);
    await state.commit(claim([row('1').id], 'attempt-2', 'boot-2'));
    expect(await outbox.open()).toEqual([]);
  });

  test('an accepted row is history, and neither cancelled nor claimed any more', async () => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1')] } }));
    await state.commit(claim([row('1').id], 'a', 'b'));
    await state.commit(transition({ settlements: [{ id: row('1').id, state: 'accepted', nextAttemptAt: at, answer: '250 ok' }] }));
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxCancelled: [{ id: row('1').id, reason: 'superseded' }] } }));
    await state.commit(claim([row('1').id], 'a2', 'b'));
    expect(await outbox.history({ receiver: 'team', limit: 10 })).toMatchObject([
      { state: 'accepted', answer: '250 ok', settledAt: at, attempts: 1 },
    ]);
  });

  test.each([
    ['unknown', 'cancelled'],
    ['rejected', 'cancelled'],
    ['failed', 'cancelled'],
    ['accepted', 'accepted'],
  ] as const)('a row that was given up while its attempt was under way, and whose result is "%s", is %s', async (result, becomes) => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1')] } }));
    await state.commit(claim([row('1').id], 'a', 'b'));
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxCancelled: [{ id: row('1').id, reason: 'superseded' }] } }));
    await state.commit(transition({ settlements: [{ id: row('1').id, state: result, nextAttemptAt: at, answer: '' }] }));
    expect((await outbox.history({ limit: 10 })).map((record) => record.state)).toEqual([becomes]);
    expect(await outbox.open()).toEqual([]);
    expect((await state.load()).snapshot.outbox).toEqual([]);
  });

  test('the inbox keeps one message per notification, however often it is delivered', async () => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1')] } }));
    for (const subject of ['first', 'again'])
      await outbox.storeInbox({ outboxId: row('1').id, at, receiver: 'team', subject, text: 't', html: '<p>' });
    expect((await outbox.history({ limit: 10 })).map(({ inbox }) => inbox?.subject)).toEqual(['again']);
    expect(await outbox.inboxMessage(row('1').id)).toEqual({ subject: 'again', text: 't', html: '<p>' });
    expect(await outbox.inboxMessage('2')).toBeNull();
  });

  test('pages of the history lose nothing of what one flush wrote at one instant', async () => {
    const { state, outbox } = open();
    await state.commit(transition({ router: { ...EMPTY_CHANGES, outboxInserted: [row('1'), row('2'), row('3')] } }));
    const first = await outbox.history({ limit: 2 });
    const before = { at, id: first.at(-1)?.id ?? '' };
    const rest = await outbox.history({ before, limit: 2 });
    expect([...first, ...rest].map(({ id }) => id)).toEqual(['3', '2', '1']);
  });
});
