/**
 * Ten thousand alerts past ten thousand silences, by equality or by pattern, with and without a text to look it up by: what a
 * person waits for, without JSON or disk. The first look at all alerts after a start is the one that asks for every pair.
 */
import { bench, describe } from 'vitest';
import { rootRoute, routerConfig } from '../../test/support/test-router.ts';
import type { MatchOp } from '../model/matcher.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import { SimRandom } from '../platform/sim/sim-random.ts';
import type { Incoming } from './ingest.ts';
import { Router } from './router.ts';
import { EMPTY_SNAPSHOT, type MatcherRow, type RouterSnapshot } from './router-state.ts';

const ALERTS = 10_000;
const at = (seconds: number): UnixMs => unixMs(1_700_000_000_000 + seconds * 1000);
const matcher = (name: string, op: MatchOp, value: string): MatcherRow => ({ name, op, value });
const config = routerConfig({ route: rootRoute({ groupBy: ['alertname'] }) });

const MIXES: readonly { readonly name: string; readonly sets: readonly (readonly MatcherRow[])[] }[] = [
  { name: '10000 by equality', sets: many(10_000, (i) => [matcher('instance', '=', `host-${i * 3}:9100`), matcher('job', '=', 'node')]) },
  { name: '10000 by a prefix', sets: many(10_000, (i) => [matcher('instance', '=~', `host-${i}[0-9]:.*`), matcher('job', '=', 'node')]) },
  {
    name: '2500 by a text within',
    sets: many(2500, (i) => [i % 2 === 0 ? matcher('alertname', '=~', `.*-${i}-(1|2).*`) : matcher('instance', '=~', `(a|h).*-${i}:9.*`)]),
  },
  { name: '2500 by a character at each end', sets: many(2500, (i) => [matcher('instance', '=~', `(a|b).*[1-9]{${i % 50}}c`)]) },
  { name: '100 by no text', sets: many(100, (i) => [matcher('instance', '=~', `[a-z]+.\\d{1,${(i % 50) + 1}}[a-z].*`)]) },
  { name: '2500 by no text', sets: many(2500, (i) => [matcher('pod', '=~', textless(i))]) },
  { name: '10000 by no text', sets: many(10_000, (i) => [matcher('pod', '=~', textless(i))]) },
  { name: '10000 by a job and no text', sets: many(10_000, (i) => [matcher('job', '=', 'node'), matcher('pod', '=~', textless(i))]) },
  {
    name: '10000 by a job and where no text is',
    sets: many(10_000, (i) => [matcher('job', '=', 'web'), matcher('pod', '!~', textless(i))]),
  },
  { name: '10000 by a prefix, case folded', sets: many(10_000, (i) => [matcher('instance', '=~', `(?i)HOST-${i}[0-9]:.*`)]) },
  {
    name: '2500 of states without end',
    sets: many(2500, (i) => [matcher('pod', '=~', `.*[a-${'mnopqrstuv'[i % 10]}].{${5 + (i % 15)}}[0-${i % 10}]{2}`)]),
  },
];

/** Patterns of different kinds that share no text, most of which match few of the pods. */
function textless(i: number): string {
  const n = Math.floor(i / 5);
  const kinds = [
    `[a-z]+.\\d{1,${(n % 50) + 1}}[a-z].*`,
    `[a-z]+-\\d{${n % 20},${(n % 20) + 1 + (n % 97)}}`,
    `.{${28 + (n % 200)},}x?`,
    `[a-${String.fromCharCode(98 + (n % 25))}]+[^0-${n % 10}]{1,${1 + (n % 31)}}\\d{${n % 9}}`,
    `\\w+\\W\\w{${n % 12}}\\W[a-z0-9]{${n % 7}}`,
  ];
  return kinds[i % 5] as string;
}

/** As Kubernetes names them. */
function podOf(i: number): string {
  const random = (seed: number, length: number): string => {
    let state = seed + 1;
    return many(length, () => 'bcdfghjklmnpqrstvwxz2456789'[(state = (state * 48_271) % 0x7fff_ffff) % 27]).join('');
  };
  return `app${i % 40}-${random(i % 400, 10)}-${random(i, 5)}`;
}

function many<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const alert = (i: number): Incoming => ({
  labels: { alertname: `Alert-${i}-2`, cluster: `c${i % 7}`, instance: `host-${i}:9100`, job: 'node', pod: podOf(i), severity: 'warning' },
  annotations: {},
  startsAt: at(0),
  endsAt: at(36_000),
  generatorUrl: '',
});

/** As they were stored. */
function snapshotOf(sets: readonly (readonly MatcherRow[])[]): RouterSnapshot {
  const router = new Router(config, EMPTY_SNAPSHOT, new SimRandom(1), at(0));
  for (const set of sets) put(router, set);
  router.receive(many(ALERTS, alert), at(1));
  const { silencesUpserted, alertsUpserted, groupsUpserted, membersUpserted } = router.takeChanges();
  return { ...EMPTY_SNAPSHOT, silences: silencesUpserted, alerts: alertsUpserted, groups: groupsUpserted, members: membersUpserted };
}

function put(router: Router, set: readonly MatcherRow[]): void {
  router.putSilence(
    { id: null, matcherSets: [set], startsAt: null, endsAt: at(36_000), createdBy: 'bench', comment: '', annotations: {} },
    at(0),
  );
}

const EVERYTHING = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
const OPTIONS = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };

for (const { name, sets } of MIXES) {
  const snapshot = snapshotOf(sets);
  const started = (): Router => new Router(config, snapshot, new SimRandom(1), at(2));
  const router = started();
  let posted = ALERTS;

  describe(`${ALERTS} alerts, silences: ${name}`, () => {
    bench('a start', () => void started(), OPTIONS);
    bench('a start, and all alerts with their status', () => void started().alerts(EVERYTHING, at(3)), OPTIONS);
    bench('all alerts with their status', () => void router.alerts(EVERYTHING, at(3)), OPTIONS);
    bench('one more silence', () => put(router, sets[0] ?? []), OPTIONS);
    bench(
      'one more silence, and all alerts with their status',
      () => {
        put(router, sets[1] ?? []);
        router.alerts(EVERYTHING, at(3));
      },
      OPTIONS,
    );
    bench(
      'one more alert, and its group flushed',
      () => {
        router.receive([alert(posted++)], at(3));
        router.tick(at(40));
      },
      OPTIONS,
    );
    bench('all silences listed', () => void router.silences({ filter: [], states: ['active', 'pending', 'expired'] }, at(3)), OPTIONS);
    bench('a silence previewed', () => void router.previewSilence([[matcher('instance', '=~', 'host-1.*')]], at(3)), OPTIONS);
  });
}
