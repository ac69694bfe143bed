/** What the engine's metrics count, where that is not told by what reads them. */
import { describe, expect, test } from 'vitest';
import { openTestTsdb } from '../../../test/support/tsdb.ts';
import { Labels } from '../../model/labels.ts';
import { unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import type { Queryable } from '../../promql/queryable.ts';
import { parserOptions } from '../config/engine-config.ts';
import { type Metrics, noMetrics } from '../metrics.ts';
import type { OpenEngine } from './engine.ts';
import { registerEngineMetrics } from './engine-metrics.ts';
import { QueryService } from './query-service.ts';

const NOW = 1_767_225_600_000;
const UP = Labels.of({ __name__: 'up' });
const SERVERS_OWN = { timeoutMs: null, lookbackDeltaMs: null, stats: 'none' } as const;

/** An engine with a sample of `up` each minute of the last hour. */
function openEngine() {
  const { tsdb } = openTestTsdb(new SimDisk());
  const appender = tsdb.appender();
  for (let ago = 59; ago >= 0; ago--) appender.append(appender.series(UP), NOW - ago * 60_000, 1);
  appender.commit();
  const clock = new SimClock({ start: unixMs(NOW) });
  const limits = { lookbackDeltaMs: 300_000, timeoutMs: 60_000, concurrencyMax: 1, samplesMax: 1000 };
  let onSelect = (): void => {};
  const queryable: Queryable = {
    select: (matchers, range) => {
      onSelect();
      return tsdb.select(matchers, range);
    },
  };
  const queries = new QueryService({ clock, queryable, limits, features: [], parser: parserOptions([]), subqueryStepMs: 60_000 });
  const reads = new Map<string, () => unknown>();
  const metrics: Metrics = {
    ...noMetrics,
    counter: ({ name }, read) => void reads.set(name, read),
    gauge: ({ name }, read) => void reads.set(name, read),
  };
  registerEngineMetrics(metrics, () => ({ tsdb, queries }) as OpenEngine);
  return {
    tsdb,
    queries,
    atSelect: (look: () => void): void => {
      onSelect = look;
    },
    valueOf: (name: string) => reads.get(name)?.(),
    ask: (text: string, startMs: number) =>
      queries.run({ text, startMs, endMs: NOW, stepMs: startMs === NOW ? 0 : 60_000 }, SERVERS_OWN, { isCanceled: false }, () => null),
  };
}

describe('prometheus_engine_query_samples_total', () => {
  const loadedBy = async (use: (engine: ReturnType<typeof openEngine>) => unknown): Promise<unknown> => {
    const engine = openEngine();
    await use(engine);
    return engine.valueOf('prometheus_engine_query_samples_total');
  };

  test.each([
    { query: 'up', startMs: NOW, samples: 1 },
    { query: 'up', startMs: NOW - 600_000, samples: 11 },
    { query: 'rate(up[5m])', startMs: NOW - 600_000, samples: 55 },
    { query: '1', startMs: NOW, samples: 0 },
  ])('counts $samples for $query from $startMs on', async ({ query, startMs, samples }) => {
    expect(await loadedBy(({ ask }) => ask(query, startMs))).toBe(samples);
  });

  test('counts what rules and templates look at', async () => {
    expect(await loadedBy(({ queries }) => queries.runRule(queries.parse('rate(up[5m])'), unixMs(NOW)))).toBe(5);
    expect(await loadedBy(({ queries }) => queries.runInTemplate('up', unixMs(NOW)))).toBe(1);
  });

  test('counts nothing of a query that fails', async () => {
    const failing = ({ ask }: ReturnType<typeof openEngine>) =>
      expect(ask('sum_over_time(up[1h:1s])', NOW)).rejects.toThrow('too many samples');
    expect(await loadedBy(failing)).toBe(0);
  });
});

test('prometheus_engine_queries are those that are evaluated, of rules and templates too, and those that wait', async () => {
  const { queries, ask, valueOf, atSelect } = openEngine();
  const queriesNow = (): unknown => valueOf('prometheus_engine_queries');
  const seen: unknown[] = [];
  atSelect(() => seen.push(queriesNow()));
  const { waits } = await queries.run({ text: 'up', startMs: NOW, endMs: NOW, stepMs: 0 }, SERVERS_OWN, { isCanceled: false }, async () => {
    const waits = ask('up', NOW);
    seen.push(queriesNow());
    await queries.runRule(queries.parse('up'), unixMs(NOW));
    queries.runInTemplate('up', unixMs(NOW));
    return { waits };
  });
  await waits;
  expect(seen).toEqual([1, 1, 2, 2, 1]);
  expect(queriesNow()).toBe(0);
});

test('tocsin_tsdb_samples_overtaken_total counts what another batch has overtaken', () => {
  const { tsdb, valueOf } = openEngine();
  const first = tsdb.appender();
  const second = tsdb.appender();
  first.append(first.series(UP), NOW + 1000, 1);
  second.append(second.series(UP), NOW + 2000, 2);
  second.commit();
  expect(valueOf('tocsin_tsdb_samples_overtaken_total')).toBe(0);
  first.commit();
  expect(valueOf('tocsin_tsdb_samples_overtaken_total')).toBe(1);
});
