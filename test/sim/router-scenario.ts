/**
 * Plays Alertmanager's black-box scenarios (conformance/alertmanager/acceptance) against the router alone: the steps become
 * calls, the webhooks a pretended delivery with Alertmanager's retries, the time a queue of events. Optionally the router
 * is thrown away after every step and built anew from its rows.
 */
import { parse } from 'yaml';
import { opOfApiMatcher, parseMatcher } from '../../src/alerts/matcher-text.ts';
import { Router, type RouterConfig } from '../../src/alerts/router.ts';
import { EMPTY_SNAPSHOT, type OutboxId, type OutboxRow, type SilenceId } from '../../src/alerts/router-state.ts';
import type { AlertQuery } from '../../src/alerts/router-view.ts';
import { Labels } from '../../src/model/labels.ts';
import type { Matcher } from '../../src/model/matcher.ts';
import { durationMs, type UnixMs, unixMs } from '../../src/model/time.ts';
import { SimRandom } from '../../src/platform/sim/sim-random.ts';
import {
  duration,
  type InhibitYaml,
  inhibitRule,
  type NamedIntervalYaml,
  namedIntervals,
  type RouteYaml,
  routeConfig,
} from '../support/alertmanager-yaml.ts';
import { RouterRows } from '../support/router-rows.ts';

type Strings = Readonly<Record<string, string>>;
type WantedAlert = { readonly labels: Strings; readonly annotations?: Strings; readonly start?: number; readonly end?: number };
type ApiMatcherYaml = { readonly name: string; readonly value: string; readonly isRegex: boolean; readonly isEqual?: boolean };
type Step = {
  readonly at: number;
  readonly post_alerts?: readonly WantedAlert[];
  readonly set_silence?: {
    readonly ref: string;
    readonly start: number;
    readonly end: number;
    readonly matchers: readonly ApiMatcherYaml[];
  };
  readonly del_silence?: string;
  readonly reload?: boolean;
  readonly request?: { readonly method: string; readonly path: string };
  readonly amtool?: unknown;
  readonly expect_response?: { readonly count?: number; readonly each?: Readonly<Record<string, unknown>> };
};
type Behaviour = {
  readonly until: number;
  readonly status?: number;
  readonly delay?: number;
  readonly record?: boolean;
  readonly max_requests?: number;
};
type Expectation = {
  readonly collector: string;
  readonly between: readonly [number, number];
  readonly alerts: readonly WantedAlert[];
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly ordered?: boolean;
};
export type Scenario = {
  readonly id: string;
  readonly config: string;
  readonly flags?: readonly string[];
  readonly cluster_size?: number;
  readonly route_prefix?: string;
  readonly requires?: readonly string[];
  readonly tolerance?: number;
  readonly steps: readonly Step[];
  readonly expect?: readonly Expectation[];
  readonly receivers_behaviour?: Readonly<Record<string, Behaviour>>;
  readonly unexpected?: 'ignore';
  readonly until?: number;
};
type ConfigYaml = {
  readonly global?: { readonly resolve_timeout?: string };
  readonly route: RouteYaml;
  readonly receivers: readonly {
    readonly name: string;
    readonly webhook_configs?: readonly { readonly url: string; readonly send_resolved?: boolean; readonly timeout?: string }[];
  }[];
  readonly inhibit_rules?: readonly InhibitYaml[];
  readonly time_intervals?: readonly NamedIntervalYaml[];
};
/** A webhook body that a collector recorded. */
type Body = { readonly t: number; readonly collector: string; readonly row: OutboxRow };

/** What a webhook body says besides the alerts, as far as the router knows it. */
const PAYLOAD: Readonly<Record<string, (row: OutboxRow) => unknown>> = {
  receiver: (row) => row.receiver,
  status: (row) => (row.firing.length > 0 ? 'firing' : 'resolved'),
  groupKey: (row) => row.groupKey,
  groupLabels: (row) => row.notification.groupLabels.toRecord(),
  notification_reason: (row) => row.reason,
};

const EARLY_S = 0.05;
/** t = 0. */
const ZERO_MS = 1_700_000_000_000;
const at = (seconds: number): UnixMs => unixMs(Math.round(ZERO_MS + seconds * 1000));
const secondsOf = (instant: UnixMs): number => (instant - ZERO_MS) / 1000;

