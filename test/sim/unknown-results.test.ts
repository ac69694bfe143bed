/**
 * Every provider, and every moment at which an attempt can break off so that nobody knows what became of it. The message
 * is never lost; it comes twice at most, and where the provider knows a message again, both carry the same key.
 */
import { describe, expect, test } from 'vitest';
import { durationMs, unixMs } from '../../src/model/time.ts';
import type { MailBehaviour } from '../../src/platform/sim/sim-mail.ts';
import type { Disturbance } from '../../src/platform/sim/sim-network.ts';
import { type SimProcess, SimWorld } from '../../src/platform/sim/sim-world.ts';
import { FakeProvider, PROVIDER_NAMES } from '../support/providers.ts';
import { bootApp, serveHttp, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const GROUP_WAIT_MS = 10_000;
const WATCHED_MS = 60_000;
/** Beyond the group interval: an attempt without an answer ends with it. */
const WATCHED_LONG_MS = 12 * 60_000;

type Break = {
  readonly given: string;
  /** Of the connection. */
  readonly disturbance?: Disturbance;
  /** Of the mail server, which is no HTTP. */
  readonly mail?: MailBehaviour;
  readonly isKilled?: true;
  /** Whether the provider had taken the message: then it may come twice. */
  readonly isTaken: boolean;
  /** The status was there: it is enough where the body says nothing more. */
  readonly isStatusKnown?: boolean;
};

const BREAKS: readonly Break[] = [
  {
    given: 'before the first byte',
    disturbance: { refuse: { chance: 1, reason: 'reset' } },
    mail: { kind: 'reject', retry: true, cause: 'connect', message: 'reset' },
    isTaken: false,
  },
  { given: 'half way', disturbance: { cutRequest: { chance: 1, after: 0.5 } }, mail: { kind: 'break', delivered: false }, isTaken: false },
  { given: 'after all bytes', disturbance: { resetResponse: 1 }, mail: { kind: 'break', delivered: true }, isTaken: true },
  { given: 'within the answer', disturbance: { cutResponse: { chance: 1, after: 0.5 } }, isTaken: true, isStatusKnown: true },
  { given: 'with no answer', disturbance: { loseResponse: 1 }, mail: { kind: 'hang', delivered: true }, isTaken: true },
  { given: 'by a kill between the answer and its commit', isKilled: true, isTaken: true },
];

/** What a receiver got in the end: the key of each message, null where there is none. */
type Arrived = () => Promise<readonly (string | null)[]>;
type Scene = { readonly world: SimWorld; readonly receiver: string; readonly arrived: Arrived; readonly breaks: (one: Break) => void };

/** Sends one notification, breaks its first attempt, and looks again when all is over. */
async function play(scene: Scene, one: Break): Promise<readonly (string | null)[]> {
  const { world, receiver, arrived, breaks } = scene;
  writeFiles(world, {
    '/etc/tocsin.yml': `route: {receiver: team, group_wait: ${GROUP_WAIT_MS}ms}\nreceivers: [{name: team, ${receiver}}]\n`,
  });
  let process = await boot(world);
  const body = JSON.stringify([{ labels: { alertname: 'Down' }, startsAt: new Date(START).toISOString(), endsAt: '2027-01-01T00:00:00Z' }]);
  const headers = { 'content-type': 'application/json' };
  expect((await world.request('http://tocsin:9099/api/v2/alerts', { method: 'POST', headers, body })).status).toBe(200);
  await world.advance(GROUP_WAIT_MS - 200);
  if (one.isKilled === true) process.crashAt('send.after-response');
  else breaks(one);
  await world.advance(400);
  expect(process.isAlive).toBe(one.isKilled !== true);
  if (one.isKilled === true) process = await boot(world);
  await world.advance(one.disturbance?.loseResponse === 1 ? WATCHED_LONG_MS : WATCHED_MS);
  return arrived();
}

async function boot(world: SimWorld): Promise<SimProcess> {
  const { app, process } = await bootApp(world);
  await serveHttp(app, process);
  return process;
}

type Record_ = { readonly id: string; readonly state: string; readonly attempts: number; readonly inbox: unknown };

async function ledger(world: SimWorld): Promise<readonly Record_[]> {
  const response = await world.request('http://tocsin:9099/api/tocsin/v1/notifications');
  return ((await response.json()) as { readonly notifications: readonly Record_[] }).notifications;
}

type Repeats = 'taken for another' | 'known by a key' | 'found and not made';

/** It was tried twice, unless the broken answer said enough; the second message is the one duplicate that there may be. In the end it is settled. */
async function judge(
  world: SimWorld,
  got: readonly (string | null)[],
  { isTaken, isStatusKnown = false }: Break,
  repeats: Repeats,
): Promise<void> {
  const records = await ledger(world);
  const attempts = records.reduce((sum, record) => sum + record.attempts, 0);
  expect(records[0]?.state).toBe('accepted');
  if (isStatusKnown && attempts === 1) {
    expect(got).toHaveLength(1);
    return;
  }
  expect(attempts).toBe(2);
  expect(got).toHaveLength(isTaken && repeats !== 'found and not made' ? 2 : 1);
  if (repeats !== 'taken for another') expect(new Set(got).size).toBe(1);
}

const cases = PROVIDER_NAMES.flatMap((name) => BREAKS.map((one) => ({ ...one, name })));

describe('an attempt that breaks off', () => {
  test.each(cases)('$name $given', async ({ name, ...one }) => {
    const world = new SimWorld({ seed: 1, start: START });
    const provider = new FakeProvider(world, name);
    /** The first message alone: what is asked before it goes well, and what is sent again too. */
    const breakNext = (disturbance: Disturbance): void => {
      const heal = world.network.disturb({ from: 'tocsin', ...disturbance });
      world.clock.after(durationMs(300), heal);
    };
    const got = await play(
      {
        world,
        receiver: `${name}_configs: [{${provider.fields}}]`,
        arrived: async () => provider.messages,
        breaks: ({ disturbance = {} }) => {
          if (!provider.asksFirst) breakNext(disturbance);
          else
            provider.onOpening = () => {
              provider.onOpening = () => {};
              breakNext(disturbance);
            };
        },
      },
      one,
    );
    await judge(world, got, one, name === 'jira' ? 'found and not made' : provider.knowsRepeats ? 'known by a key' : 'taken for another');
  });

  test.each(BREAKS.filter(({ mail, isKilled }) => mail !== undefined || isKilled === true))('email $given', async (one) => {
    const world = new SimWorld({ seed: 1, start: START });
    const got = await play(
      {
        world,
        receiver: "email_configs: [{to: team@example.org, from: tocsin@example.org, smarthost: 'mail:25', require_tls: false}]",
        arrived: async () => world.mail.mailbox('team@example.org').map(({ message }) => message.messageId),
        breaks: ({ mail = { kind: 'accept' } }) => {
          world.mail.behaviour = () => mail;
          world.clock.after(durationMs(300), () => {
            world.mail.behaviour = () => ({ kind: 'accept' });
          });
        },
      },
      one,
    );
    await judge(world, got, one, 'known by a key');
  });

  test('inbox by a kill between the answer and its commit', async () => {
    const world = new SimWorld({ seed: 1, start: START });
    const arrived = async (): Promise<readonly string[]> => (await ledger(world)).flatMap(({ id, inbox }) => (inbox === null ? [] : [id]));
    const killed: Break = { given: '', isKilled: true, isTaken: true };
    const got = await play({ world, receiver: 'inbox_configs: [{}]', arrived, breaks: () => {} }, killed);
    await judge(world, got, killed, 'found and not made');
  });
});
