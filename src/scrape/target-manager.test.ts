import { describe, expect, test } from 'vitest';
import { MemoryStore, type StoredSample } from '../../test/support/memory-store.ts';
import { relabelRule, scrapeConfig } from '../../test/support/scrape-config.ts';
import { response, ScriptedHttp } from '../../test/support/scripted-http.ts';
import type { HttpResult } from '../model/http.ts';
import { type Log, type LogFields, silentLog } from '../model/log.ts';
import { equalMatcher } from '../model/matcher.ts';
import { durationMs, unixMs } from '../model/time.ts';
import { SimClock } from '../platform/sim/sim-clock.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import type { ScrapeConfig } from './scrape-config.ts';
import type { RuleSlots } from './scrape-phase.ts';
import { ScrapeManager, type ScrapeManagerPorts } from './target-manager.ts';

const START = 1_700_000_000_000;
const INTERVAL = 10_000;

/** A manager in a small world. `answers`: one per scrape, the last one for ever. */
function world(
  config: Partial<ScrapeConfig> = {},
  answers: readonly (HttpResult | string)[] = [''],
  ports: Partial<ScrapeManagerPorts> = {},
) {
  const clock = new SimClock({ start: unixMs(START) });
  const store = new MemoryStore();
  const warnings: (readonly [string, LogFields | undefined])[] = [];
  const log: Log = { ...silentLog, warn: (message, fields) => void warnings.push([message, fields]), with: () => log };
  let count = 0;
  const http = new ScriptedHttp(() => {
    const answer = answers[Math.min(count++, answers.length - 1)] ?? '';
    return typeof answer === 'string' ? response(answer) : answer;
  });
  const yields = { count: 0 };
  const manager = new ScrapeManager({
    clock,
    store,
    log,
    http,
    disk: new SimDisk({ clock }),
    version: '1.2.3',
    offsetSeed: '',
    startTimestamps: false,
    typeAndUnitLabels: false,
    yieldNow: async () => {
      yields.count++;
    },
    ...ports,
  });
  manager.apply([scrapeConfig(config)], []);
  /** Samples of a series without its target labels, in order. */
  const values = (series: string): readonly StoredSample['value'][] => (store.samples()[series] ?? []).map(({ value }) => value);
  const metric = (name: string): readonly StoredSample['value'][] => values(`{__name__="${name}", instance="a:80", job="job"}`);
  return { clock, store, http, manager, values, metric, yields, warnings, scrapes: (n: number) => clock.advance(n * INTERVAL) };
}
type World = ReturnType<typeof world>;

const target = ({ manager }: World) => manager.activeTargets()[0];
/** Where in the interval the samples of `a` lie. */
const phases = (it: World): number[] =>
  (it.store.samples()['{__name__="a", instance="a:80", job="job"}'] ?? []).map(({ at }) => at % INTERVAL);
const seriesOf = (it: World, name: string): string[] => Object.keys(it.store.samples()).filter((key) => key.includes(`__name__="${name}"`));
const group = (source: string, ...names: string[]) => ({
  source,
  targets: names.map((name) => ({ __address__: `${name}:80` })),
  labels: {},
});
const failure = (reason: Extract<HttpResult, { kind: 'failed' }>['reason'], message: string): HttpResult => ({
  kind: 'failed',
  reason,
  message,
  maybeSent: true,
});

