import { expect, test } from 'vitest';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { exposition, OwnMetrics, type ThreadName } from './own-metrics.ts';

const metricsOf = (thread: ThreadName, clock = new SimClock({ start: unixMs(0) })): OwnMetrics => new OwnMetrics(thread, clock);
/** The lines of the families whose names begin so. */
const lines = (text: string, prefix: string): string[] =>
  text.split('\n').filter((line) => line.replace(/^# (HELP|TYPE) /, '').startsWith(prefix));

test('values are read when they are asked for', async () => {
  const metrics = metricsOf('control');
  let count = 1;
  const sent = new Map([['email', 2]]);
  metrics.counter({ name: 'tocsin_samples_total', help: 'Samples.' }, () => count);
  metrics.gauge({ name: 'tocsin_queue', help: 'Waiting.', labelNames: ['integration'] }, () =>
    [...sent].map(([integration, value]) => ({ labels: { integration }, value })),
  );
  await metrics.families();
  count = 5;
  sent.clear();
  sent.set('sms', 7);
  const text = await exposition([await metrics.families()]);
  expect(lines(text, 'tocsin_samples')).toEqual([
    '# HELP tocsin_samples_total Samples.',
    '# TYPE tocsin_samples_total counter',
    'tocsin_samples_total 5',
  ]);
  expect(lines(text, 'tocsin_queue')).toEqual([
    '# HELP tocsin_queue Waiting.',
    '# TYPE tocsin_queue gauge',
    'tocsin_queue{integration="sms"} 7',
  ]);
});

test('histograms and summaries come out with all their series', async () => {
  const metrics = metricsOf('control');
  const observe = metrics.histogram({ name: 'tocsin_took_seconds', help: 'h', labelNames: ['path'], buckets: [0.1, 1] });
  for (const value of [0.05, 0.5, 5]) observe(value, { path: '/"\\' });
  const duration = metrics.summary({ name: 'tocsin_rule_seconds', help: 's', quantiles: [0.5] });
  for (const value of [1, 2, 3]) duration(value);
  const text = await exposition([await metrics.families()]);
  expect(lines(text, 'tocsin_took').slice(2)).toEqual([
    'tocsin_took_seconds_bucket{le="0.1",path="/\\"\\\\"} 1',
    'tocsin_took_seconds_bucket{le="1",path="/\\"\\\\"} 2',
    'tocsin_took_seconds_bucket{le="+Inf",path="/\\"\\\\"} 3',
    'tocsin_took_seconds_sum{path="/\\"\\\\"} 5.55',
    'tocsin_took_seconds_count{path="/\\"\\\\"} 3',
  ]);
  expect(lines(text, 'tocsin_rule')).toEqual([
    '# HELP tocsin_rule_seconds s',
    '# TYPE tocsin_rule_seconds summary',
    'tocsin_rule_seconds{quantile="0.5"} 2',
    'tocsin_rule_seconds_sum 6',
    'tocsin_rule_seconds_count 3',
  ]);
});

test("the event loop is looked at by the stalls alone, not by Node's probe", async () => {
  const clock = new SimClock({ start: unixMs(0) });
  const metrics = metricsOf('control', clock);
  await clock.advance(durationMs(1000));
  const text = await exposition([await metrics.families()]);
  expect(lines(text, 'tocsin_event_loop_stall_seconds_count')).toEqual(['tocsin_event_loop_stall_seconds_count{thread="control"} 10']);
  expect(lines(text, 'nodejs_eventloop_lag_').filter((line) => !line.includes('_lag_seconds'))).toEqual([]);
});

test('two threads make one text: series of both are added, families come once and by name', async () => {
  const control = metricsOf('control');
  const engine = metricsOf('engine');
  control.counter({ name: 'tocsin_shared_total', help: 'x', labelNames: ['kind'] }, () => [{ labels: { kind: 'a' }, value: 1 }]);
  engine.counter({ name: 'tocsin_shared_total', help: 'x', labelNames: ['kind'] }, () => [
    { labels: { kind: 'a' }, value: 10 },
    { labels: { kind: 'b' }, value: 100 },
  ]);
  engine.gauge({ name: 'a_first', help: 'x' }, () => 1);
  const posted = structuredClone(await engine.families());
  const text = await exposition([await control.families(), posted]);
  expect(lines(text, 'tocsin_shared').slice(2)).toEqual(['tocsin_shared_total{kind="a"} 11', 'tocsin_shared_total{kind="b"} 100']);
  expect(text.startsWith('# HELP a_first x\n')).toBe(true);
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(families).toEqual([...new Set(families)].sort());
  expect(text).not.toContain('\n\n');
});

test('the process is told of once and without a thread, event loops and heaps per thread', async () => {
  const text = await exposition([await metricsOf('control').families(), await metricsOf('engine').families()]);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds']) {
    expect(lines(text, name).filter((line) => !line.startsWith('#'))).toEqual([expect.stringMatching(new RegExp(`^${name} [\\d.e+]+$`))]);
  }
  expect(lines(text, 'nodejs_heap_size_used_bytes{')).toEqual([
    expect.stringContaining('thread="control"'),
    expect.stringContaining('thread="engine"'),
  ]);
});

test('a stalled event loop is seen in the stall histogram, until the metrics are closed', async () => {
  let elapsed = 0;
  let due: (() => void) | null = null;
  const after = (_: number, run: () => void): (() => void) => {
    due = run;
    return () => {
      due = null;
    };
  };
  const metrics = new OwnMetrics('engine', { now: () => unixMs(0), elapsed: () => elapsed, after });
  for (const tookMs of [100, 2200]) {
    elapsed += tookMs;
    (due as unknown as () => void)();
  }
  const text = await exposition([await metrics.families()]);
  const buckets = Object.fromEntries(
    [...text.matchAll(/^tocsin_event_loop_stall_seconds_bucket\{le="(\S+)",thread="engine"\} (\d+)$/gm)].map(([, le, n]) => [le, n]),
  );
  expect(buckets).toMatchObject({ '0.001': '1', '1': '1', '2.5': '2', '+Inf': '2' });
  metrics.close();
  expect(due).toBeNull();
});
