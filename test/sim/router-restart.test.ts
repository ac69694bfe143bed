/**
 * Two routers are told the same: alerts, silences, deliveries with every outcome, reloads, time. One is thrown away at
 * random moments and made anew from its rows. Receivers have fallbacks, and people answer what they were sent. They must stay indistinguishable; and in the end, with the resolve contract,
 * everybody who was told "firing" has been told "resolved".
 */
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/alerts/event.ts';
import { alertMatcher } from '../../src/alerts/matcher-text.ts';
import type { NotificationAction } from '../../src/alerts/notification-action.ts';
import { type DeliveryOutcome, Router, type RouterConfig } from '../../src/alerts/router.ts';
import type { OutboxRow, RouterSnapshot, SilenceId } from '../../src/alerts/router-state.ts';
import { Labels } from '../../src/model/labels.ts';
import type { Matcher, MatchOp } from '../../src/model/matcher.ts';
import { durationMs, type UnixMs, unixMs } from '../../src/model/time.ts';
import { between, SimRandom } from '../../src/platform/sim/sim-random.ts';
import { stable } from '../conformance/kind.ts';
import { RouterRows } from '../support/router-rows.ts';
import { childRoute, rootRoute, routerConfig } from '../support/test-router.ts';

const START = 1_700_000_000_000;
const STEPS = 150;
const SEEDS = Array.from({ length: 16 }, (_, i) => i + 1);

const matcher = (name: string, op: MatchOp, value: string): Matcher => alertMatcher(name, op, value) as Matcher;
const timers = { groupWaitMs: durationMs(5000), groupIntervalMs: durationMs(20_000), repeatIntervalMs: durationMs(90_000) };
const ACTIONS: readonly NotificationAction[] = [
  { kind: 'acknowledge' },
  { kind: 'escalate' },
  { kind: 'silence', durationMs: durationMs(30_000) },
];
const stage = (receiver: string, afterMs: number) => ({ receiver, afterMs: durationMs(afterMs), on: ['error', 'unknown'] as const });
const receivers = ['team', 'pager', 'second', 'last'].map((name) => ({
  name,
  labels: Labels.empty,
  fallback: name === 'team' ? [stage('second', 3000), stage('pager', 9000)] : name === 'second' ? [stage('pager', 2000)] : [],
  integrations: [0, 1].map((index) => ({ name: 'webhook', index, sendResolved: true, resolveContract: true })),
}));
const inhibitRules = [
  { name: 'down', sourceMatchers: [matcher('name', '=', 'down')], targetMatchers: [matcher('name', '=', 'slow')], equal: ['zone'] },
];
const CONFIGS: readonly RouterConfig[] = [
  routerConfig({ route: rootRoute({ ...timers, groupBy: ['name'] }), receivers, inhibitRules }),
  routerConfig({
    lastResort: 'last',
    route: rootRoute({
      ...timers,
      groupBy: ['zone'],
      children: [
        childRoute({ receiver: 'pager', matchers: [matcher('name', '=', 'down')], continue: true }),
        childRoute({ matchers: [matcher('zone', '=', 'a')], groupBy: 'all' }),
      ],
    }),
    receivers,
    inhibitRules,
  }),
];
const ALERTS = ['down', 'slow', 'full'].flatMap((name) => ['a', 'b', 'c'].map((zone) => Labels.of({ name, zone })));

/** One router and what it has on disk. */
class Twin {
  readonly rows = new RouterRows();
  readonly random = new SimRandom(99);
  router: Router;
  /** Since the last look. */
  inserted: OutboxRow[] = [];
  cancelled: string[] = [];
  #told = 0;

  constructor(config: RouterConfig, now: UnixMs) {
    this.router = new Router(config, this.rows.snapshot(), this.random, now);
  }

  restart(config: RouterConfig, now: UnixMs): void {
    this.router = new Router(config, this.rows.snapshot(), this.random, now);
    this.commit();
  }

  commit(): void {
    const changes = this.router.takeChanges();
    this.rows.apply(changes);
    this.inserted.push(...changes.outboxInserted);
    this.cancelled.push(...changes.outboxCancelled.map(({ id, reason }) => `${id} ${reason}`));
  }