describe('a good scrape', () => {
  test('stores samples with the labels of the target, and the report, in one batch', async () => {
    const it = world({}, ['# TYPE a gauge\na{x="1"} 5\na{x="2"} 6\n']);
    await it.scrapes(1);
    expect(it.store.commits).toBe(1);
    expect(Object.keys(it.store.samples()).toSorted()).toEqual([
      '{__name__="a", instance="a:80", job="job", x="1"}',
      '{__name__="a", instance="a:80", job="job", x="2"}',
      '{__name__="scrape_duration_seconds", instance="a:80", job="job"}',
      '{__name__="scrape_samples_post_metric_relabeling", instance="a:80", job="job"}',
      '{__name__="scrape_samples_scraped", instance="a:80", job="job"}',
      '{__name__="scrape_series_added", instance="a:80", job="job"}',
      '{__name__="up", instance="a:80", job="job"}',
    ]);
    expect(it.metric('scrape_series_added')).toEqual([2]);
    await it.scrapes(1);
    expect(it.metric('up')).toEqual([1, 1]);
    expect(it.metric('scrape_series_added')).toEqual([2, 0]);
    expect(it.values('{__name__="a", instance="a:80", job="job", x="2"}')).toEqual([6, 6]);
    expect(target(it)).toMatchObject({ health: 'up', lastError: '', scrapeUrl: 'http://a:80/metrics', scrapePool: 'job' });
  });

  test('asks as Prometheus asks', async () => {
    const it = world({ bodySizeLimitBytes: 1000 });
    await it.scrapes(1);
    expect(it.http.requests[0]).toEqual({
      method: 'GET',
      url: 'http://a:80/metrics',
      timeoutMs: 5000,
      bodyBytesMax: 999,
      headers: {
        Accept:
          'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
          'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        'Accept-Encoding': 'gzip',
        'User-Agent': 'Tocsin/1.2.3',
        'X-Prometheus-Scrape-Timeout-Seconds': '5',
      },
    });
  });

  test('comes at the same points of the interval after a restart, and its samples lie on them', async () => {
    const first = world({}, ['a 1\n']);
    await first.scrapes(3);
    const second = world({}, ['a 1\n']);
    await second.clock.advance(3456);
    second.manager.apply([], []);
    second.manager.apply([scrapeConfig()], []);
    await second.scrapes(3);
    expect(new Set([...phases(first), ...phases(second)]).size).toBe(1);
  });

  test('of an empty body is up, without samples', async () => {
    const it = world({}, [response('', { contentType: '' })]);
    await it.scrapes(1);
    expect(it.metric('up')).toEqual([1]);
  });

  test('keeps the metadata of its families', async () => {
    const it = world({}, ['# HELP a Old\n# TYPE a counter\na 1\n', '# HELP a New\n# TYPE a counter\na 1\n']);
    await it.scrapes(1);
    expect([...(target(it)?.metadata ?? [])]).toEqual([['a', { type: 'counter', help: 'Old', unit: '' }]]);
    await it.scrapes(3);
    expect(target(it)?.metadata.get('a')).toEqual({ type: 'counter', help: 'New', unit: '' });
  });

  test('of classic histograms stores native ones where asked to', async () => {
    const it = world({ convertClassicHistogramsToNhcb: true }, [
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n',
    ]);
    await it.scrapes(2);
    expect(it.metric('h')).toMatchObject([{ schema: -53, count: 2, customValues: [1] }, { count: 2 }]);
  });

  test('stores start timestamps where asked to', async () => {
    const body = '# TYPE a counter\na_total 1\na_created 5\n# EOF\n';
    const it = world({}, [response(body, { contentType: 'application/openmetrics-text' })], { startTimestamps: true });
    await it.scrapes(2);
    const samples = it.store.samples();
    expect(samples['{__name__="a_total", instance="a:80", job="job"}']).toMatchObject([{ startMs: 5000 }, { startMs: 5000 }]);
    expect(samples['{__name__="a_created", instance="a:80", job="job"}']).toBeUndefined();
  });

  test('of a large body gives the thread away between slices and commits once', async () => {
    const body = Array.from({ length: 2000 }, (_, i) => `a{i="${i}"} ${i}\n`).join('');
    const it = world({}, [body]);
    await it.scrapes(1);
    expect(it.yields.count).toBe(4);
    expect(it.store.commits).toBe(1);
    expect(it.metric('scrape_samples_scraped')).toEqual([2000]);
  });
});

