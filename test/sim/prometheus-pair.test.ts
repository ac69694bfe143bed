/**
 * What a real pair of Prometheus servers posted in ten minutes, with all restarts, on the simulated clock, six times over:
 * in an hour each episode is told once. `npm run chaos -- pair --record test/sim/prometheus-pair.json.gz` records it anew.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { judgePair, type Told } from '../support/pair/judge.ts';
import { alertName, type Post, type Recording, readRecording } from '../support/pair/recording.ts';
import { bootApp, serveHttp, writeFiles } from '../support/sim-app.ts';
import { WebhookCollector } from '../support/webhook-collector.ts';

const START = 1_767_225_600_000; // 2026-01-01T00:00:00Z
const recording = repeated(readRecording(fileURLToPath(new URL('prometheus-pair.json.gz', import.meta.url))), 6);

const CONFIG = `
route: {receiver: hook, group_by: [alertname], group_wait: 2s, group_interval: 2s}
receivers: [{name: hook, webhook_configs: [{url: 'http://hook/'}]}]
`;

test('an hour of posts of a pair of Prometheus servers: every episode is told once', async () => {
  const world = new SimWorld({ seed: 1, start: unixMs(START - 60_000) });
  const hook = new WebhookCollector(world.clock);
  world.network.serve('hook:80', hook.handler);
  writeFiles(world, { '/etc/tocsin.yml': CONFIG });
  let { app, process } = await bootApp(world);
  await serveHttp(app, process);

  const until = async (at: number): Promise<void> => world.advance(Math.max(0, START + at - world.clock.now()));
  const downtimes = [...recording.downtimes];
  for (const post of recording.posts) {
    const [from = Number.POSITIVE_INFINITY, to = 0] = downtimes[0] ?? [];
    if (process.isAlive && post.at >= from) {
      await until(from);
      world.kill(process);
    }
    if (!process.isAlive && post.at >= to) {
      await until(to - 1000);
      ({ app, process } = await bootApp(world));
      await serveHttp(app, process);
      downtimes.shift();
    }
    await until(post.at);
    if (process.isAlive) expect((await world.request('http://tocsin:9099/api/v2/alerts', requestOf(post))).status).toBe(200);
  }
  await world.advance(10_000);

  const { problems, episodes, repeats } = judgePair(recording, hook.received.map(toldOf));
  expect({ problems, repeats }).toEqual({ problems: [], repeats: 0 });
  expect(episodes).toBeGreaterThan(180);
});

/** The recording again and again: it begins and ends with nothing firing. */
function repeated({ episodes, downtimes, posts }: Recording, times: number): Recording {
  const lengthMs = (posts.at(-1)?.at ?? 0) + 15_000;
  const shifts = Array.from({ length: times }, (_, i) => i * lengthMs);
  return {
    episodes: shifts.flatMap((by) => episodes.map(([alert, from, to]) => [alert, from + by, to + by] as const)),
    downtimes: shifts.flatMap((by) => downtimes.map(([from, to]) => [from + by, to + by] as const)),
    posts: shifts.flatMap((by) =>
      posts.map((post) => ({
        ...post,
        at: post.at + by,
        alerts: post.alerts.map(([alert, from, to]) => [alert, from + by, to + by] as const),
      })),
    ),
  };
}

function requestOf({ alerts }: Post): RequestInit {
  const time = (at: number): string => new Date(START + at).toISOString();
  const body = alerts.map(([alert, startsAt, endsAt]) => ({
    labels: { alertname: alertName(alert), cluster: 'test', instance: 'web', job: 'load', name: String(alert) },
    annotations: {},
    startsAt: time(startsAt),
    endsAt: time(endsAt),
    generatorURL: 'http://prometheus/graph',
  }));
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function toldOf({ at, headers, body }: WebhookCollector['received'][number]): Told {
  const { status, groupLabels } = JSON.parse(body) as { readonly status: string; readonly groupLabels: { readonly alertname: string } };
  return { at: at - START, alert: Number(groupLabels.alertname.slice('Load'.length)), status, key: headers.get('idempotency-key') ?? '' };
}
