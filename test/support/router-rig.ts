/** A router with its rows, driven in simulated seconds: deliveries succeed at once unless a test says otherwise. */
import { expect } from 'vitest';
import type { EventRecord } from '../../src/alerts/event.ts';
import { alertMatcher } from '../../src/alerts/matcher-text.ts';
import { Router, type RouterConfig } from '../../src/alerts/router.ts';
import type { OutboxRow, SilenceId } from '../../src/alerts/router-state.ts';
import { Labels } from '../../src/model/labels.ts';
import type { Matcher, MatchOp } from '../../src/model/matcher.ts';
import { durationMs, type UnixMs, unixMs } from '../../src/model/time.ts';
import { SimRandom } from '../../src/platform/sim/sim-random.ts';
import { RouterRows } from './router-rows.ts';
import { rootRoute, routerConfig } from './test-router.ts';

export const START = Date.UTC(2026, 0, 5, 12); // a Monday, noon
export const at = (seconds: number): UnixMs => unixMs(START + seconds * 1000);

export function matcher(name: string, op: MatchOp, value: string): Matcher {
  const made = alertMatcher(name, op, value);
  if ('error' in made) throw new Error(made.error);
  return made;
}

/** A router with its rows, told the time in seconds. Deliveries succeed unless `isDown`. */
export class Rig {
  readonly rows = new RouterRows();
  readonly sent: { readonly t: number; readonly row: OutboxRow }[] = [];
  readonly pending: OutboxRow[] = [];
  isDown = false;
  router: Router;
  #config: RouterConfig;
  readonly #random = new SimRandom(1);
  t = 0;

  constructor(config: Partial<RouterConfig> = {}) {
    this.#config = routerConfig(config);
    this.router = new Router(this.#config, this.rows.snapshot(), this.#random, at(0));
  }

  /** Lets time pass, ticking whenever the router asks. */
  until(t: number): this {
    for (;;) {
      const wakeAt = this.router.nextWakeAt();
      if (wakeAt === null || wakeAt > at(t)) break;
      this.t = Math.max(this.t, (wakeAt - START) / 1000);
      this.router.tick(at(this.t));
      this.commit();
    }
    this.t = t;
    return this;
  }

  commit(): void {
    const changes = this.router.takeChanges();
    this.rows.apply(changes);
    for (const { id } of changes.outboxCancelled) {
      const index = this.pending.findIndex((row) => row.id === id);
      if (index >= 0) this.pending.splice(index, 1);
    }
    this.pending.push(...changes.outboxInserted);
    if (!this.isDown) this.deliver();
  }

  /** Delivers everything that waits. */
  deliver(): void {
    for (const row of this.pending.splice(0)) {
      if (this.router.claim(row.id, at(this.t)).kind !== 'send') continue;
      this.router.settle({ kind: 'accepted', outboxId: row.id }, at(this.t));
      this.rows.close(row.id);
      this.sent.push({ t: this.t, row });
    }
    this.rows.apply(this.router.takeChanges());
  }

  post(labels: Readonly<Record<string, string>>, times: { readonly start?: number; readonly end?: number } = {}): this {
    const { errors } = this.router.receive(
      [
        {
          labels,
          annotations: {},
          startsAt: times.start === undefined ? null : at(times.start),
          endsAt: times.end === undefined ? null : at(times.end),
          generatorUrl: '',
        },
      ],
      at(this.t),
    );
    expect(errors).toEqual([]);
    this.commit();
    return this;
  }

  rule(
    kind: 'firing' | 'resolved',
    labels: Readonly<Record<string, string>>,
    reason: 'condition_false' | 'data_missing' = 'condition_false',
  ): this {
    const endsAt = kind === 'resolved' ? at(this.t) : null;
    this.router.applyRuleAlerts(
      [
        {
          kind,
          labels: Labels.of(labels).flat,
          annotations: [],
          generatorUrl: '',
          startsAt: at(kind === 'firing' ? this.t : 0),
          endsAt,
          reason: kind === 'resolved' ? reason : null,
        },
      ],
      at(this.t),
    );
    this.commit();
    return this;
  }

  silence(name: string, value: string, end: number): SilenceId {
    const result = this.router.putSilence(
      {
        id: null,
        matcherSets: [[{ name, op: '=', value }]],
        startsAt: null,
        endsAt: at(end),
        createdBy: 'ana',
        comment: 'x',
        annotations: {},
      },
      at(this.t),
    );
    if (result.kind === 'refused') throw new Error(result.message);
    this.commit();
    return result.row.id;
  }

  reload(config: Partial<RouterConfig>): this {
    this.#config = routerConfig(config);
    this.router.reload(this.#config, at(this.t));
    this.commit();
    return this;
  }

  restart(config?: Partial<RouterConfig>): this {
    if (config !== undefined) this.#config = routerConfig(config);
    this.router = new Router(this.#config, this.rows.snapshot(), this.#random, at(this.t));
    this.commit();
    return this;
  }

  /** What was sent: time, reason, and each alert's name with `*` on resolved ones. */
  get told(): readonly string[] {
    return this.sent.map(({ t, row }) => {
      const alerts = row.notification.alerts.map(({ labels, endsAt }) => labels.get('alertname') + (endsAt === null ? '' : '*'));
      return `${t} ${row.receiver} ${row.reason}: ${alerts.join(' ')}`;
    });
  }

  events(wanted: (event: EventRecord) => boolean = () => true): readonly string[] {
    return this.rows.events
      .filter(wanted)
      .map(({ at: when, stage, verdict, reason }) => `${(when - START) / 1000} ${stage} ${verdict} ${reason}`);
  }
}

/** group_wait 10 s, group_interval 60 s, repeat_interval 1 h. */
export const quick = { groupWaitMs: durationMs(10_000), groupIntervalMs: durationMs(60_000), repeatIntervalMs: durationMs(3_600_000) };
export const receiver = (name: string, contract = false, integrations = 1): RouterConfig['receivers'][number] => ({
  name,
  labels: Labels.empty,
  integrations: Array.from({ length: integrations }, (_, index) => ({
    name: 'webhook',
    index,
    sendResolved: true,
    resolveContract: contract,
  })),
});
export const base = { route: rootRoute(quick), receivers: [receiver('team')] };