/** Why a scenario is beyond the router alone; null when it can be played. */
export function whyNotPlayed(scenario: Scenario): string | null {
  const tags = scenario.requires ?? [];
  const beyond = ['amtool', 'cluster', 'muted-by', 'route-labels'].find((tag) => tags.includes(tag));
  if (beyond !== undefined) return `needs ${beyond}`;
  if (scenario.route_prefix !== undefined) return 'needs HTTP';
  const rendered = scenario.expect?.flatMap(({ payload }) => Object.keys(payload ?? {})).find((key) => !(key in PAYLOAD));
  return rendered === undefined ? null : `needs the rendered webhook body (${rendered})`;
}

/** Whether its timing leaves room for restarts: a new process holds its groups back, and open ends start anew. */
export const canRestart = (scenario: Scenario): boolean =>
  !(scenario.flags ?? []).some((flag) => flag.includes('start-delay')) && !scenario.config.includes('resolve_timeout');

/** What went wrong; empty when all went as expected. */
export function play(scenario: Scenario, { restarting }: { readonly restarting: boolean }): readonly string[] {
  return new Play(scenario, restarting).run();
}

class Play {
  readonly #scenario: Scenario;
  readonly #restarting: boolean;
  readonly #yaml: ConfigYaml;
  readonly #config: RouterConfig;
  readonly #random = new SimRandom(7);
  readonly #rows = new RouterRows();
  readonly #silences = new Map<string, SilenceId>();
  readonly #events: { readonly at: UnixMs; readonly order: number; readonly run: () => void }[] = [];
  readonly #bodies: Body[] = [];
  readonly #requests = new Map<string, number>();
  readonly #problems: string[] = [];
  #order = 0;
  #now = at(0);
  #router: Router;

  constructor(scenario: Scenario, restarting: boolean) {
    this.#scenario = scenario;
    this.#restarting = restarting;
    this.#yaml = parse(scenario.config.replaceAll(/\{\{([\w-]+)\}\}/g, '$1')) as ConfigYaml;
    this.#config = this.#readConfig();
    this.#router = new Router(this.#config, EMPTY_SNAPSHOT, this.#random, this.#now);
  }