describe('a series ends with a stale marker', () => {
  test('when it is no longer exposed', async () => {
    const it = world({}, ['a 1\nb 1\n', 'b 2\n', 'a 3\nb 3\n']);
    await it.scrapes(3);
    expect([it.metric('a'), it.metric('b')]).toEqual([
      [1, 'stale', 3],
      [1, 2, 3],
    ]);
  });
  test('when the scrape fails, and starts again after', async () => {
    const it = world({}, ['a 1\n', failure('refused', 'connection refused'), failure('refused', 'connection refused'), 'a 4\n']);
    await it.scrapes(4);
    expect([it.metric('a'), it.metric('up')]).toEqual([
      [1, 'stale', 4],
      [1, 0, 0, 1],
    ]);
  });
  test('when only a part of the body can be read', async () => {
    const it = world({}, ['a 1\nb 1\n', 'a 2\n}\n', 'a 3\n']);
    await it.scrapes(3);
    expect([it.metric('a'), it.metric('b')]).toEqual([
      [1, 'stale', 3],
      [1, 'stale'],
    ]);
    expect(it.metric('scrape_samples_scraped')).toEqual([2, 1, 1]);
  });
  test('not while another spelling of it is exposed', async () => {
    const it = world({}, ['a{x="1",y="2"} 1\n', 'a{y="2",x="1"} 2\n', 'a{y="2",x="1"} 3\n']);
    await it.scrapes(3);
    expect(it.values('{__name__="a", instance="a:80", job="job", x="1", y="2"}')).toEqual([1, 2, 3]);
  });
  test('not when it brings its own timestamps, unless these are tracked', async () => {
    const bodies = [`a 1 ${START}\n`, ''];
    const plain = world({}, bodies);
    const tracked = world({ trackTimestampsStaleness: true }, bodies);
    await plain.scrapes(2);
    await tracked.scrapes(2);
    expect([plain.metric('a'), tracked.metric('a')]).toEqual([[1], [1, 'stale']]);
  });
  test('when its target is gone, at the time of the next scrape, once two intervals are over', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(1);
    const [last] = it.store.samples()['{__name__="a", instance="a:80", job="job"}'] ?? [];
    it.manager.apply([scrapeConfig({ staticConfigs: [] })], []);
    await it.scrapes(1);
    expect(it.metric('a')).toEqual([1]);
    await it.scrapes(1.1);
    expect(it.store.samples()['{__name__="a", instance="a:80", job="job"}']?.[1]).toEqual({
      at: (last?.at ?? 0) + INTERVAL,
      value: 'stale',
    });
    expect(it.metric('up')).toEqual([1, 'stale']);
  });
  test('not when the target comes back in that time', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(1);
    it.manager.apply([], []);
    it.manager.apply([scrapeConfig()], []);
    await it.scrapes(4);
    expect(it.metric('a')).toEqual([1, 1, 1, 1, 1]);
  });
  test('not at shutdown', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(1);
    it.manager.apply([], []);
    await it.manager.stop();
    await it.scrapes(4);
    expect(it.metric('a')).toEqual([1]);
    expect(it.clock.nextTimerAt()).toBe(null);
  });
  test('when new rules no longer lead to it', async () => {
    const it = world({}, ['a 1\nb 1\n']);
    await it.scrapes(1);
    it.manager.apply(
      [scrapeConfig({ metricRelabelConfigs: [relabelRule({ sourceLabels: ['__name__'], regex: 'a', action: 'drop' })] })],
      [],
    );
    await it.scrapes(2);
    expect([it.metric('a'), it.metric('b')]).toEqual([
      [1, 'stale'],
      [1, 1, 1],
    ]);
  });
});

