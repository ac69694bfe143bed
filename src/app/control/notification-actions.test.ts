import { describe, expect, test } from 'vitest';
import { bootApp, writeFiles } from '../../../test/support/sim-app.ts';
import type { ActionResult, NotificationAction } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';
import type { App } from '../app.ts';

const CONFIG = `
route: {receiver: team, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 1h}
receivers: [{name: team, inbox_configs: [{}]}]
`;

/** An application that has told the inbox of one alert. */
async function world() {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  let { app, process } = await bootApp(sim);
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    const outcome = Promise.allSettled([promise]);
    await sim.advance(100);
    const [one] = await outcome;
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  };
  const post = (alertname: string) =>
    settled(
      app.keeper.step((router, now) => ({
        result: router.receive(
          [{ labels: { alertname }, annotations: {}, startsAt: now, endsAt: unixMs(now + 86_400_000), generatorUrl: '' }],
          now,
        ),
      })),
    );
  const history = () => settled(app.outbox.history({ limit: 10 }));
  await post('Down');
  await sim.advance(15_000);
  const id = (await history())[0]?.id as OutboxId;
  return {
    sim,
    id,
    settled,
    history,
    app: (): App => app,
    act: (action: NotificationAction, by = 'ana', to = id): Promise<ActionResult> => settled(app.actions.act(to, action, by)),
    states: async () => (await history()).map(({ state }) => state),
    restart: async () => {
      sim.kill(process);
      ({ app, process } = await bootApp(sim));
    },
  };
}

describe('actions', () => {
  test('an acknowledgement is on disk when it is answered', async () => {
    const { sim, act, restart, history } = await world();
    expect(await act({ kind: 'acknowledge' })).toEqual({ kind: 'done' });
    await restart();
    expect(await act({ kind: 'acknowledge' }, 'bob')).toMatchObject({ kind: 'already', by: 'ana' });
    await sim.advance(3 * 3_600_000);
    expect(await history()).toHaveLength(1);
  });

  test('a notification that nobody knows is unknown', async () => {
    const { act } = await world();
    expect(await act({ kind: 'acknowledge' }, 'ana', 'x' as OutboxId)).toEqual({ kind: 'unknown' });
  });

  test('a silence is a silence like others', async () => {
    const { act, app } = await world();
    expect(await act({ kind: 'silence', durationMs: durationMs(60_000) })).toEqual({ kind: 'done' });
    const now = app().ports.clock.now();
    expect(app().keeper.router.silences({ filter: [], states: ['active'] }, now)).toMatchObject([{ createdBy: 'ana' }]);
  });
});

describe('reports', () => {
  test('are final: the first one stands', async () => {
    const { app, id, settled, states } = await world();
    expect(await states()).toEqual(['accepted']);
    await settled(app().actions.report(id, { kind: 'confirmed', message: 'delivered' }));
    await settled(app().actions.report(id, { kind: 'failed', message: 'too late' }));
    expect(await states()).toEqual(['confirmed']);
  });

  test('of a loss are kept over a kill, and the next flush tells it again', async () => {
    const { sim, app, id, settled, states, restart } = await world();
    await settled(app().actions.report(id, { kind: 'failed', message: 'no such number' }));
    await restart();
    expect(await states()).toEqual(['failed']);
    await sim.advance(61_000);
    expect(await states()).toEqual(['accepted', 'failed']);
  });
});
