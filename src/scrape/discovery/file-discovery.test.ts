import { describe, expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { SimDisk } from '../../platform/sim/sim-disk.ts';
import type { TargetGroup } from '../scrape-config.ts';
import { FileDiscoveryStats, FileProvider } from './file-discovery.ts';
import { readTargetGroups } from './target-group-file.ts';
import { JobDiscoveries, type TargetProvider } from './target-provider.ts';

const file = (path: string) => ({ kind: 'file', files: [path], refreshIntervalMs: durationMs(1000) }) as const;

function world(files: readonly string[], refreshIntervalMs = 300_000) {
  const clock = new SimClock({ start: unixMs(1_700_000_000_000) });
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/sd');
  const stats = new FileDiscoveryStats();
  const groups = new Map<string, TargetGroup>();
  let updates = 0;
  const provider = new FileProvider(
    { kind: 'file', files, refreshIntervalMs: durationMs(refreshIntervalMs) },
    (changes) => {
      updates++;
      for (const group of changes) {
        if (group.targets.length === 0) groups.delete(group.source);
        else groups.set(group.source, group);
      }
    },
    { clock, disk, log: silentLog, stats },
  );
  const write = (path: string, text: string): void => disk.replace(path, Buffer.from(text));
  /** source=address,address for each group. */
  const found = (): string[] =>
    [...groups.values()].map(({ source, targets }) => `${source}=${targets.map((one) => one['__address__']).join(',')}`).toSorted();
  return { clock, disk, provider, stats, write, found, groups, updates: () => updates };
}

test('files are found by pattern, and changes within seconds', async () => {
  const it = world(['/sd/*.yml', '/sd/one.json']);
  it.write('/sd/a.yml', '- targets: [a:1, a:2]\n  labels: {zone: z1}\n- targets: [a:3]\n');
  it.write('/sd/b.txt', 'not looked at');
  it.write('/sd/one.json', '[{"targets": ["j:1"]}]');
  it.provider.start();
  expect(it.found()).toEqual(['/sd/a.yml:0=a:1,a:2', '/sd/a.yml:1=a:3', '/sd/one.json:0=j:1']);
  expect(it.groups.get('/sd/a.yml:0')?.labels).toEqual({ zone: 'z1', __meta_filepath: '/sd/a.yml' });
  await it.clock.advance(60_000);
  expect(it.updates()).toBe(1);
  it.write('/sd/a.yml', '- targets: [a:9]\n');
  it.write('/sd/b.yml', '- targets: [b:1]\n');
  it.disk.remove('/sd/one.json');
  await it.clock.advance(5000);
  expect(it.found()).toEqual(['/sd/a.yml:0=a:9', '/sd/b.yml:0=b:1']);
  it.provider.stop();
  it.disk.remove('/sd/b.yml');
  await it.clock.advance(600_000);
  expect(it.found()).toHaveLength(2);
});

test('a file that becomes unreadable keeps its targets, and is complained of when it changes or is refreshed', async () => {
  const it = world(['/sd/a.yml']);
  it.write('/sd/a.yml', '- targets: [a:1]\n');
  it.provider.start();
  it.write('/sd/a.yml', '- targets: {');
  await it.clock.advance(60_000);
  expect([it.found(), it.stats.readErrors]).toEqual([['/sd/a.yml:0=a:1'], 1]);
  await it.clock.advance(300_000);
  expect(it.stats.readErrors).toBe(2);
  it.write('/sd/a.yml', '- targets: [a:2]\n');
  await it.clock.advance(5000);
  expect(it.found()).toEqual(['/sd/a.yml:0=a:2']);
  it.provider.stop();
});

test('a missing file, and a missing directory, are no error', () => {
  const it = world(['/sd/none.yml', '/nowhere/*.yml']);
  it.provider.start();
  expect([it.found(), it.stats.readErrors]).toEqual([[], 0]);
  it.provider.stop();
});

describe('target groups', () => {
  test.each([
    [
      'a.json',
      '[{"targets": ["a:1"], "labels": {"x": "1"}, "other": 1}]',
      [{ source: '', targets: [{ __address__: 'a:1' }], labels: { x: '1' } }],
    ],
    ['a.yaml', '[{targets: [a:1], labels: {x: "1"}}]', [{ source: '', targets: [{ __address__: 'a:1' }], labels: { x: '1' } }]],
    ['a.json', 'null', []],
    ['a.yml', '', []],
  ])('%s %s', (path, text, groups) => {
    expect(readTargetGroups(path, Buffer.from(text))).toEqual(groups);
  });
  test.each([
    ['a.json', '[', /JSON/],
    ['a.json', '{}', /must hold a list/],
    ['a.json', '[null]', /target group 0: nil target group item found/],
    ['a.json', '[{"targets": [1]}]', /"targets" must be a list of texts/],
    ['a.json', '[{"labels": {"": "x"}}]', /not a valid label name/],
    ['a.json', '[{"labels": {"x": 1}}]', /the value of label "x" must be a text/],
    ['a.yml', '- targets: [a]\n  label: {}\n', /line 2: /],
    ['a.yml', '-', /nil target group item found/],
    ['a.yml', '\u0000', /./],
  ])('%s %j is refused', (path, text, error) => {
    const read = readTargetGroups(path, Buffer.from(text));
    expect('error' in read ? read.error : '').toMatch(error);
  });
});

test('over a reload, discoveries that stay the same run on; new ones start before old ones stop', () => {
  const log: string[] = [];
  const job = new JobDiscoveries((config, sink): TargetProvider | null => {
    if (config.kind !== 'file') return null;
    const [name = ''] = config.files;
    return {
      start: () => {
        log.push(`start ${name}`);
        sink([]);
      },
      stop: () => void log.push(`stop ${name}`),
    };
  });
  const apply = (...configs: Parameters<JobDiscoveries['apply']>[0]) =>
    job.apply(
      configs,
      (provider) => void log.push(`from ${provider}`),
      ({ kind }) => void log.push(`unknown ${kind}`),
    );
  expect(apply(file('a'), file('b'))).toEqual([]);
  expect(apply(file('b'), file('c'), { kind: 'dns', names: [], type: 'A', port: 1, refreshIntervalMs: durationMs(1) })).toEqual(['file/1']);
  job.stop();
  expect(log).toEqual([
    'start a',
    'from file/1',
    'start b',
    'from file/2',
    'unknown dns',
    'start c',
    'from file/3',
    'stop a',
    'stop b',
    'stop c',
  ]);
});
