/** The rehearsal of queries: all of it is answered, from the stage alone, and nothing of it stays. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { appServer } from '../../src/app/http/app-server.ts';
import { type RehearsedRequest, rehearse } from '../../src/app/rehearsal.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { bootApp, simOptions, writeFiles } from '../support/sim-app.ts';

const CONFIG = `
route: {receiver: nobody}
receivers: [{name: nobody}]
`;

type Answer = { readonly status: number; readonly text: string };

async function world(flags: Readonly<Record<string, boolean>> = {}) {
  const sim = new SimWorld({ seed: 1, start: unixMs(1_767_225_600_000) });
  writeFiles(sim, { '/etc/tocsin.yml': CONFIG });
  const { app } = await bootApp(sim, { options: simOptions(flags) });
  const { handler, rehearsal } = appServer(app, () => {});
  const sendTo =
    (to: typeof handler) =>
    async ({ method, path, headers, body }: RehearsedRequest): Promise<Answer> => {
      const response = await to(new Request(`http://tocsin${path}`, { method, headers, body }), { remoteAddress: '' });
      const isZipped = response.headers.get('content-encoding') === 'gzip';
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, text: (isZipped ? gunzipSync(bytes) : bytes).toString() };
    };
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    void promise.finally(() => (isOver = true));
    while (!isOver) await sim.advance(10);
    return promise;
  };
  return { app, settled, real: sendTo(handler), staged: sendTo(rehearsal()) };
}

/** The query, or else the path, of a request. */
const subjectOf = ({ path, body }: RehearsedRequest): string => {
  const { pathname, searchParams } = new URL(path, 'http://tocsin');
  const query = searchParams.get('query') ?? (typeof body === 'string' ? new URLSearchParams(body).get('query') : null);
  return query?.trim() ?? pathname;
};
const NAMES: RehearsedRequest = { method: 'GET', path: '/api/v1/label/__name__/values', headers: {}, body: null };

test('every request is answered with what it is there for, and real answers know nothing of it', async () => {
  const { app, settled, real, staged } = await world({ 'web.enableRemoteWriteReceiver': true });
  const answers: (Answer & { readonly subject: string })[] = [];
  await settled(rehearse(async (request) => void answers.push({ ...(await staged(request)), subject: subjectOf(request) })));
  expect(new Set(answers.map(({ subject }) => subject)).size).toBeGreaterThan(35);

  const told = answers.filter(({ status, text }) => status !== 200 || !/^\{"status":"success","data":.*(?:\d|"zone")/.test(text));
  expect([...new Set(told.map(({ status, subject }) => `${status} ${subject}`))].sort()).toEqual([
    // The series is there.
    '200 absent_over_time(stage_gauge{instance="host-3:9100",zone="z1"}[10m])',
    '204 /api/v1/write',
    '400 /api/v1/write',
    '400 sum by',
  ]);

  expect((await settled(staged(NAMES))).text).toContain('stage_gauge');
  expect((await settled(real(NAMES))).text).toBe('{"status":"success","data":[]}');
  expect(await settled(app.engine.call('leaveStage', null))).toEqual({ kind: 'gave', gives: null });
});

test('what is written is written on the stage', async () => {
  const { settled, real, staged } = await world({ 'web.enableRemoteWriteReceiver': true });
  const text = (field: number, of: string): number[] => [field * 8 + 2, of.length, ...Buffer.from(of)];
  const label = [...text(1, '__name__'), ...text(2, 'written')];
  const sample = [0x10, 0x80, 0xd0, 0x95, 0xff, 0xbc, 0x31];
  const series = [0x0a, label.length, ...label, 0x12, sample.length, ...sample];
  const message = [0x0a, series.length, ...series];
  // A snappy block of one literal.
  const body = Uint8Array.from([message.length, (message.length - 1) << 2, ...message]);
  const request: RehearsedRequest = { method: 'POST', path: '/api/v1/write', headers: { 'content-type': 'application/x-protobuf' }, body };
  expect(await settled(staged(request))).toEqual({ status: 204, text: '' });
  expect((await settled(staged(NAMES))).text).toContain('"written"');
  expect((await settled(real(NAMES))).text).toBe('{"status":"success","data":[]}');
});

test('a request that fails ends it', async () => {
  let asked = 0;
  const send = async (): Promise<void> => {
    if (++asked === 3) throw new Error('the engine has gone');
  };
  await expect(rehearse(send)).rejects.toThrow('the engine has gone');
  expect(asked).toBe(3);
});
