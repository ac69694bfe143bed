/** A real Prometheus on directories that were written here, and the other way round; also after kill -9 and a torn tail. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { finish } from '../../src/lib/finish.ts';
import { noCrashPoints } from '../../src/model/crash-point.ts';
import type { FloatHistogram } from '../../src/model/histogram.ts';
import { Labels } from '../../src/model/labels.ts';
import { silentLog } from '../../src/model/log.ts';
import { isStale, SampleColumns, STALE_NAN } from '../../src/model/sample.ts';
import { nodeDisk } from '../../src/platform/real/node-disk.ts';
import { openTsdb, type Tsdb } from '../../src/tsdb/tsdb.ts';
import { absent } from '../support/peers.ts';
import {
  type PrometheusHistogram,
  type PrometheusSeries,
  promtoolDump,
  RealPrometheus,
  type RemoteSeries,
} from '../support/real-prometheus.ts';

const missing = absent('prometheus', 'promtool');
const STEP_MS = 15_000;
const MINUTE_MS = 60_000;

const folders: string[] = [];
const running: RealPrometheus[] = [];
afterEach(async () => {
  for (const prometheus of running.splice(0)) await prometheus.stop('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(`${tmpdir()}/tocsin-wal-`);
  mkdirSync(`${folder}/data`);
  folders.push(folder);
  return folder;
}

async function prometheusOn(folder: string): Promise<RealPrometheus> {
  const prometheus = await RealPrometheus.start(folder);
  running.push(prometheus);
  return prometheus;
}

function open(folder: string, walSegmentBytes = 4 * 1024 * 1024) {
  const opening = openTsdb({ disk: nodeDisk, dir: `${folder}/data`, crashPoints: noCrashPoints, log: silentLog, walSegmentBytes });
  for (;;) {
    const step = opening.next();
    if (step.done) return step.value;
  }
}

const histogramAt = (i: number, isCustom: boolean): FloatHistogram => ({
  counterResetHint: 'unknown',
  schema: isCustom ? -53 : 2,
  zeroThreshold: isCustom ? 0 : 2 ** -128,
  zeroCount: isCustom ? 0 : i % 50,
  count: 10 * (i % 50) + (isCustom ? 0 : i % 50),
  sum: i * 1.5,
  // A bucket appears now and then, and at every 50th the counter starts anew.
  positiveSpans: i % 50 > 20 ? [{ offset: 0, length: 4 }] : [{ offset: 0, length: 3 }],
  negativeSpans: [],
  positiveBuckets:
    i % 50 > 20
      ? [3 * (i % 50), 3 * (i % 50), 3 * (i % 50), i % 50]
      : [5 * (i % 50), 3 * (i % 50), 2 * (i % 50)].map((n, k) => (k === 0 ? 3 * (i % 50) : n)),
  negativeBuckets: [],
  customValues: isCustom ? [0.5, 1, 2.5, 1e6] : [],
});

/** A scrape of floats of every kind, and some histograms. */
function scrape(tsdb: Tsdb, timestamp: number, i: number): void {
  const appender = tsdb.appender();
  const put = (labels: Record<string, string>, value: number): void => {
    expect(appender.append(appender.series(Labels.of(labels)), timestamp, value)).toBe('ok');
  };
  for (let target = 0; target < 50; target++) {
    put({ __name__: 'requests_total', instance: `host-${target}:9100`, job: 'node' }, i * target);
    put({ __name__: 'temperature', instance: `host-${target}:9100`, job: 'node', 'ünïcode.näme': 'käse ☃' }, Math.sin(i * target) * 1e-7);
  }
  put({ __name__: 'odd', kind: 'stale' }, i % 10 === 9 ? STALE_NAN : i);
  put({ __name__: 'odd', kind: 'infinite' }, i % 2 === 0 ? Infinity : -Infinity);
  put({ __name__: 'odd', kind: 'nan' }, i % 3 === 0 ? Number.NaN : -0);
  put({ __name__: 'odd', kind: 'churn', generation: String(Math.floor(i / 7)) }, i);
  for (const isCustom of [false, true]) {
    const ref = appender.series(Labels.of({ __name__: isCustom ? 'custom_histogram' : 'native_histogram' }));
    expect(appender.appendHistogram(ref, timestamp, histogramAt(i, isCustom))).toBe('ok');
  }
  appender.commit();
}

type Dump = Record<string, readonly string[]>;

