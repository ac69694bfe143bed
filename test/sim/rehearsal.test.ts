/** The rehearsal of queries: all of it is answered, from the stage alone, and nothing of it stays. */
import { expect, test } from 'vitest';
import { appServer } from '../../src/app/http/app-server.ts';
import { rehearse } from '../../src/app/rehearsal.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, writeFiles } from '../support/sim-app.ts';

const CONFIG = `
route: {receiver: nobody}
receivers: [{name: nobody}]
`;

async function world() {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  const { app } = await bootApp(sim);
  const { handler, rehearsal } = appServer(app, () => {});
  const ask = (to: typeof handler) => async (path: string) => (await to(new Request(`http://tocsin${path}`), { remoteAddress: '' })).text();
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    void promise.finally(() => (isOver = true));
    while (!isOver) await sim.advance(10);
    return promise;
  };
  return { app, settled, real: ask(handler), staged: ask(rehearsal) };
}

test('every request is answered with what it is there for, and real answers know nothing of it', async () => {
  const { app, settled, real, staged } = await world();
  const answers = new Map<string, string>();
  await settled(rehearse(async (path) => void answers.set(path, await staged(path))));
  expect(answers.size).toBeGreaterThan(60);
  const empty = [...answers].filter(([, text]) => !/^\{"status":"success","data":.*(?:\d|"zone")/.test(text));
  // The series is there.
  expect([...new Set(empty.map(([path]) => new URL(path, 'http://tocsin').searchParams.get('query')?.trim()))]).toEqual([
    'absent_over_time(stage_gauge{instance="host-3:9100",zone="z1"}[10m])',
  ]);

  const names = '/api/v1/label/__name__/values';
  expect(await settled(staged(names))).toContain('stage_gauge');
  expect(await settled(real(names))).toBe('{"status":"success","data":[]}');
  expect(await settled(app.engine.call('leaveStage', null))).toEqual({ kind: 'gave', gives: null });
});

test('a request that fails ends it', async () => {
  let asked = 0;
  const get = async (): Promise<void> => {
    if (++asked === 3) throw new Error('the engine has gone');
  };
  await expect(rehearse(get)).rejects.toThrow('the engine has gone');
  expect(asked).toBe(3);
});