  /** Everything that tells one twin from another. A restart forgets which error it has told of already. */
  look(): unknown {
    const events = this.rows.events.slice(this.#told).filter(({ verdict }: EventRecord) => verdict !== 'rejected' && verdict !== 'unknown');
    this.#told = this.rows.events.length;
    const seen = {
      inserted: this.inserted,
      cancelled: this.cancelled.toSorted(),
      events: events.map(stable).sort(),
      rows: sorted(this.rows.snapshot()),
    };
    this.inserted = [];
    this.cancelled = [];
    return JSON.parse(stable(seen));
  }
}

const sorted = (snapshot: RouterSnapshot): unknown =>
  Object.fromEntries(
    Object.entries(snapshot).map(([name, rows]) => [
      name,
      (rows as readonly { integrations?: readonly { owed: readonly string[] }[] }[])
        .map((row) =>
          stable(
            row.integrations === undefined
              ? row
              : { ...row, integrations: row.integrations.map((one) => ({ ...one, owed: one.owed.toSorted() })) },
          ),
        )
        .sort(),
    ]),
  );

class World {
  readonly #random: SimRandom;
  readonly #twins: readonly [steady: Twin, restarted: Twin];
  readonly #firing = new Set<Labels>();
  readonly #silences: SilenceId[] = [];
  readonly #open = new Map<string, OutboxRow>();
  readonly #underWay = new Set<string>();
  readonly #accepted: OutboxRow[] = [];
  /** By group key and integration: who was told of what. */
  readonly #told = new Map<string, Set<string>>();
  #config = CONFIGS[0] as RouterConfig;
  #now = unixMs(START);

  constructor(seed: number) {
    this.#random = new SimRandom(seed);
    this.#twins = [new Twin(this.#config, this.#now), new Twin(this.#config, this.#now)];
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      // What is under way when a process ends has an unknown result: its twin, which goes on, will know more.
      if (this.#underWay.size === 0 && this.#random.next() < 0.2) this.#twins[1].restart(this.#config, this.#now);
      this.#compare();
    }
    this.#comeToRest();
  }

  #step(): void {
    const kind = between(this.#random, 0, 10);
    if (kind <= 2) this.#toggle(ALERTS[between(this.#random, 0, ALERTS.length - 1)] as Labels);
    else if (kind === 3) this.#silence();
    else if (kind === 4) this.#unsilence();
    else if (kind === 5 && this.#random.next() < 0.3) this.#reload();
    else if (kind <= 7) this.#deliver(true);
    else if (kind === 10) this.#act();
    else this.#pass(between(this.#random, 1, 25_000));
  }

  #both(work: (router: Router) => void): void {
    for (const twin of this.#twins) {
      work(twin.router);
      twin.commit();
    }
  }

  #toggle(labels: Labels): void {
    const fires = !this.#firing.delete(labels);
    if (fires) this.#firing.add(labels);
    const change = {
      kind: fires ? 'firing' : 'resolved',
      labels: labels.flat,
      annotations: [],
      generatorUrl: '',
      startsAt: this.#now,
    } as const;
    const rest = { endsAt: fires ? null : this.#now, reason: fires ? null : 'condition_false' } as const;
    this.#both((router) => router.applyRuleAlerts([{ ...change, ...rest }], this.#now));
  }

