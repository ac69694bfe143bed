/** Ten thousand alerts past ten thousand silences, by equality or by pattern: what a person waits for, without JSON or disk. */
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
];

function many<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const alert = (i: number): Incoming => ({
  labels: { alertname: `Alert-${i}-2`, cluster: `c${i % 7}`, instance: `host-${i}:9100`, job: 'node', severity: 'warning' },
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