function ourDump(tsdb: Tsdb, endMs: number, hours = 3): Dump {
  // A range in PromQL is open at its start.
  const selected = finish(tsdb.select([], { fromMs: endMs - hours * 60 * MINUTE_MS + 1, toMs: endMs }));
  const columns = new SampleColumns();
  const dump: Dump = {};
  for (let i = 0; i < selected.count; i++) {
    selected.read(i, columns);
    const samples: string[] = [];
    for (let k = 0; k < columns.length; k++) {
      const histogram = columns.histograms?.[k];
      const value = columns.values[k] ?? 0;
      if (isStale(value)) continue; // Prometheus leaves the markers out of its answers
      samples.push(`${columns.timestamps[k]} ${histogram ? printHistogram(histogram) : printFloat(value)}`);
    }
    dump[selected.labels(i).toString()] = samples;
  }
  selected.close();
  return dump;
}

const printFloat = (value: number): string =>
  Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';

const printHistogram = ({ count, sum, zeroCount, positiveBuckets, negativeBuckets }: FloatHistogram): string =>
  JSON.stringify({ count, sum, buckets: [...negativeBuckets, zeroCount, ...positiveBuckets].filter((bucket) => bucket !== 0) });

const printTheirs = ({ count, sum, buckets = [] }: PrometheusHistogram): string =>
  JSON.stringify({ count: Number(count), sum: Number(sum), buckets: buckets.map((bucket) => Number(bucket[3])) });

function theirDump(series: readonly PrometheusSeries[]): Dump {
  const dump: Dump = {};
  for (const { metric, values = [], histograms = [] } of series) {
    const samples = [
      ...values.map(([seconds, value]) => [Math.round(seconds * 1000), value === '-0' ? '-0' : printFloat(parse(value))] as const),
      ...histograms.map(([seconds, histogram]) => [Math.round(seconds * 1000), printTheirs(histogram)] as const),
    ];
    dump[Labels.of(metric).toString()] = samples.sort(([a], [b]) => a - b).map(([timestamp, text]) => `${timestamp} ${text}`);
  }
  return dump;
}

const parse = (value: string): number => (value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value));

const segments = (folder: string): string[] =>
  readdirSync(`${folder}/data/wal`)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => `${folder}/data/wal/${name}`);