  run(): readonly string[] {
    const { expect = [], steps, until = 0 } = this.#scenario;
    const end = Math.max(until, ...expect.map(({ between }) => between[1]), ...steps.map((step) => step.at)) + 0.001;
    for (const step of steps) this.#later(at(step.at), () => this.#step(step));
    for (;;) {
      const wakeAt = this.#router.nextWakeAt();
      const next = this.#events[0];
      const now = Math.max(this.#now, Math.min(wakeAt ?? Number.POSITIVE_INFINITY, next?.at ?? Number.POSITIVE_INFINITY));
      if (now > at(end)) break;
      this.#now = unixMs(now);
      // At one instant, what is due by the clock goes before what comes from outside.
      if (wakeAt !== null && wakeAt <= now) this.#router.tick(this.#now);
      else {
        this.#events.shift();
        next?.run();
      }
      this.#commit();
    }
    this.#compare(end);
    return this.#problems;
  }

  #later(when: UnixMs, run: () => void): void {
    this.#events.push({ at: when, order: this.#order++, run });
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  /** Persists the step, starts what it owes, and perhaps dies. */
  #commit(): void {
    const changes = this.#router.takeChanges();
    this.#rows.apply(changes);
    for (const row of changes.outboxInserted) this.#later(this.#now, () => this.#attempt(row, 0));
    if (this.#restarting) this.#router = new Router(this.#config, this.#rows.snapshot(), this.#random, this.#now);
  }

  #attempt(row: OutboxRow, attempts: number): void {
    if (this.#router.claim(row.id, this.#now).kind !== 'send') return;
    this.#rows.claim(row.id);
    const { collector, timeoutMs } = this.#webhook(row);
    const t = secondsOf(this.#now);
    const behaviour = this.#scenario.receivers_behaviour?.[collector];
    const special = behaviour !== undefined && t < behaviour.until ? behaviour : null;
    if (special !== null) {
      const count = (this.#requests.get(collector) ?? 0) + 1;
      this.#requests.set(collector, count);
      if (special.max_requests !== undefined && count > special.max_requests) this.#problems.push(`${collector}: request ${count} at ${t}`);
    }
    if (special === null || special.record === true) this.#bodies.push({ t, collector, row });
    const answerMs = (special?.delay ?? 0) * 1000;
    const status = answerMs > timeoutMs ? 0 : (special?.status ?? 200);
    this.#later(unixMs(this.#now + Math.min(answerMs, timeoutMs)), () => this.#answered(row, status, attempts));
  }

  #answered(row: OutboxRow, status: number, attempts: number): void {
    const outboxId = row.id;
    if (status === 200) {
      this.#router.settle({ kind: 'accepted', outboxId }, this.#now);
      this.#close(outboxId);
      return;
    }
    const retryAt = unixMs(this.#now + 500 * 1.5 ** attempts);
    if (status >= 400 && status < 500) this.#router.settle({ kind: 'failed', outboxId, error: `status ${status}` }, this.#now);
    else if (retryAt >= row.deadline) this.#router.settle({ kind: 'expired', outboxId, error: `status ${status}` }, this.#now);
    else {
      this.#router.settle({ kind: 'rejected', outboxId, error: `status ${status}` }, this.#now);
      this.#later(retryAt, () => this.#attempt(row, attempts + 1));
      return;
    }
    this.#close(outboxId);
  }

  #close(id: OutboxId): void {
    this.#rows.close(id);
  }

  #step(step: Step): void {
    if (step.post_alerts !== undefined) this.#post(step.post_alerts);
    if (step.set_silence !== undefined) this.#silence(step.set_silence);
    if (step.del_silence !== undefined) this.#router.expireSilence(this.#silences.get(step.del_silence) as SilenceId, '', this.#now);
    if (step.reload === true) this.#router.reload(this.#config, this.#now);
    if (step.request !== undefined) this.#request(step, step.request.path);
  }

  #post(alerts: readonly WantedAlert[]): void {
    const posted = alerts.map(({ labels, annotations = {}, start, end }) => ({
      labels,
      annotations,
      startsAt: start === undefined ? null : at(start),
      endsAt: end === undefined ? null : at(end),
      generatorUrl: '',
    }));
    for (const { error } of this.#router.receive(posted, this.#now).errors) this.#problems.push(`post refused: ${error}`);
  }

  #silence({ ref, start, end, matchers }: NonNullable<Step['set_silence']>): void {
    const set = matchers.map((matcher) => ({ name: matcher.name, value: matcher.value, op: opOfApiMatcher(matcher) }));
    const posted = { id: null, matcherSets: [set], startsAt: at(start), endsAt: at(end), createdBy: 'a', comment: 'b', annotations: {} };
    const result = this.#router.putSilence(posted, this.#now);
    if (result.kind === 'refused') this.#problems.push(`silence refused: ${result.message}`);
    else this.#silences.set(ref, result.row.id);
  }

