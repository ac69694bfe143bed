/** Fallbacks, acknowledgements and a state database that refuses, in the whole application on simulated time. */
import { describe, expect, test } from 'vitest';
import type { OutboxId } from '../../src/alerts/router-state.ts';
import type { App } from '../../src/app/app.ts';
import { explain } from '../../src/app/explain/explain.ts';
import { Labels } from '../../src/model/labels.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const MINUTE = 60_000;
const CONFIG = `
global:
  smtp_smarthost: mail:25
  smtp_from: tocsin@example.org
  smtp_require_tls: false
  tocsin: {last_resort: boss}
route: {receiver: team, group_by: [alertname], group_wait: 10s, group_interval: 2m, repeat_interval: 4h}
receivers:
  - name: team
    email_configs: [{to: team@example.org, send_resolved: true}]
    tocsin: {fallback: [{receiver: second, after: 30s}]}
  - {name: second, email_configs: [{to: second@example.org}]}
  - {name: boss, inbox_configs: [{}]}
`;

async function world() {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  const booted = await bootApp(sim);
  let app: App = booted.app;
  let process = booted.process;
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    const outcome = Promise.allSettled([promise]);
    await sim.advance(100);
    const [one] = await outcome;
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  };
  const post = (alertname: string, isOver = false) =>
    settled(
      app.keeper.step((router, now) => ({
        result: router.receive(
          [
            {
              labels: { alertname },
              annotations: {},
              startsAt: isOver ? null : now,
              endsAt: isOver ? now : unixMs(now + 86_400_000),
              generatorUrl: '',
            },
          ],
          now,
        ),
      })),
    );
  const down = new Set<string>();
  sim.mail.behaviour = (_server, { to }) =>
    to.some((address) => down.has(address)) ? { kind: 'reject', retry: true, cause: 'server', message: '451 later' } : { kind: 'accept' };
  const subjects = (who: string): readonly string[] => sim.mail.mailbox(`${who}@example.org`).map(({ message }) => message.subject);
  return {
    sim,
    down,
    post,
    settled,
    subjects,
    app: (): App => app,
    history: (state?: 'undelivered') => settled(app.outbox.history({ limit: 50, ...(state !== undefined && { isUndelivered: true }) })),
    restart: async (): Promise<void> => {
      sim.kill(process);
      await sim.advance(3000);
      ({ app, process } = await bootApp(sim));
    },
  };
}

describe('when a receiver does not take a notification', () => {
  test('its fallback is told, also of the end, over kills at any moment', async () => {
    for (const killAfter of [null, 12_000, 30_000, 41_000, 60_000]) {
      const { sim, app, down, post, settled, subjects, restart, history } = await world();
      down.add('team@example.org');
      await post('Down');
      await sim.advance(killAfter ?? 60_000);
      if (killAfter !== null) await restart();
      await sim.advance(80_000 - (killAfter ?? 60_000));
      expect(subjects('second')).toHaveLength(1);
      expect(subjects('second')[0]).toContain('[FIRING:1]');
      const rows = await history();
      const standIn = rows.find(({ receiver }) => receiver === 'second');
      expect(rows.find(({ id }) => id === standIn?.standsInFor)?.receiver).toBe('team');
      await sim.advance(2 * MINUTE); // further flushes, whose notifications fail as well
      const { verdict } = await settled(explain(app(), { kind: 'labels', labels: Labels.of({ alertname: 'Down' }) }, null));
      expect(verdict).toMatch(/^sent to second by email at 2026-01-01T00:0\S+ in place of team by email, which fails since .*451 later.*/);
      await post('Down', true);
      await sim.advance(5 * MINUTE);
      expect(subjects('second')).toHaveLength(2);
      expect(subjects('second')[1]).toContain('[RESOLVED]');
      expect(subjects('team')).toEqual([]);
    }
  });

  test('what it takes after all is marked as late', async () => {
    const { sim, down, post } = await world();
    down.add('team@example.org');
    await post('Down');
    await sim.advance(60_000);
    down.clear();
    await sim.advance(2 * MINUTE);
    const [late] = sim.mail.mailbox('team@example.org');
    expect(`${late?.message.text}${late?.message.html}`).toMatch(/late[^]*first tried at 2026-01-01T00:00:\S+; second was told in between/);
  });

  test('the last resort is told when everybody fails, and it is listed as undelivered until it is taken', async () => {
    const { sim, down, post, history } = await world();
    for (const who of ['team', 'second']) down.add(`${who}@example.org`);
    await post('Down');
    await sim.advance(4 * MINUTE);
    const told = await history();
    expect(told.filter(({ receiver }) => receiver === 'boss').map(({ state }) => state)).toEqual(['accepted']);
    expect((await history('undelivered')).map(({ receiver }) => receiver)).toContain('team');
    down.clear();
    await sim.advance(4 * MINUTE);
    expect(await history('undelivered')).toEqual([]);
  });

  test('somebody who acknowledges keeps the fallback from being told', async () => {
    const { sim, app, down, post, history, settled, subjects } = await world();
    down.add('team@example.org');
    await post('Down');
    await sim.advance(20_000);
    const [row] = await history();
    expect(await settled(app().actions.act(row?.id as OutboxId, { kind: 'acknowledge' }, 'ana'))).toEqual({ kind: 'done' });
    await sim.advance(30 * MINUTE);
    expect(subjects('second')).toEqual([]);
  });
});