describe.skipIf(missing !== '')(`with a real Prometheus${missing}`, { timeout: 120_000 }, () => {
  test('it sees all that was committed, when the process was killed', async () => {
    const folder = newFolder();
    const end = Date.now();
    const { tsdb } = open(folder);
    for (let i = 0; i < 200; i++) scrape(tsdb, end - (200 - i) * STEP_MS, i);
    // No close, no flush: the directory is as kill -9 leaves it.
    // Floats only: its dump leaves out the first histogram of each series.
    const floats = promtoolDump(folder).filter((line) => !line.includes('histogram'));
    expect(floats).toHaveLength(tsdb.stats.head.floatsAppended);
    const prometheus = await prometheusOn(folder);
    expect(theirDump(await prometheus.series('{__name__!=""}', end))).toEqual(ourDump(tsdb, end));
    expect(prometheus.log).not.toMatch(/corrupt|repair|Unknown series/i);
    await prometheus.stop();
  });

  test('it sees all but the torn commit, and so do we, whoever opens first', async () => {
    for (const opensFirst of ['ours', 'prometheus'] as const) {
      const folder = newFolder();
      const end = Date.now();
      const { tsdb } = open(folder);
      for (let i = 0; i < 60; i++) scrape(tsdb, end - (60 - i) * STEP_MS, i);
      const before = ourDump(tsdb, end - 2 * STEP_MS);
      const last = segments(folder).at(-1) ?? '';
      truncateSync(last, statSync(last).size - 40);
      if (opensFirst === 'ours') {
        const { tsdb: again, report } = open(folder);
        expect(report.damages).toMatchObject([{ outcome: { kind: 'torn' } }]);
        expect(ourDump(again, end - 2 * STEP_MS)).toEqual(before);
        scrape(again, end, 60);
        const prometheus = await prometheusOn(folder);
        expect(theirDump(await prometheus.series('{__name__!=""}', end))).toEqual(ourDump(again, end));
        expect(prometheus.log).not.toMatch(/corrupt|repair|Unknown series/i);
        await prometheus.stop();
      } else {
        const prometheus = await prometheusOn(folder);
        const theirs = theirDump(await prometheus.series('{__name__!=""}', end));
        await prometheus.stop('SIGKILL');
        const { tsdb: again } = open(folder);
        expect(ourDump(again, end)).toEqual(theirs);
        expect(ourDump(again, end - 2 * STEP_MS)).toEqual(before);
      }
    }
  });

  test('it sees a damaged log as we mended it, with what lies behind the damage', async () => {
    const folder = newFolder();
    const end = Date.now();
    const { tsdb } = open(folder, 64 * 1024);
    for (let i = 0; i < 240; i++) scrape(tsdb, end - (240 - i) * STEP_MS, i);
    const [, second = '', third = ''] = segments(folder);
    const last = segments(folder).at(-1) ?? '';
    const bytes = readFileSync(second);
    bytes[20_000] = (bytes[20_000] ?? 0) ^ 4;
    writeFileSync(second, bytes);
    rmSync(third);
    truncateSync(last, statSync(last).size - 50);

    const { tsdb: again, report } = open(folder);
    expect(report.damages.map(({ outcome }) => outcome.kind)).toEqual(['aside', 'torn']);
    expect(report.gaps).toEqual([{ missing: 2, found: 3 }]);
    expect(again.stats.head.floatsAppended).toBeGreaterThan(tsdb.stats.head.floatsAppended / 2);
    scrape(again, end, 240);
    const prometheus = await prometheusOn(folder);
    expect(theirDump(await prometheus.series('{__name__!=""}', end))).toEqual(ourDump(again, end));
    expect(prometheus.log).not.toMatch(/corrupt|repair/i);
    await prometheus.stop();
  });

  test('it opens a log with a checkpoint, and segments that were ended by size', async () => {
    const folder = newFolder();
    const end = Date.now();
    const { tsdb } = open(folder, 64 * 1024);
    // Seven hours in all: the first are forgotten.
    for (let i = 0; i < 420; i++) scrape(tsdb, end - (420 - i) * MINUTE_MS, i);
    for (let minute = 0; minute < 2; minute++) for (const _ of tsdb.maintain(end + minute)) void _;
    expect(tsdb.stats.maintenance.checkpoints).toBe(1);
    expect(readdirSync(`${folder}/data/wal`).some((name) => name.startsWith('checkpoint.'))).toBe(true);
    scrape(tsdb, end, 420);
    const prometheus = await prometheusOn(folder);
    expect(theirDump(await prometheus.series('{__name__!=""}', end, 5))).toEqual(ourDump(tsdb, end, 5));
    expect(prometheus.log).not.toMatch(/corrupt|repair|Unknown series/i);
    await prometheus.stop();
  });

  test('we see all that it was told, when it was killed, and it takes back what we add', async () => {
    const folder = newFolder();
    const end = Date.now();
    let prometheus = await prometheusOn(folder);
    for (let i = 0; i < 300; i++) await prometheus.write(remoteScrape(end - (301 - i) * 10_000, i));
    const theirs = theirDump(await prometheus.series('{__name__!=""}', end));
    await prometheus.stop('SIGKILL');

    const { tsdb, report } = open(folder);
    expect(report).toMatchObject({ unknownRefs: 0, damages: [] });
    expect(ourDump(tsdb, end)).toEqual(theirs);
    scrape(tsdb, end, 1);
    prometheus = await prometheusOn(folder);
    expect(theirDump(await prometheus.series('{__name__!=""}', end))).toEqual(ourDump(tsdb, end));
    await prometheus.stop();
  });
});

function remoteScrape(timestampMs: number, i: number): RemoteSeries[] {
  const floats = Array.from(
    { length: 100 },
    (_, k): RemoteSeries => ({
      labels: { __name__: 'pushed', instance: `host-${k}` },
      samples: [[timestampMs, k % 2 === 0 ? i * k : Math.cos(i * k)]],
    }),
  );
  const n = i % 70;
  return [
    ...floats,
    { labels: { __name__: 'odd', kind: 'stale' }, samples: [[timestampMs, i % 10 === 9 ? STALE_NAN : i]] },
    {
      labels: { __name__: 'pushed_histogram' },
      histograms: [
        {
          timestampMs,
          count: 7 * n,
          sum: i * 0.25,
          schema: 3,
          zeroThreshold: 0.001,
          zeroCount: n,
          spans:
            n > 30
              ? [
                  [-2, 2],
                  [3, 2],
                ]
              : [
                  [-2, 2],
                  [3, 1],
                ], // prettier-ignore
          deltas: n > 30 ? [n, n, 0, -n] : [n, n, n],
        },
      ],
    },
  ];
}