  #request({ at: t, expect_response: wanted = {} }: Step, path: string): void {
    const url = new URL(`http://x${path}`);
    const filter = [...url.search.matchAll(/[?&]filter=([^&]*)/g)].map(([, text = '']) => filterMatcher(decodeURIComponent(text)));
    const query: AlertQuery = { filter, receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true };
    const now = this.#now;
    let found: readonly unknown[];
    if (url.pathname === '/api/v2/alerts') {
      found = this.#router.alerts(query, now).map(({ alert, state, silencedBy, inhibitedBy }) => ({
        labels: alert.labels.toRecord(),
        status: { state, silencedBy, inhibitedBy },
      }));
    } else if (url.pathname === '/api/v2/alerts/groups') found = this.#router.groups({ ...query, muted: true }, now);
    else found = this.#router.silences({ filter, states: ['active', 'pending', 'expired'] }, now);
    if (wanted.count !== undefined && found.length !== wanted.count)
      this.#problems.push(`${path} at ${t}: ${found.length} found, ${wanted.count} expected`);
    for (const item of found) {
      for (const [key, value] of Object.entries(wanted.each ?? {})) {
        const got = JSON.stringify(sortedKeys(dig(item, key)));
        const want = JSON.stringify(sortedKeys(value)).replaceAll(
          /\{\{silence:([\w-]+)\}\}/g,
          (_, ref: string) => this.#silences.get(ref) ?? '',
        );
        if (got !== want) this.#problems.push(`${path} at ${t}: ${key} is ${got}, expected ${want}`);
      }
    }
  }

  #webhook(row: OutboxRow): { readonly collector: string; readonly timeoutMs: number } {
    const webhook = this.#yaml.receivers.find(({ name }) => name === row.receiver)?.webhook_configs?.[row.index];
    const timeout = webhook?.timeout;
    return { collector: new URL(webhook?.url ?? '').hostname, timeoutMs: timeout === undefined ? 60_000 : duration(timeout) };
  }

  #readConfig(): RouterConfig {
    const { global, route, receivers, inhibit_rules = [], time_intervals = [] } = this.#yaml;
    const flags = this.#scenario.flags ?? [];
    const startDelay = flags.find((flag) => flag.startsWith('--dispatch.start-delay='))?.split('=')[1];
    return {
      route: routeConfig(route),
      receivers: receivers.map(({ name, webhook_configs = [] }) => ({
        name,
        labels: Labels.empty,
        integrations: webhook_configs.map(({ send_resolved = true }, index) => ({
          name: 'webhook',
          index,
          sendResolved: send_resolved,
          resolveContract: false,
        })),
      })),
      inhibitRules: inhibit_rules.map(inhibitRule),
      timeIntervals: namedIntervals(time_intervals),
      resolveTimeoutMs: duration(global?.resolve_timeout ?? '5m'),
      retentionMs: durationMs(432_000_000),
      alertGcMs: durationMs(1_800_000),
      startDelayMs: duration(startDelay ?? '0s'),
      labelNames: flags.includes('--enable-feature=classic-mode') ? 'classic' : 'utf8',
      limits: { alertsPerNameMax: 0, silencesMax: 0, silenceBytesMax: 0 },
    };
  }

  /** Each expectation takes one body in its window; what nobody took is a problem. */
  #compare(end: number): void {
    const { expect = [], unexpected } = this.#scenario;
    const open = this.#bodies.filter(({ t }) => t <= end);
    for (const wanted of expect) {
      const [from, to] = wanted.between;
      const inWindow = open.filter(({ collector, t }) => collector === wanted.collector && t >= from - EARLY_S && t <= to);
      if (wanted.alerts.length === 0) {
        if (inWindow.length > 0) this.#problems.push(`${wanted.collector}: nothing expected between ${from} and ${to}`);
        continue;
      }
      const body = inWindow.find((candidate) => this.#satisfies(candidate, wanted));
      if (body === undefined) this.#problems.push(`missing: ${JSON.stringify(wanted)}`);
      else open.splice(open.indexOf(body), 1);
    }
    if (unexpected !== 'ignore') for (const body of open) this.#problems.push(`unexpected at ${body.t}: ${describe(body)}`);
  }

  #satisfies({ row }: Body, wanted: Expectation): boolean {
    const left = [...row.notification.alerts];
    const matches = (alert: (typeof left)[number], want: WantedAlert): boolean =>
      alert.labels.equals(Labels.of(want.labels)) &&
      alert.annotations.equals(Labels.of(want.annotations ?? {})) &&
      (want.start === undefined || this.#isNear(alert.startsAt, want.start)) &&
      (want.end === undefined ? alert.endsAt === null : alert.endsAt !== null && this.#isNear(alert.endsAt, want.end));
    if (left.length !== wanted.alerts.length) return false;
    for (const [i, want] of wanted.alerts.entries()) {
      const found = left.findIndex((alert) => matches(alert, want));
      if (found < 0 || (wanted.ordered === true && row.notification.alerts[i] !== left[found])) return false;
      left.splice(found, 1);
    }
    return Object.entries(wanted.payload ?? {}).every(([key, value]) => JSON.stringify(PAYLOAD[key]?.(row)) === JSON.stringify(value));
  }

  #isNear(instant: UnixMs, seconds: number): boolean {
    return Math.abs(secondsOf(instant) - seconds) <= (this.#scenario.tolerance ?? 0);
  }
}

function filterMatcher(text: string): Matcher {
  const matcher = parseMatcher(text);
  if ('error' in matcher) throw new Error(matcher.error);
  return matcher;
}

/** The value at a dotted path; `.length` counts. */
const dig = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

const sortedKeys = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const describe = ({ row }: Body): string =>
  `${row.receiver} ${row.reason} ${row.notification.alerts.map((alert) => `${alert.labels}${alert.endsAt === null ? '' : ' resolved'}`).join(', ')}`;
