/** Files that are read again and say the same change nothing, however often and whatever is under way. */
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, sqliteOf, writeFiles } from '../support/sim-app.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const RELOADS = 1000;
const GROUP_WAIT_MS = 10_000;

const CONFIG = `
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 10s
  group_interval: 30s
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs: [{url: 'http://hook/'}]
`;

type Body = { readonly groupKey: string; readonly alerts: readonly { readonly status: string; readonly labels: { readonly n: string } }[] };

test(`${RELOADS} reloads of the same files, with alerts arriving and flushes due, neither repeat nor lose anything`, async () => {
  const sim = new SimWorld({ seed: 11, start: START, shuffles: true });
  const random = sim.random('load');
  const told: { readonly key: string; readonly firing: readonly string[]; readonly resolved: readonly string[]; readonly at: number }[] =
    [];
  sim.network.serve('hook:80', async (request) => {
    const { groupKey, alerts } = (await request.json()) as Body;
    const named = (status: string): readonly string[] => alerts.filter((alert) => alert.status === status).map(({ labels }) => labels.n);
    told.push({ key: groupKey, firing: named('firing').toSorted(), resolved: named('resolved').toSorted(), at: sim.clock.elapsed() });
    return new Response(null, { status: 200 });
  });
  sim.network.disturb({ to: 'hook', delayMs: [0, 3000] });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  const { app, process } = await bootApp(sim, { serves: true });
  const postedAt = new Map<string, number>();
  const post = (n: string, isOver: boolean): void => {
    const alert = { labels: { alertname: `A${Number(n) % 7}`, n }, ...(isOver ? { endsAt: new Date(sim.clock.now()).toISOString() } : {}) };
    const init = { method: 'POST', body: JSON.stringify([alert]), headers: { 'content-type': 'application/json' } };
    void sim.network.fetch(new Request('http://tocsin:9099/api/v2/alerts', init));
  };
  const over = new Set<string>();
  for (let i = 0; i < RELOADS; i++) {
    const reloaded = app.reload();
    if (i % 10 === 0) {
      const n = String(postedAt.size);
      postedAt.set(n, sim.clock.elapsed());
      post(n, false);
      const ended = String(Math.floor(random.next() * postedAt.size));
      if (i % 30 === 0 && ended !== n && !over.has(ended)) {
        over.add(ended);
        post(ended, true);
      }
    }
    await sim.advance(200);
    expect(await reloaded).toEqual({ kind: 'applied' });
  }
  await sim.advance(60_000);

  // Nothing lost: all that were posted were told in time, and all that ended were told so, unless it was before the first flush.
  for (const [n, at] of postedAt) {
    const first = told.find(({ firing }) => firing.includes(n));
    if (first === undefined) expect(over).toContain(n);
    else expect(first.at - at).toBeLessThanOrEqual(2 * GROUP_WAIT_MS + 2 * 3000);
    if (first !== undefined && over.has(n))
      expect(told.some(({ resolved, at: when }) => resolved.includes(n) && when > first.at)).toBe(true);
  }
  // Nothing extra: of one group, no notification says what the one before it said.
  for (const key of new Set(told.map((one) => one.key))) {
    const said = told.filter((one) => one.key === key).map(({ firing, resolved }) => `${firing.join()} | ${resolved.join()}`);
    for (const [i, text] of said.entries()) if (i > 0) expect(text).not.toBe(said[i - 1]);
  }
  // The events are those of the alerts, not of the reloads.
  const before = sqliteOf(process).read('SELECT count(*) AS n FROM event');
  for (let i = 0; i < 10; i++) {
    const reloaded = app.reload();
    await sim.advance(200);
    await reloaded;
  }
  expect(sqliteOf(process).read('SELECT count(*) AS n FROM event')).toEqual(before);
}, 120_000);