describe('a bad answer is one clear error', () => {
  test.each<[string, HttpResult, string]>([
    ['status 404', response('not here', { status: 404 }), 'server returned HTTP status 404 Not Found'],
    ['a redirect not followed', response('', { status: 302 }), 'server returned HTTP status 302 Found'],
    ['an unknown status', response('', { status: 599 }), 'server returned HTTP status 599'],
    ['no connection', failure('refused', 'connect ECONNREFUSED'), 'Get "http://a:80/metrics": connect ECONNREFUSED'],
    ['no end', failure('timeout', 'timed out'), 'Get "http://a:80/metrics": context deadline exceeded: no complete answer within 5s'],
    ['too much', failure('body_too_large', 'more'), 'body size limit exceeded: more than 268435456 bytes'],
    [
      'a login page',
      response('<html>', { contentType: 'text/html' }),
      'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    ],
    [
      'no Content-Type',
      response('a 1\n', { contentType: '' }),
      'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    ],
    [
      'protobuf',
      response('\x01', { contentType: 'application/vnd.google.protobuf' }),
      'the target answers in the protobuf format (Content-Type "application/vnd.google.protobuf"), which is not supported: let it offer a text format',
    ],
    ['garbage', response('\xff\xfe\n'), 'expected a valid start token, got "\\xc3" ("INVALID") while parsing: "\\xc3"'],
    ['half of OpenMetrics', response('a 1\n', { contentType: 'application/openmetrics-text' }), 'data does not end with # EOF'],
    ['lines of Windows', response('a 1\r\n'), 'strconv.ParseFloat: parsing "1\\r": invalid syntax while parsing: "a 1\\r"'],
    ['a label given twice', response('a{x="1",x="2"} 1\n'), 'label name "x" is not unique: invalid sample'],
  ])('%s', async (_, answer, error) => {
    const it = world({}, ['good 1\n', answer, 'good 3\n']);
    await it.scrapes(2);
    expect(target(it)).toMatchObject({ health: 'down', lastError: error });
    await it.scrapes(1);
    expect(target(it)).toMatchObject({ health: 'up', lastError: '' });
    expect([it.metric('up'), it.metric('good')]).toEqual([
      [1, 0, 1],
      [1, 'stale', 3],
    ]);
  });

  test('a fallback protocol reads what says nothing of itself', async () => {
    const it = world({ fallbackScrapeProtocol: 'PrometheusText0.0.4' }, [response('a 1\n', { contentType: 'text/html' })]);
    await it.scrapes(1);
    expect(it.metric('a')).toEqual([1]);
  });

  test('a store that cannot commit is an error of the target, and the markers owed come later', async () => {
    const it = world({}, ['a 1\n', 'b 2\n']);
    await it.scrapes(1);
    it.store.commitError = new Error('no space left');
    await it.scrapes(1);
    expect(target(it)).toMatchObject({ health: 'down', lastError: 'storing the scrape failed: no space left' });
    it.store.commitError = null;
    await it.scrapes(1);
    expect([it.metric('a'), it.metric('b'), it.metric('up')]).toEqual([[1, 'stale'], [2], [1, 1]]);
  });
});

describe('limits', () => {
  const many = 'a{x="1"} 1\na{x="2"} 1\na{x="3"} 1\n';
  test.each<[string, Partial<ScrapeConfig>, string]>([
    ['sample_limit', { sampleLimit: 2 }, 'sample limit exceeded'],
    ['label_limit', { labelLimit: 3 }, 'label_limit exceeded (metric: a, number of labels: 4, limit: 3)'],
    [
      'label_name_length_limit',
      { labelNameLengthLimit: 7 },
      'label_name_length_limit exceeded (metric: a, label name: __name__, length: 8, limit: 7)',
    ],
    [
      'label_value_length_limit',
      { labelValueLengthLimit: 3 },
      'label_value_length_limit exceeded (metric: a, label name: instance, value: "a:80", length: 4, limit: 3)',
    ],
    [
      'target_limit',
      { targetLimit: 1, staticConfigs: [{ source: '0', targets: [{ __address__: 'a:80' }, { __address__: 'b:80' }], labels: {} }] },
      'target_limit exceeded (number of targets: 2, limit: 1)',
    ],
  ])('%s fails the whole scrape', async (_, config, error) => {
    const it = world(config, [many]);
    await it.scrapes(1);
    expect(target(it)).toMatchObject({ health: 'down', lastError: error });
    expect(it.metric('up')).toEqual([0]);
    expect(Object.keys(it.store.samples()).filter((series) => series.includes('"a"'))).toEqual([]);
  });

  test('past sample_limit all is counted, and what was stored before ends', async () => {
    const it = world({ sampleLimit: 2 }, ['a{x="1"} 1\n', many]);
    await it.scrapes(2);
    expect(it.values('{__name__="a", instance="a:80", job="job", x="1"}')).toEqual([1, 'stale']);
    expect([it.metric('scrape_samples_scraped'), it.metric('scrape_samples_post_metric_relabeling')]).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect(it.manager.stats.exceededSampleLimit).toBe(1);
  });

  test('native_histogram_bucket_limit', async () => {
    const it = world({ convertClassicHistogramsToNhcb: true, nativeHistogramBucketLimit: 1 }, [
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\n',
    ]);
    await it.scrapes(1);
    expect(target(it)?.lastError).toBe('histogram bucket limit exceeded');
  });

  test('extra_scrape_metrics report them, and -1 bytes for a body over its limit', async () => {
    const it = world({ extraScrapeMetrics: true, sampleLimit: 9 }, ['a 1\n', failure('body_too_large', ''), failure('reset', '')]);
    await it.scrapes(3);
    expect([it.metric('scrape_timeout_seconds'), it.metric('scrape_sample_limit'), it.metric('scrape_body_size_bytes')]).toEqual([
      [5, 5, 5],
      [9, 9, 9],
      [4, -1, 0],
    ]);
    expect(it.manager.stats.exceededBodySizeLimit).toBe(1);
  });
});

describe('labels', () => {
  test('exposed ones that clash get exported_ before them, as often as it takes', async () => {
    const it = world({}, ['a{job="x",exported_job="y",instance=""} 1\n']);
    await it.scrapes(1);
    expect(seriesOf(it, 'a')).toEqual(['{__name__="a", exported_exported_job="x", exported_job="y", instance="a:80", job="job"}']);
  });
  test('exposed ones win with honor_labels, an empty one removes that of the target', async () => {
    const it = world({ honorLabels: true }, ['a{job="x",instance=""} 1\n']);
    await it.scrapes(1);
    expect(seriesOf(it, 'a')).toEqual(['{__name__="a", job="x"}']);
  });
  test('rules may drop series; these count as scraped, not as added', async () => {
    const it = world({ metricRelabelConfigs: [relabelRule({ sourceLabels: ['__name__'], regex: 'b.*', action: 'drop' })] }, [
      'a 1\nb 1\nb2 1\n',
    ]);
    await it.scrapes(2);
    expect([it.metric('b'), it.metric('scrape_samples_scraped'), it.metric('scrape_samples_post_metric_relabeling')]).toEqual([
      [],
      [3, 3],
      [1, 1],
    ]);
  });
  test.each([
    ['missing metric name (__name__ label)', relabelRule({ action: 'labeldrop', regex: '__name__' }), 'utf8'],
    ['invalid metric name or label names: {__name__="a.b", instance="a:80", job="job"}', relabelRule({}), 'legacy'],
  ] as const)('%s', async (error, rule, scheme) => {
    const it = world({ metricNameValidationScheme: scheme, metricRelabelConfigs: rule.action === 'replace' ? [] : [rule] }, [
      '{"a.b"} 1\n',
    ]);
    await it.scrapes(1);
    expect(target(it)?.lastError).toBe(error);
  });
});

describe('single samples that cannot be stored', () => {
  test('a series given twice: the first one counts', async () => {
    const it = world({}, ['a 1\na 2\n']);
    await it.scrapes(2);
    expect(it.metric('a')).toEqual([1, 1]);
    expect(it.manager.stats.sampleDuplicate).toBe(2);
    expect(it.metric('up')).toEqual([1, 1]);
  });
  test('old, far ahead and contradicting timestamps are counted, and logged once a minute', async () => {
    const body = `old 1 ${START}\nold 2 1000\nahead 1 ${START + 3_600_000}\nsame 1 5\nsame 2 5\n`;
    const it = world({}, [body]);
    await it.scrapes(3);
    expect(it.manager.stats).toMatchObject({ sampleOutOfOrder: 3, sampleOutOfBounds: 3, sampleDuplicate: 3 });
    expect(it.warnings).toEqual([['samples of a scrape were not stored', { outOfOrder: 1, sameTimestamp: 1, outOfBounds: 1 }]]);
    expect(it.metric('up')).toEqual([1, 1, 1]);
  });
  test('without honor_timestamps the time is that of the scrape', async () => {
    const it = world({ honorTimestamps: false }, ['a 1 1000\n', 'a 2 1000\n']);
    await it.scrapes(2);
    expect(it.metric('a')).toEqual([1, 2]);
  });
  test('a series that the store has dropped is made again', async () => {
    const it = world({}, ['a{x="1"} 1\n# HELP b x\nb 1\n']);
    await it.scrapes(1);
    it.store.dropRefs();
    await it.scrapes(2);
    expect([it.metric('b'), it.metric('up')]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });
});

describe('time', () => {
  test('a scrape under way for a whole interval is followed by the next at once', async () => {
    const it = world({ scrapeTimeoutMs: durationMs(INTERVAL) });
    it.http.answer = () =>
      new Promise((resolve) => {
        it.clock.after(durationMs(INTERVAL), () => resolve(failure('timeout', '')));
      });
    await it.scrapes(5.5);
    expect(it.metric('up').length).toBeGreaterThanOrEqual(4);
  });
  test('a wall clock that steps back an hour does not stop scraping', async () => {
    const it = world();
    await it.scrapes(2);
    it.clock.stepWall(-3_600_000);
    await it.scrapes(3);
    expect(it.http.requests.length).toBeGreaterThanOrEqual(4);
  });
  test('a wall clock that jumps ahead makes up for one scrape, not for all', async () => {
    const it = world();
    await it.scrapes(1);
    it.clock.stepWall(3_600_000);
    await it.scrapes(2);
    expect(it.http.requests.length).toBeLessThanOrEqual(4);
  });
  test('many targets are spread over the interval', async () => {
    const targets = Array.from({ length: 200 }, (_, i) => ({ __address__: `host-${i}:80` }));
    const it = world({ staticConfigs: [{ source: '0', targets, labels: {} }] });
    const perTenth: number[] = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      const before = it.http.requests.length;
      await it.clock.advance(INTERVAL / 10);
      perTenth.push(it.http.requests.length - before);
    }
    expect(it.http.requests.length).toBe(200);
    expect(Math.max(...perTenth)).toBeLessThan(45);
  });
});

describe('reload and discovery', () => {
  test('rules that come with a reload have the scrapes moved before their slots, once', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(2);
    const slots: RuleSlots = { intervalMs: INTERVAL, offsetMs: 3000, alerts: 1, selectors: [[equalMatcher('__name__', 'a')]] };
    it.manager.apply([scrapeConfig()], [slots]);
    await it.scrapes(3);
    it.manager.apply([scrapeConfig()], [slots]);
    await it.scrapes(2);
    const [, , ...moved] = phases(it);
    expect(new Set(moved).size).toBe(1);
    expect(moved[0]).toBeLessThanOrEqual(3000 - 400);
    expect(moved[0]).toBeGreaterThan(3000 - 400 - INTERVAL / 16 - 1);
    expect(it.metric('a')).not.toContain('stale');
  });
  test('a changed interval keeps series and up alive', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(2);
    it.manager.apply([scrapeConfig({ scrapeIntervalMs: durationMs(5000) })], []);
    await it.scrapes(4);
    expect(it.metric('a')).not.toContain('stale');
    expect(target(it)?.scrapeIntervalMs).toBe(5000);
  });
  test('an unchanged job is not touched by a new one', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(1);
    const before = target(it);
    it.manager.apply([scrapeConfig(), scrapeConfig({ jobName: 'other' })], []);
    expect(target(it)).toEqual(before);
    await it.scrapes(1);
    expect([it.metric('a'), it.manager.stats.poolReloads, it.http.configs.length]).toEqual([[1, 1], 0, 2]);
  });
  test('another http_config takes a new client, and the old one is closed', async () => {
    const it = world({}, ['a 1\n']);
    await it.scrapes(1);
    it.manager.apply([scrapeConfig({ http: { ...scrapeConfig().http, followRedirects: false } })], []);
    await it.scrapes(1);
    expect([it.http.configs.length, it.http.closed, it.metric('a')]).toEqual([2, 1, [1, 1]]);
  });
  test('groups of a discovery come and go by source, beside the static ones', async () => {
    const it = world();
    const addresses = () =>
      it.manager
        .activeTargets()
        .map(({ scrapeUrl }) => scrapeUrl.slice(7, 8))
        .toSorted()
        .join('');
    it.manager.applyTargets('job', 'file/0', [group('x', 'b', 'c'), group('y', 'd')]);
    expect(addresses()).toBe('abcd');
    it.manager.applyTargets('job', 'file/0', [group('x', 'c')]);
    expect(addresses()).toBe('acd');
    it.manager.applyTargets('job', 'file/0', [group('y')]);
    expect(addresses()).toBe('ac');
    it.manager.applyTargets('job', 'file/0', [group('x')]);
    expect(addresses()).toBe('a');
    it.manager.applyTargets('gone', 'file/0', [group('x', 'z')]);
    expect(addresses()).toBe('a');
    await it.manager.stop();
  });
  test('dropped targets are listed with the reason, up to keep_dropped_targets', () => {
    const targets = [{ __address__: 'a:80', x: '1' }, { __address__: 'b/c' }, {}];
    const it = world({
      staticConfigs: [{ source: '0', targets, labels: {} }],
      relabelConfigs: [relabelRule({ sourceLabels: ['x'], regex: '1', action: 'drop' })],
      keepDroppedTargets: 2,
    });
    const dropped = it.manager.droppedTargets().get('job');
    expect(dropped?.targets.map(({ problem }) => problem)).toEqual([null, '"b/c" is not a valid hostname']);
    expect(dropped?.count).toBe(3);
    expect(it.manager.stats.syncFailed.get('job')).toBe(2);
    expect(it.manager.relabelSteps('job', dropped?.targets[0]?.discoveredLabels ?? (null as never))).toMatchObject([{ keep: false }]);
  });
});
