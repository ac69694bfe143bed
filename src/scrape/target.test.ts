import { describe, expect, test } from 'vitest';
import { relabelRule, scrapeConfig } from '../../test/support/scrape-config.ts';
import type { ScrapeConfig } from './scrape-config.ts';
import { globalUrl, phaseHash, targetsOfGroup } from './target.ts';

type Element = Readonly<Record<string, string>>;
function check(element: Element, config: Partial<ScrapeConfig> = {}, group: Element = {}) {
  const { targets, dropped } = targetsOfGroup({ source: 's', targets: [element], labels: group }, scrapeConfig(config));
  return { target: targets[0], problem: dropped[0]?.problem };
}

const DISCOVERED =
  '{__address__="a:80", __always_scrape_classic_histograms__="false", __convert_classic_histograms_to_nhcb__="false", __metrics_path__="/metrics", ' +
  '__scheme__="http", __scrape_interval__="10s", __scrape_native_histograms__="false", __scrape_timeout__="5s", job="job"}';

describe('labels', () => {
  test('start with what discovery and job say, and end with the instance', () => {
    const { target } = check({ __address__: 'a:80' });
    expect(target?.discoveredLabels.toString()).toBe(DISCOVERED);
    expect(target?.publicLabels.toString()).toBe('{instance="a:80", job="job"}');
  });
  test('of the element win over those of the group, both over the job', () => {
    const { target } = check({ __address__: 'a:80', x: 'element' }, {}, { x: 'group', y: 'group', job: 'group' });
    expect(target?.publicLabels.toString()).toBe('{instance="a:80", job="group", x="element", y="group"}');
  });
  test('that discovery gave with __meta_ are there for rules only', () => {
    const relabelConfigs = [relabelRule({ action: 'labelmap', regex: '__meta_(.+)' })];
    const { target } = check({ __address__: 'a:80', __meta_zone: 'z1' }, { relabelConfigs });
    expect(target?.labels.has('__meta_zone')).toBe(false);
    expect(target?.publicLabels.get('zone')).toBe('z1');
  });
  test('set interval, timeout and histogram conversion of one target', () => {
    const { target } = check({
      __address__: 'a:80',
      __scrape_interval__: '1m',
      __scrape_timeout__: '30s',
      __convert_classic_histograms_to_nhcb__: 'T',
    });
    expect(target).toMatchObject({ intervalMs: 60_000, timeoutMs: 30_000, convertClassicHistogramsToNhcb: true });
  });
});

test.each<[Element, string]>([
  [{}, 'no address'],
  [{ __address__: 'a/b' }, '"a/b" is not a valid hostname'],
  [{ __address__: 'a', __scrape_interval__: 'x' }, 'error parsing scrape interval: not a valid duration string: "x"'],
  [{ __address__: 'a', __scrape_interval__: '0s' }, 'scrape interval cannot be 0'],
  [{ __address__: 'a', __scrape_timeout__: '0' }, 'scrape timeout cannot be 0'],
  [{ __address__: 'a', __scrape_timeout__: '1m' }, 'scrape timeout cannot be greater than scrape interval ("1m" > "10s")'],
  [
    { __address__: 'a', __scrape_native_histograms__: 'yes' },
    'error parsing scrape native histograms: strconv.ParseBool: parsing "yes": invalid syntax',
  ],
  [{ __address__: 'a', x: '\ud800' }, 'invalid label value for "x": "\ufffd"'],
])('%j makes no target: %s', (element, problem) => {
  expect(check(element)).toEqual({ target: undefined, problem });
});

describe('URL', () => {
  test.each<[string, Element, Partial<ScrapeConfig>, string]>([
    ['no default port is added', { __address__: 'a' }, {}, 'http://a/metrics'],
    ['scheme and path', { __address__: 'a', __scheme__: 'https', __metrics_path__: 'm x' }, {}, 'https://a/m%20x'],
    ['no path', { __address__: 'a', __metrics_path__: '/' }, {}, 'http://a/'],
    [
      'parameters by name, escaped',
      { __address__: 'a' },
      { params: { b: ['1', '2'], 'a[]': ['x y'] } },
      'http://a/metrics?a%5B%5D=x+y&b=1&b=2',
    ],
    [
      'a __param_ label stands for the first value',
      { __address__: 'a', __param_b: '9', __param_c: '3' },
      { params: { b: ['1', '2'] } },
      'http://a/metrics?b=9&b=2&c=3',
    ],
  ])('%s', (_, element, config, url) => {
    expect(check(element, config).target?.url).toBe(url);
  });

  test.each([
    ['http://localhost:9099/metrics', 'https://mon.example:443/metrics'],
    ['http://127.0.0.1:9100/metrics?a=b', 'http://mon.example:9100/metrics?a=b'],
    ['http://a:9100/metrics', 'http://a:9100/metrics'],
  ])('%s is %s for others', (url, global) => {
    expect(globalUrl(url, { listenPort: '9099', scheme: 'https', host: 'mon.example:443' })).toBe(global);
  });
});

test('the hash that decides when a target is scraped is stable, moves with the seed, and tells URLs apart', () => {
  const { target } = check({ __address__: 'a:80' });
  if (target === undefined) throw new Error('no target');
  expect(phaseHash({ ...target }, '')).toBe(phaseHash(target, ''));
  expect(phaseHash(target, 'other server')).not.toBe(phaseHash(target, ''));
  expect(phaseHash({ ...target, url: 'http://b:80/' }, '')).not.toBe(phaseHash(target, ''));
});
