/** What the last resort hears when the disk of the state is full, in the whole application on simulated time. */
import { describe, expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, sqliteOf, writeFiles } from '../support/sim-app.ts';
import { DISK_FULL } from '../support/sim-sqlite.ts';
import { WebhookCollector } from '../support/webhook-collector.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

type World = { readonly lastResort?: string | null; readonly boss?: string };

async function world({ lastResort = 'boss', boss = 'email_configs: [{to: boss@example.org}]' }: World = {}) {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  const hook = new WebhookCollector(sim.clock);
  sim.network.serve('hook:80', hook.handler);
  writeFiles(sim, {
    '/etc/tocsin.yml': `
global:
  smtp_smarthost: mail:25
  smtp_from: tocsin@example.org
  smtp_require_tls: false
${lastResort === null ? '' : `  tocsin: {last_resort: ${lastResort}}`}
route: {receiver: team, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 4h}
receivers:
  - {name: team, email_configs: [{to: team@example.org}]}
  - {name: boss, ${boss}}
`,
  });
  const { app, process } = await bootApp(sim);
  const box = (who: string): readonly string[] => sim.mail.mailbox(`${who}@example.org`).map(({ message }) => message.subject);
  return {
    sim,
    hook,
    box,
    fill: () => sqliteOf(process).inject(DISK_FULL),
    fire: async () => {
      const fired = app.keeper.step((router, now) => ({
        result: router.receive(
          [{ labels: { alertname: 'Down' }, annotations: {}, startsAt: now, endsAt: unixMs(now + 24 * HOUR), generatorUrl: '' }],
          now,
        ),
      }));
      const [outcome] = await Promise.all([Promise.allSettled([fired]), sim.advance(SECOND)]);
      return outcome[0].status;
    },
  };
}

const FIRING = '[FIRING:1] TocsinStateNotStored (tocsin critical)';
const RESOLVED = '[RESOLVED] TocsinStateNotStored (tocsin critical)';

describe('while the disk is full', () => {
  test('the last resort is told without a row, every hour, and once that it is over; then what waited goes out', async () => {
    const { sim, box, fill, fire } = await world();
    expect(await fire()).toBe('fulfilled');
    const free = fill();
    await sim.advance(MINUTE);
    expect([box('team'), box('boss')]).toEqual([[], [FIRING]]);
    const [mail] = sim.mail.mailbox('boss@example.org');
    expect(mail?.message.html).toMatch(/Tocsin cannot store its state: SQLITE_FULL/);
    await sim.advance(2 * HOUR + MINUTE);
    expect(box('boss')).toEqual([FIRING, FIRING, FIRING]);
    free();
    await sim.advance(2 * HOUR);
    expect(box('boss')).toEqual([FIRING, FIRING, FIRING, RESOLVED]);
    expect(box('team')).toEqual(['[FIRING:1] Down']);
  });

  test('it is told though nothing happens, and each of its integrations under the same key', async () => {
    const boss = "webhook_configs: [{url: 'http://hook/'}], inbox_configs: [{}]";
    const { sim, hook, fill } = await world({ boss });
    const free = fill();
    await sim.advance(MINUTE);
    free();
    await sim.advance(HOUR);
    const told = hook.received.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>);
    expect(told.map(({ status, groupKey }) => [status, groupKey])).toEqual([
      ['firing', '{}/{tocsin="state"}:{instance="tocsin"}'],
      ['resolved', '{}/{tocsin="state"}:{instance="tocsin"}'],
    ]);
  });

  test('whoever does not take it is told again soon, until he does', async () => {
    const { sim, box, fill } = await world();
    sim.mail.behaviour = () => ({ kind: 'reject', retry: true, cause: 'server', message: '451 later' });
    const free = fill();
    await sim.advance(5 * MINUTE);
    sim.mail.behaviour = () => ({ kind: 'accept' });
    await sim.advance(90 * SECOND);
    expect(box('boss')).toEqual([FIRING]);
    sim.mail.behaviour = () => ({ kind: 'reject', retry: true, cause: 'server', message: '451 later' });
    free();
    await sim.advance(90 * SECOND);
    sim.mail.behaviour = () => ({ kind: 'accept' });
    await sim.advance(90 * SECOND);
    expect(box('boss')).toEqual([FIRING, RESOLVED]);
  });

  test.each([
    { given: 'for a moment, nobody is told', fullMs: 15 * SECOND, freeMs: HOUR, times: 1, told: [] },
    { given: 'now and then for a moment, nobody is told', fullMs: 15 * SECOND, freeMs: 15 * SECOND, times: 1, told: [] },
    { given: 'and free in turns, that is one trouble', fullMs: 50 * SECOND, freeMs: 15 * SECOND, times: 40, told: [FIRING, RESOLVED] },
    {
      given: 'and free in turns for longer, it is told once an hour',
      fullMs: 60 * SECOND,
      freeMs: 60 * SECOND,
      times: 40,
      told: [FIRING, RESOLVED, FIRING, RESOLVED],
    },
  ])('$given', async ({ fullMs, freeMs, times, told }) => {
    const { sim, box, fill } = await world();
    for (let i = 0; i < times; i++) {
      const free = fill();
      await sim.advance(fullMs);
      free();
      await sim.advance(freeMs);
    }
    await sim.advance(2 * MINUTE);
    expect(box('boss')).toEqual(told);
  });

  test.each([
    ['there is no last resort', { lastResort: null }],
    ['its last resort is the inbox', { boss: 'inbox_configs: [{}]' }],
  ] as const)('nobody is told where %s, and it goes on by itself', async (_, given) => {
    const { sim, box, fill, fire } = await world(given);
    const free = fill();
    expect(await fire()).toBe('rejected');
    await sim.advance(2 * HOUR);
    free();
    expect(await fire()).toBe('fulfilled');
    await sim.advance(MINUTE);
    expect([box('team'), box('boss')]).toEqual([['[FIRING:1] Down'], []]);
  });
});
