/** alertmanager/timeinterval: parsing intervals, what they contain, which routes they mute. */
import { parse } from 'yaml';
import { TimeIntervals } from '../../../src/alerts/time-interval.ts';
import { unixMs } from '../../../src/model/time.ts';
import { intervals, type NamedIntervalYaml, namedIntervals } from '../../support/alertmanager-yaml.ts';
import type { KindRunner } from '../kind.ts';
import { checkTable, errorAsWanted, readTable, type WantedError, wantedError } from './table.ts';

type ParseCase = WantedError & { readonly intervals_yaml: string; readonly ok?: boolean };
type ContainsCase = { readonly intervals_yaml: string; readonly time: string; readonly in: boolean };
type MuteCase = {
  readonly kind: 'mute' | 'active';
  readonly intervals: readonly string[];
  readonly time: string;
  readonly muted: boolean;
  readonly muted_by: readonly string[];
};

export const run: KindRunner = async (dir) => {
  const { config_yaml } = readTable<MuteCase, { readonly config_yaml: string }>(dir, 'route_mute.json');
  const named = namedIntervals((parse(config_yaml) as { readonly time_intervals: readonly NamedIntervalYaml[] }).time_intervals);
  return [
    ...(await checkTable<ParseCase>(dir, 'parse.json', (item) => ({
      expected: wantedError(item),
      run: () => {
        const bad = intervals(item.intervals_yaml).find((interval) => 'error' in interval);
        return errorAsWanted(item, bad?.error ?? null);
      },
    }))),
    ...(await checkTable<ContainsCase>(dir, 'contains.json', (item) => ({
      expected: item.in,
      run: () => {
        const parsed = intervals(item.intervals_yaml).map((interval) => {
          if ('error' in interval) throw new Error(interval.error);
          return interval;
        });
        return new TimeIntervals(new Map([['it', parsed]])).containing(['it'], unixMs(Date.parse(item.time))).length > 0;
      },
    }))),
    ...(await checkTable<MuteCase>(dir, 'route_mute.json', (item) => ({
      expected: { muted: item.muted, by: item.muted_by },
      run: () => {
        const route = {
          muteTimeIntervals: item.kind === 'mute' ? item.intervals : [],
          activeTimeIntervals: item.kind === 'active' ? item.intervals : [],
        };
        const muting = new TimeIntervals(named).muting(route, unixMs(Date.parse(item.time)));
        return { muted: muting !== null, by: muting?.by ?? [] };
      },
    }))),
  ];
};
