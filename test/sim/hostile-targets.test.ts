/** Targets that misbehave in every way, beside healthy ones, over the simulated network into the real store. */

import { expect, test } from 'vitest';
import { finish } from '../../src/lib/finish.ts';
import { noCrashPoints } from '../../src/model/crash-point.ts';
import { equalMatcher } from '../../src/model/matcher.ts';
import { SampleColumns } from '../../src/model/sample.ts';
import { unixMs } from '../../src/model/time.ts';
import { SimWorld } from '../../src/platform/sim/sim-world.ts';
import { ScrapeManager } from '../../src/scrape/target-manager.ts';
import { openTsdb, type Tsdb } from '../../src/tsdb/tsdb.ts';
import { FakeTarget, type TargetBehaviour } from '../support/fake-target.ts';
import { scrapeConfig } from '../support/scrape-config.ts';

const INTERVAL_MS = 10_000;
const HEALTHY = 20;

/** What each must be told about; null: it is up. */
const BEHAVIOURS: readonly (readonly [TargetBehaviour, RegExp | null])[] = [
  ['ok', null],
  ['gzip', null],
  ['garbage', /expected a valid start token/],
  ['login_page', /received unsupported Content-Type "text\/html"/],
  ['error', /server returned HTTP status 500 Internal Server Error/],
  ['hang', /context deadline exceeded/],
  ['one_byte_per_second', /context deadline exceeded/],
  ['infinite', /body size limit exceeded/],
  ['huge', /body size limit exceeded/],
  ['gzip_bomb', /body size limit exceeded/],
  ['bad_gzip', /Get "http:\/\/bad-gzip:80\/metrics": ./],
  ['redirect_loop', /Get "http:\/\/redirect-loop:80\/metrics": ./],
  ['close_early', /Get "http:\/\/close-early:80\/metrics": ./],
  ['close_at_once', /Get "http:\/\/close-at-once:80\/metrics": ./],
];

const hostOf = (behaviour: TargetBehaviour): string => behaviour.replaceAll('_', '-');

function upOf(tsdb: Tsdb): ReadonlyMap<string, readonly (readonly [at: number, up: number])[]> {
  const selected = finish(
    tsdb.select([equalMatcher('__name__', 'up')], { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }),
  );
  const columns = new SampleColumns();
  const up = new Map<string, (readonly [number, number])[]>();
  for (let i = 0; i < selected.count; i++) {
    selected.read(i, columns);
    const samples = Array.from({ length: columns.length }, (_, k) => [columns.timestamps[k] ?? 0, columns.values[k] ?? 0] as const);
    up.set(selected.labels(i).get('instance'), samples);
  }
  selected.close();
  return up;
}

test('each bad target gets its own error, and no healthy one misses a scrape', async () => {
  const world = new SimWorld({ seed: 17, start: unixMs(1_700_000_000_000) });
  const { ports } = world.process();
  const opening = openTsdb({ disk: ports.disk, dir: 'data', crashPoints: noCrashPoints, log: ports.log });
  let opened = opening.next();
  while (opened.done !== true) opened = opening.next();
  const { tsdb } = opened.value;

  const serve = (host: string, behaviour: TargetBehaviour): Readonly<Record<string, string>> => {
    const target = new FakeTarget(world.clock);
    target.behaviour = behaviour;
    world.network.serve(`${host}:80`, target.handler);
    return { __address__: `${host}:80` };
  };
  const healthy = Array.from({ length: HEALTHY }, (_, i) => serve(`healthy-${i}`, 'ok'));
  const tried = BEHAVIOURS.map(([behaviour]) => serve(hostOf(behaviour), behaviour));
  const manager = new ScrapeManager({
    ...ports,
    store: tsdb,
    version: 'test',
    offsetSeed: '',
    startTimestamps: false,
    typeAndUnitLabels: false,
    yieldNow: () => Promise.resolve(),
  });
  const staticConfigs = [{ source: '0', targets: [...healthy, ...tried, { __address__: 'nowhere:80' }], labels: {} }];
  manager.apply([scrapeConfig({ staticConfigs, bodySizeLimitBytes: 500_000 })], []);
  await world.advance(6 * INTERVAL_MS + 6000); // the last scrapes have their timeout behind them

  const errors = new Map(manager.activeTargets().map(({ labels, lastError }) => [labels.get('instance'), lastError]));
  for (const [behaviour, error] of BEHAVIOURS) expect(errors.get(`${hostOf(behaviour)}:80`), behaviour).toMatch(error ?? /^$/);
  expect(errors.get('nowhere:80')).toMatch(/Get "http:\/\/nowhere:80\/metrics": ./);

  const up = upOf(tsdb);
  expect(up.size).toBe(HEALTHY + BEHAVIOURS.length + 1);
  for (const [instance, samples] of up) {
    expect(samples.length, instance).toBeGreaterThanOrEqual(6);
    const steps = new Set(samples.slice(1).map(([at], i) => at - (samples[i]?.[0] ?? 0)));
    expect([...steps], instance).toEqual([INTERVAL_MS]);
    const isGood = instance.startsWith('healthy') || instance === 'ok:80' || instance === 'gzip:80';
    expect(new Set(samples.map(([, value]) => value)), instance).toEqual(new Set([isGood ? 1 : 0]));
  }
  await manager.stop();
});
