import { expect, test } from 'vitest';
import { noCrashPoints } from '../model/crash-point.ts';
import { Labels } from '../model/labels.ts';
import { silentLog } from '../model/log.ts';
import { equalMatcher, type Matcher, makeMatcher } from '../model/matcher.ts';
import { SampleColumns } from '../model/sample.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { openTsdb, type Tsdb, type TsdbOptions } from './tsdb.ts';

const ALL = { fromMs: -Infinity, toMs: Infinity };

function open(disk: SimDisk, options: Partial<TsdbOptions> = {}) {
  const opening = openTsdb({ disk, dir: 'data', crashPoints: noCrashPoints, log: silentLog, ...options });
  for (;;) {
    const step = opening.next();
    if (step.done) return step.value;
  }
}

const matcher = (name: string, op: '=' | '!=' | '=~' | '!~', value: string): Matcher => {
  const made = makeMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
};

function dump(tsdb: Tsdb, matchers: readonly Matcher[] = [], range = ALL): Record<string, readonly (readonly [number, number])[]> {
  const selected = tsdb.select(matchers, range);
  const columns = new SampleColumns();
  const all: Record<string, (readonly [number, number])[]> = {};
  for (let i = 0; i < selected.count; i++) {
    selected.read(i, columns);
    all[selected.labels(i).toString()] = Array.from({ length: columns.length }, (_, k) => [columns.timestamps[k]!, columns.values[k]!]);
  }
  selected.close();
  return all;
}

test('what was committed is there after a kill, without a flush', () => {
  const disk = new SimDisk();
  const { tsdb } = open(disk);
  for (let scrape = 0; scrape < 300; scrape++) {
    const appender = tsdb.appender();
    for (let i = 0; i < 20; i++) {
      const ref = appender.series(Labels.of({ __name__: 'up', instance: `i${i}` }));
      expect(appender.append(ref, 1000 + scrape * 15_000, scrape * i)).toBe('ok');
    }
    appender.commit();
  }
  const before = dump(tsdb);
  expect(Object.keys(before)).toHaveLength(20);
  expect(before['{__name__="up", instance="i3"}']).toHaveLength(300);
  disk.crash();
  const { tsdb: again, report } = open(disk);
  expect(report.damages).toEqual([]);
  expect(dump(again)).toEqual(before);
  expect(dump(again, [equalMatcher('instance', 'i7')], { fromMs: 16_000, toMs: 31_000 })).toEqual({
    '{__name__="up", instance="i7"}': [
      [16_000, 7],
      [31_000, 14],
    ],
  });
  expect(Object.keys(dump(again, [matcher('__name__', '=', 'up'), matcher('instance', '=~', 'i1.*')]))).toHaveLength(11);
});

test('each new series can be appended to at once, however many there are', () => {
  const { tsdb } = open(new SimDisk());
  const appender = tsdb.appender();
  for (let i = 0; i < 5000; i++) {
    expect(appender.append(appender.series(Labels.of({ __name__: 'm', i: String(i) })), 1000, i)).toBe('ok');
  }
  appender.commit();
  expect(tsdb.stats.head.floatsAppended).toBe(5000);
});
