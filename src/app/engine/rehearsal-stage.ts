/**
 * Where queries are rehearsed (../rehearsal.ts): a database of a few made-up series in memory and all that answers from it,
 * beside what is real. Nobody's counters count what is asked here.
 */
import { finish } from '../../lib/finish.ts';
import type { Clock } from '../../model/clock.ts';
import { noCrashPoints } from '../../model/crash-point.ts';
import { Labels } from '../../model/labels.ts';
import { silentLog } from '../../model/log.ts';
import { STALE_NAN } from '../../model/sample.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import { RemoteWriteReceiver } from '../../scrape/remote-write.ts';
import { openTsdb, type Tsdb } from '../../tsdb/tsdb.ts';
import { parserOptions } from '../config/engine-config.ts';
import { type QueryLimitsConfig, QueryService } from './query-service.ts';
import { yieldNow } from './slicing.ts';

const INSTANCES = 12;
const BOUNDS = ['0.1', '0.5', '1', '+Inf'];
const INTERVAL_MS = 15_000;
const SAMPLES = 480;
/** Somewhere in time; it must only be far from zero, as real times are. */
export const STAGE_END_MS = 1_700_000_000_000;
/** Numbers of all the kinds that are written in ways of their own; thirteen, so that steps of two intervals meet them all. */
const ODD = [0, -1.5, 1 / 3, 0.1, 123_456_789.25, 1e-7, 5e15, 1e22, 2 ** -7, Number.NaN, Number.POSITIVE_INFINITY, -1e10 / 7, -0];

export type Stage = { readonly tsdb: Tsdb; readonly remoteWrites: RemoteWriteReceiver; readonly queries: QueryService };

/** `options`: as of the real queries, so that theirs are no other objects to V8. */
export async function openStage(
  clock: Clock,
  options: { readonly limits: QueryLimitsConfig; readonly features: readonly string[] },
): Promise<Stage> {
  const tsdb = openEmpty();
  for (const _ of fill(tsdb)) await yieldNow(clock);
  const queries = new QueryService({
    clock,
    queryable: tsdb,
    limits: options.limits,
    features: options.features,
    parser: parserOptions(options.features),
    subqueryStepMs: 60_000,
  });
  return { tsdb, remoteWrites: new RemoteWriteReceiver(tsdb), queries };
}

const openEmpty = (): Tsdb => finish(openTsdb({ disk: new SimDisk(), dir: 'rehearsal', crashPoints: noCrashPoints, log: silentLog })).tsdb;

function* fill(tsdb: Tsdb): Generator<void, void> {
  const series: { readonly labels: Labels; readonly valueAt: (i: number) => number }[] = [];
  for (let host = 0; host < INSTANCES; host++) {
    const add = (name: string, labels: Readonly<Record<string, string>>, valueAt: (i: number) => number): void => {
      series.push({ labels: Labels.of({ ...labels, __name__: name, job: 'stage', instance: `host-${host}:9100` }), valueAt });
    };
    for (const [c, code] of ['200', '404', '500'].entries()) {
      add('stage_requests_total', { code }, (i) => (i % 200) * (7 + host + c) + (i % (c + 3)));
    }
    for (const [b, le] of BOUNDS.entries()) add('stage_seconds_bucket', { le }, (i) => i * (b + 1) * 3);
    for (const zone of ['z1', 'z2', 'z3']) {
      add('stage_gauge', { zone }, (i) => (i % 97 === 96 ? STALE_NAN : 50 + 49 * Math.sin(i * 0.7 + host)));
    }
    add('stage_odd', {}, (i) => ODD[i % ODD.length] ?? 0);
    add('stage_info', { version: `1.${host % 4}` }, () => 1);
  }
  for (let from = 0; from < SAMPLES; from += 20) {
    const appender = tsdb.appender();
    for (const { labels, valueAt } of series) {
      const ref = appender.series(labels);
      for (let i = from; i < from + 20; i++) appender.append(ref, STAGE_END_MS - (SAMPLES - 1 - i) * INTERVAL_MS, valueAt(i));
    }
    appender.commit();
    yield;
  }
}
