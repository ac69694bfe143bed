import { describe, expect, test } from 'vitest';
import { bootApp, writeFiles } from '../../../test/support/sim-app.ts';
import { type Received, WebhookCollector } from '../../../test/support/webhook-collector.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import { unixMs } from '../../model/time.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';

const CONFIG = `
route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1m, repeat_interval: 1h}
receivers:
  - name: team
    opsgenie_configs: [{api_key: k, api_url: 'http://opsgenie/'}]
    webhook_configs: [{url: 'http://hook/'}]
`;
/** Opsgenie stands in for a webhook that is down. */
const FALLBACK = `
route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 1m, repeat_interval: 1h}
receivers:
  - name: team
    webhook_configs: [{url: 'http://hook/'}]
    tocsin: {fallback: [{receiver: second, after: 1s}]}
  - {name: second, opsgenie_configs: [{api_key: k, api_url: 'http://opsgenie/'}]}
`;
const HOUR = 3_600_000;

/** What the provider says: whether the alert is acknowledged there, and what became of its creation; and whether the webhook is down. */
type Script = {
  isAcknowledged: boolean;
  created: 'pending' | 'done' | 'refused';
  acknowledgeStatus: number;
  createStatus: number;
  hookStatus: number;
};

async function world(script: Partial<Script> = {}, config = CONFIG) {
  const said: Script = { isAcknowledged: false, created: 'done', acknowledgeStatus: 202, createStatus: 202, hookStatus: 200, ...script };
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  const opsgenie = new WebhookCollector(sim.clock);
  const hook = new WebhookCollector(sim.clock);
  opsgenie.answer = ({ method, path }: Received) => {
    if (path.endsWith('/acknowledge?identifierType=alias')) return Response.json({ message: 'x' }, { status: said.acknowledgeStatus });
    if (method === 'POST') return Response.json({ requestId: 'r1' }, { status: said.createStatus });
    if (!path.startsWith('/v2/alerts/requests/'))
      return Response.json({ data: { status: 'open', acknowledged: said.isAcknowledged, owner: 'bo@example.org' } });
    if (said.created === 'pending') return Response.json({ message: 'not processed' }, { status: 404 });
    return Response.json({ data: { isSuccess: said.created === 'done', status: 'No responders' } });
  };
  sim.network.serve('opsgenie:80', opsgenie.handler);
  hook.answer = () => new Response('', { status: said.hookStatus });
  sim.network.serve('hook:80', hook.handler);
  writeFiles(sim, { '/etc/tocsin.yml': config });
  let { app, process } = await bootApp(sim);
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    await sim.advance(1000);
    return promise;
  };
  const fire = (instance: string) =>
    settled(
      app.keeper.step((router, now) => ({
        result: router.receive(
          [{ labels: { alertname: 'Down', instance }, annotations: {}, startsAt: now, endsAt: unixMs(now + 24 * HOUR), generatorUrl: '' }],
          now,
        ),
      })),
    );
  await fire('a');
  await sim.advance(2000);
  const history = () => settled(app.outbox.history({ limit: 20 }));
  const act = async (kind: 'acknowledge' | 'escalate', by: string) => {
    const { id } = (await history()).find(({ integration }) => integration === 'webhook') ?? { id: '' };
    return settled(app.actions.act(id as OutboxId, { kind }, by));
  };
  return {
    sim,
    said,
    hook,
    fire,
    history,
    asked: (part: string) => opsgenie.received.filter(({ path }) => path.includes(part)),
    acknowledge: (by: string) => act('acknowledge', by),
    escalate: (by: string) => act('escalate', by),
    ack: () => [...app.keeper.router.toldGroups()][0]?.ack?.by ?? null,
    restart: async () => {
      sim.kill(process);
      ({ app, process } = await bootApp(sim));
    },
  };
}

