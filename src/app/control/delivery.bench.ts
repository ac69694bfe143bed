/**
 * Ten thousand groups become due at once and go to a webhook on this machine: router, state database on disk (synchronous),
 * delivery, HTTP. One run is one drain; its rate, processor time and heap are printed. Wanted: 500 a second on an idle machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import { rootRoute, routerConfig } from '../../../test/support/test-router.ts';
import { openDatabase } from '../../db/database.ts';
import { stateRepository } from '../../db/state-repository.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { PLAIN_HTTP } from '../../model/http.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs } from '../../model/time.ts';
import type { Integration } from '../../notify/integration.ts';
import { networkHttpClients } from '../../platform/real/http-clients.ts';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { SystemClock } from '../../platform/real/system-clock.ts';
import { SimRandom } from '../../platform/sim/sim-random.ts';
import { Delivery } from './delivery.ts';
import { RouterKeeper } from './router-keeper.ts';

const ROWS = 10_000;
const clock = new SystemClock();
const input = notificationInput();

bench(
  `${ROWS} notifications that are due at once`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
    const server = createServer((request, response) => request.resume().on('end', () => response.end('ok')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const client = networkHttpClients({ clock, disk: nodeDisk, environment: () => undefined, userAgent: 'bench' }).open(PLAIN_HTTP);
    const integration: Integration = {
      send: async () => {
        const body = new TextEncoder().encode(JSON.stringify({ alerts: input.data.alerts.length, padding: 'x'.repeat(2000) }));
        await client.request({ method: 'POST', url, headers: {}, body, timeoutMs: durationMs(10_000), bodyBytesMax: 1000 });
        return { kind: 'accepted', answer: 'ok' };
      },
      close: () => {},
    };
    const state = stateRepository(openDatabase(join(directory, 'state.db'), 'migrations/sqlite'));
    let done = (): void => {};
    const drained = new Promise<void>((resolve) => (done = resolve));
    let settled = 0;
    const keeper = await RouterKeeper.open(
      {
        clock,
        random: new SimRandom(1),
        log: silentLog,
        crash: noCrashPoints,
        state,
        owe: (rows) => delivery.enqueue(rows),
        cancel: (rows) => delivery.drop(rows.map(({ id }) => id)),
        told: () => {},
      },
      routerConfig({ route: rootRoute({ groupBy: 'all', groupWaitMs: durationMs(1000) }) }),
      'bench',
    );
    const delivery: Delivery = new Delivery({
      clock,
      random: new SimRandom(2),
      log: silentLog,
      crash: noCrashPoints,
      destination: () => ({ integration, provider: null, rateLimit: null, shared: null }),
      input: () => input,
      claim: (rows) =>
        keeper.step((router, now) => {
          const wanted = rows.filter(({ id }) => router.claim(id, now).kind === 'send');
          return {
            result: wanted.map((row) => ({ row, late: null })),
            claims: { ids: wanted.map(({ id }) => id), attemptId: 'a', bootId: 'b' },
          };
        }),
      settle: async ({ row, at }) => {
        await keeper.step((router, now) => {
          router.settle({ kind: 'accepted', outboxId: row.id }, now);
          return { result: undefined, settlements: [{ id: row.id, state: 'accepted', nextAttemptAt: at, answer: 'ok' }] };
        });
        if (++settled === ROWS) done();
      },
      troubled: async () => {},
    });
    const alerts = Array.from({ length: ROWS }, (_, i) => ({
      labels: { alertname: 'Down', instance: `web-${i}` },
      annotations: { summary: 'it is down' },
      startsAt: null,
      endsAt: null,
      generatorUrl: '',
    }));
    await keeper.step((router, now) => ({ result: router.receive(alerts, now) }));
    await new Promise<void>((resolve) => clock.after(durationMs(1100), resolve));
    const heapBefore = process.memoryUsage().heapUsed;
    const began = clock.elapsed();
    const cpuBefore = process.cpuUsage();
    await keeper.step((router, now) => {
      router.tick(now);
      return { result: undefined };
    });
    let heapMost = heapBefore;
    const watch = setInterval(() => (heapMost = Math.max(heapMost, process.memoryUsage().heapUsed)), 100);
    await drained;
    clearInterval(watch);
    const seconds = (clock.elapsed() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    console.log(
      `${Math.round(ROWS / seconds)} a second, ${((user + system) / 1e6).toFixed(1)} s of processor, the webhook's included; heap ${mebibytes(heapBefore)} before, ${mebibytes(heapMost)} at most`,
    );
    await keeper.stop();
    client.close();
    server.close();
    rmSync(directory, { recursive: true });
  },
  { iterations: 1, warmupIterations: 0, time: 0, warmupTime: 0 },
);

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