  #silence(): void {
    const set = [{ name: 'zone', op: '=', value: ['a', 'b', 'c'][between(this.#random, 0, 2)] as string }] as const;
    const endsAt = unixMs(this.#now + between(this.#random, 1, 60_000));
    const posted = { id: null, matcherSets: [set], startsAt: null, endsAt, createdBy: '', comment: '', annotations: {} };
    this.#both((router) => {
      const result = router.putSilence(posted, this.#now);
      if (result.kind !== 'refused' && !this.#silences.includes(result.row.id)) this.#silences.push(result.row.id);
    });
  }

  /** Somebody answers a notification, or its provider reports that it was lost. */
  #act(): void {
    const row = this.#accepted[between(this.#random, 0, this.#accepted.length - 1)];
    const action = ACTIONS[between(this.#random, 0, ACTIONS.length)];
    if (row === undefined) return;
    const answers: unknown[] = [];
    this.#both((router) => {
      if (action !== undefined) answers.push(router.act(row, action, 'ana', this.#now));
      else answers.push(router.report(row, true, { kind: 'failed', message: 'lost' }, this.#now));
    });
    expect(answers[1]).toEqual(answers[0]);
  }

  #unsilence(): void {
    const id = this.#silences[between(this.#random, 0, this.#silences.length - 1)];
    if (id !== undefined) this.#both((router) => router.expireSilence(id, '', this.#now));
  }

  #reload(): void {
    this.#config = CONFIGS[between(this.#random, 0, 1)] as RouterConfig;
    this.#both((router) => router.reload(this.#config, this.#now));
  }

  #pass(ms: number): void {
    this.#now = unixMs(this.#now + ms);
    this.#both((router) => router.tick(this.#now));
  }

  /** Lets one attempt at each open row happen, ending one way or another. */
  #deliver(isFlaky: boolean): void {
    for (const row of Array.from(this.#open.values())) {
      const luck = isFlaky ? this.#random.next() : 0;
      if (luck > 0.9) continue; // nobody comes for it yet
      const verdicts = this.#twins.map(({ router }) => router.claim(row.id, this.#now).kind);
      expect(new Set(verdicts).size).toBe(1);
      for (const twin of this.#twins) twin.rows.claim(row.id);
      if (verdicts[0] === 'send') this.#underWay.add(row.id);
      if (verdicts[0] === 'send' && luck < 0.8) this.#settle(row, luck);
      for (const twin of this.#twins) twin.commit();
      this.#look();
    }
  }

  #settle(row: OutboxRow, luck: number): void {
    const kind = luck < 0.5 ? 'accepted' : luck < 0.6 ? 'failed' : luck < 0.7 ? 'rejected' : 'unknown';
    const outcome: DeliveryOutcome = kind === 'accepted' ? { kind, outboxId: row.id } : { kind, outboxId: row.id, error: kind };
    for (const { router } of this.#twins) router.settle(outcome, this.#now);
    this.#underWay.delete(row.id);
    if (kind === 'accepted') {
      this.#tell(row);
      this.#accepted.push(row);
    }
    if (kind === 'accepted' || kind === 'failed') {
      this.#open.delete(row.id);
      for (const { rows } of this.#twins) rows.close(row.id);
    } else for (const { rows } of this.#twins) rows.claim(row.id, kind === 'unknown');
  }

  #tell(row: OutboxRow): void {
    const key = `${row.groupKey} ${row.receiver} ${row.index}`;
    const told = this.#told.get(key) ?? new Set();
    this.#told.set(key, told);
    for (const { fingerprint, endsAt } of row.notification.alerts) {
      if (endsAt === null) told.add(fingerprint);
      else told.delete(fingerprint);
    }
  }

  /** Takes note of rows that have come and gone. */
  #look(): void {
    const [steady] = this.#twins;
    for (const row of steady.inserted) this.#open.set(row.id, row);
    for (const line of steady.cancelled) {
      const id = line.split(' ')[0] as string;
      this.#open.delete(id);
      this.#underWay.delete(id);
    }
  }

  #compare(): void {
    this.#look();
    const [steady, restarted] = this.#twins.map((twin) => twin.look());
    expect(restarted).toEqual(steady);
  }

  /** Everything resolves, nothing is silenced, every delivery succeeds: then nothing may be owed. */
  #comeToRest(): void {
    for (const labels of Array.from(this.#firing)) this.#toggle(labels);
    for (const { id } of this.#twins[0].rows.snapshot().silences) this.#both((router) => router.expireSilence(id, '', this.#now));
    for (let i = 0; i < 10; i++) {
      this.#look();
      this.#deliver(false);
      this.#pass(20_000);
      this.#compare();
    }
    expect([...this.#told].filter(([, told]) => told.size > 0)).toEqual([]);
    expect(this.#twins[0].rows.snapshot().groups).toEqual([]);
  }
}

test.each(SEEDS)('a restarted router is the router it was (seed %i)', (seed) => {
  new World(seed).run();
});