describe('an acknowledgement', () => {
  test('made here is passed on once, to who knows such a thing, and nobody is asked any more', async () => {
    const { sim, acknowledge, asked, hook } = await world();
    expect(await acknowledge('ana')).toEqual({ kind: 'done' });
    await sim.advance(3 * HOUR);
    expect(asked('/acknowledge').map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([{ user: 'ana' }]);
    expect(asked('?identifierType=alias').filter(({ method }) => method === 'GET')).toEqual([]);
    expect(hook.received).toHaveLength(1);
  });

  test('made there counts here, also after a restart', async () => {
    const { sim, said, ack, hook, restart } = await world();
    await sim.advance(60_000);
    expect(ack()).toBeNull();
    await restart();
    said.isAcknowledged = true;
    await sim.advance(60_000);
    expect(ack()).toBe('bo@example.org');
    await sim.advance(3 * HOUR);
    expect(hook.received).toHaveLength(1);
  });

  test.each(['here', 'there'])('made %s says nothing of what fires later, though the provider still has it', async (place) => {
    const { sim, said, ack, hook, fire, acknowledge } = await world();
    // The provider has it, wherever it was made.
    said.isAcknowledged = true;
    if (place === 'here') await acknowledge('ana');
    await sim.advance(60_000);
    expect(ack()).toBe(place === 'here' ? 'ana' : 'bo@example.org');
    await fire('b');
    await sim.advance(5 * 60_000);
    expect([ack(), hook.received.length]).toEqual([null, 2]);
    said.isAcknowledged = false;
    await sim.advance(60_000);
    said.isAcknowledged = true;
    await sim.advance(60_000);
    expect(ack()).toBe('bo@example.org');
  });

  test('that does not get through is passed on until it does, over kills, and then no more', async () => {
    const { sim, said, acknowledge, asked, restart } = await world({ acknowledgeStatus: 503 });
    await acknowledge('ana');
    await sim.advance(60_000);
    const tries = asked('/acknowledge').length;
    expect(tries).toBeGreaterThan(4);
    await restart();
    expect(asked('/acknowledge').length).toBeGreaterThan(tries);
    said.acknowledgeStatus = 202;
    await sim.advance(60_000);
    const taken = asked('/acknowledge');
    expect(JSON.parse(taken.at(-1)?.body ?? '')).toMatchObject({ user: 'ana' });
    await restart();
    await sim.advance(3 * HOUR);
    expect(asked('/acknowledge')).toHaveLength(taken.length);
  });

  test('that is refused for good is passed on once, also after a kill', async () => {
    const { sim, acknowledge, asked, restart } = await world({ acknowledgeStatus: 401 });
    await acknowledge('ana');
    await sim.advance(60_000);
    await restart();
    await sim.advance(60_000);
    expect(asked('/acknowledge')).toHaveLength(1);
  });

  test('that is over before it gets through is not passed on any more', async () => {
    const { sim, said, ack, acknowledge, fire, asked } = await world({ acknowledgeStatus: 503 });
    await acknowledge('ana');
    await fire('b');
    await sim.advance(2 * 60_000);
    expect(ack()).toBeNull();
    said.acknowledgeStatus = 202;
    const tries = asked('/acknowledge').length;
    await sim.advance(5 * 60_000);
    expect(asked('/acknowledge')).toHaveLength(tries);
  });

  test('made before the provider has the notification is passed on when it has', async () => {
    const { sim, said, acknowledge, asked } = await world({ createStatus: 503 });
    await acknowledge('ana');
    await sim.advance(10_000);
    expect(asked('/acknowledge')).toEqual([]);
    said.createStatus = 202;
    await sim.advance(45_000);
    expect(asked('/acknowledge')).toHaveLength(1);
  });
});

describe('with a provider that stands in for another', () => {
  test('an acknowledgement made here is passed on to it, over a kill', async () => {
    const { sim, said, acknowledge, asked, restart } = await world({ hookStatus: 500, acknowledgeStatus: 503 }, FALLBACK);
    await sim.advance(20_000);
    expect(await acknowledge('ana')).toEqual({ kind: 'done' });
    await restart();
    said.acknowledgeStatus = 202;
    await sim.advance(60_000);
    expect(JSON.parse(asked('/acknowledge').at(-1)?.body ?? '')).toMatchObject({ user: 'ana' });
  });

  test('one made there counts here', async () => {
    const { sim, said, ack } = await world({ hookStatus: 500 }, FALLBACK);
    await sim.advance(40_000);
    expect(ack()).toBeNull();
    said.isAcknowledged = true;
    await sim.advance(60_000);
    expect(ack()).toBe('bo@example.org');
  });

  test('whom somebody asks for after having acknowledged is not told to rest', async () => {
    const { sim, acknowledge, escalate, asked } = await world({}, FALLBACK);
    await acknowledge('ana');
    expect(await escalate('ana')).toEqual({ kind: 'done' });
    await sim.advance(5 * 60_000);
    expect([asked('/v2/alerts').some(({ method }) => method === 'POST'), asked('/acknowledge')]).toEqual([true, []]);
  });

  test('it is told of what it took and then refused', async () => {
    const { sim, history } = await world({ hookStatus: 500, created: 'refused' }, FALLBACK);
    await sim.advance(20_000);
    expect((await history()).filter(({ integration }) => integration === 'opsgenie').at(-1)?.state).toBe('failed');
  });
});

describe('what became of a notification that was taken for later', () => {
  test.each([
    ['done', 'confirmed', 1],
    ['refused', 'failed', 1],
    ['pending', 'accepted', 3],
  ] as const)('%s: it is %s', async (created, state, asks) => {
    const { sim, history, asked } = await world({ created });
    await sim.advance(45_000);
    const [record] = (await history()).filter(({ integration }) => integration === 'opsgenie').slice(-1);
    expect({ state: record?.state, asks: asked('/requests/').length }).toEqual({ state, asks });
  });

  test('is asked about after a kill', async () => {
    const { sim, said, history, restart } = await world({ created: 'pending' });
    await restart();
    said.created = 'refused';
    await sim.advance(45_000);
    expect((await history()).filter(({ integration }) => integration === 'opsgenie').at(-1)?.state).toBe('failed');
  });
});
