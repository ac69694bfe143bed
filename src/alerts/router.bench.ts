/** Ten thousand alerts through a hundred routes past a thousand silences: the router's part only, without JSON or disk. */
import { bench, describe } from 'vitest';
import { childRoute, rootRoute, routerConfig } from '../../test/support/test-router.ts';
import type { Matcher, MatchOp } from '../model/matcher.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import { SimRandom } from '../platform/sim/sim-random.ts';
import type { Incoming } from './ingest.ts';
import { alertMatcher } from './matcher-text.ts';
import { Router } from './router.ts';
import { EMPTY_SNAPSHOT } from './router-state.ts';

const ALERTS = 10_000;
const TEAMS = 100;
const SILENCES = 1000;
const START = 1_700_000_000_000;
const at = (seconds: number): UnixMs => unixMs(START + seconds * 1000);

function matcher(name: string, op: MatchOp, value: string): Matcher {
  const made = alertMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
}

const config = routerConfig({
  route: rootRoute({
    groupBy: ['alertname', 'cluster'],
    children: Array.from({ length: TEAMS }, (_, i) =>
      childRoute({ matchers: [matcher('team', '=', `team-${i}`)], groupBy: ['alertname'], continue: false }),
    ),
  }),
  inhibitRules: Array.from({ length: 10 }, (_, i) => ({
    name: `rule-${i}`,
    sourceMatchers: [matcher('severity', '=', 'critical'), matcher('alertname', '=', `Alert${i}`)],
    targetMatchers: [matcher('severity', '=~', 'warning|info')],
    equal: ['cluster', 'instance'],
  })),
});

const posts = (endSeconds: number): Incoming[] =>
  Array.from({ length: ALERTS }, (_, i) => ({
    labels: {
      alertname: `Alert${i % 50}`,
      cluster: `c${i % 7}`,
      instance: `host-${i}:9100`,
      job: 'node',
      severity: i % 3 === 0 ? 'critical' : 'warning',
      team: `team-${i % TEAMS}`,
    },
    annotations: { summary: `Something is wrong with host-${i}`, runbook: 'https://runbooks.example.org/something' },
    startsAt: at(0),
    endsAt: at(endSeconds),
    generatorUrl: 'http://prometheus.example.org/graph?g0.expr=up+%3D%3D+0',
  }));

const first = posts(240);
const again = posts(300);

function silenced(): Router {
  const router = new Router(config, EMPTY_SNAPSHOT, new SimRandom(1), at(0));
  for (let i = 0; i < SILENCES; i++) {
    const set = [
      { name: 'instance', op: i % 2 === 0 ? '=' : '=~', value: i % 2 === 0 ? `host-${i * 3}:9100` : `host-${i}[0-9]:9100` },
      { name: 'job', op: '=', value: 'node' },
    ] as const;
    router.putSilence(
      { id: null, matcherSets: [set], startsAt: null, endsAt: at(36_000), createdBy: 'bench', comment: 'bench', annotations: {} },
      at(0),
    );
  }
  router.takeChanges();
  return router;
}

function loaded(): Router {
  const router = silenced();
  router.receive(first, at(1));
  router.takeChanges();
  return router;
}

/** Few, for each takes a router of its own, and a full heap would be measured as well. */
const OPTIONS = { iterations: 6, time: 0, warmupIterations: 2, warmupTime: 0 };
const ROUTERS = 10;
const fresh = Array.from({ length: ROUTERS }, silenced);
const waiting = Array.from({ length: ROUTERS }, loaded);
const known = loaded();

describe(`${ALERTS} alerts, ${TEAMS} routes, ${SILENCES} silences`, () => {
  bench(
    'received new',
    () => {
      const router = fresh.pop() ?? silenced();
      router.receive(first, at(1));
      router.takeChanges();
    },
    OPTIONS,
  );
  bench(
    'received again',
    () => {
      known.receive(again, at(2));
      known.takeChanges();
    },
    OPTIONS,
  );
  bench(
    'all groups flushed',
    () => {
      const router = waiting.pop() ?? loaded();
      router.tick(at(31));
      router.takeChanges();
    },
    OPTIONS,
  );
  bench(
    'all alerts read with their status',
    () => {
      const query = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
      known.alerts(query, at(3));
    },
    OPTIONS,
  );
});
