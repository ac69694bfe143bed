/**
 * A naive, slow second opinion about who must be told what. It looks at the world every few seconds and keeps, for each
 * alert and each way to a receiver, since when something is surely so: fires, does not fire, is held back by nothing.
 * What must follow from that within the route's own times is an obligation. Where a fault makes something unsure the
 * clock of that certainty starts anew, so that whatever the fault, nothing is demanded too early, and what was lost in
 * it for good is missed as soon as the world has been quiet for long enough.
 */
import type { Daily, IntegrationSpec, LabelMap, LabelTest, RouteNode, Scenario } from './scenario.ts';
import type { AlertDefinition, Reach, Truth } from './truth.ts';
import { definitionsOf } from './truth.ts';

const MINUTE_MS = 60_000;
/** After a gap an alert may be held as long as its data may be from before it (lookback, and the range it looks at). */
const HELD_MS = 6 * MINUTE_MS;
/** However long its notifications live, a receiver is waited for no longer. */
const LAST_RESORT_MS = 300_000;
/** A telephone rings twice, and its provider may have to be asked what came of it. */
const FAILS_WITHIN_MS: Readonly<Record<IntegrationSpec['kind'], number>> = {
  webhook: MINUTE_MS,
  email: MINUTE_MS,
  pagerduty: MINUTE_MS,
  opsgenie: MINUTE_MS,
  inbox: MINUTE_MS,
  sms: 4 * MINUTE_MS,
  phone: 6 * MINUTE_MS,
};
/** Commit, queue, answer and the grain of looking. */
const SLACK_MS = 45_000;

/** Times are elapsed milliseconds; NEVER: not so now. */
export const NEVER = Number.POSITIVE_INFINITY;

/** An alert as the oracle sees it. */
export type Watched = {
  readonly definition: AlertDefinition;
  trueSince: number;
  falseSince: number;
  /** The application must have it firing, or must not. */
  firesSince: number;
  calmSince: number;
  /** Surely held back by nothing, or surely held back all the time by a silence or by inhibition. */
  clearSince: number;
  silencedSince: number;
  inhibitedSince: number;
  /** Where its routes lead. */
  ways: readonly Way[];
  /** Its rule is configured. */
  isConfigured: boolean;
};

/** One integration that an alert comes to, and by which route. */
export type Way = { readonly route: RouteNode; readonly routeId: string; readonly receiver: string; readonly integration: IntegrationSpec };

/** Who stands in for a receiver, in order, the last resort last. */
export type StandIn = {
  readonly receiver: string;
  /** Whatever comes of attempts: also where none gets an answer. */
  readonly isForAll: boolean;
  /** After how long it is turned to at the latest, if all before it fail. */
  readonly withinMs: number;
};

export type Chain = {
  readonly standIns: readonly StandIn[];
  /** When all of them have been turned to, however long each is waited for. */
  readonly exhaustedMs: number;
};

export type KnownSilence = {
  readonly id: string | null;
  readonly tests: readonly LabelTest[];
  /** Wall clock. */
  readonly fromMs: number;
  untilMs: number;
  /** Not known to be there, or known and perhaps gone: the answer never came. */
  isSure: boolean;
};

/** Since when each part of the world has been well. */
export type Health = {
  /** The process runs, and its database takes what it is given. */
  controlSince: number;
  /** Scrapes are stored and rules evaluated. */
  engineSince: number;
  readonly providerSince: (integrationId: string) => number;
};

export class Oracle {
  scenario: Scenario;
  /** The configuration has been this one, in all that routes and rules are, since. */
  configSince = 0;
  readonly silences: KnownSilence[] = [];
  readonly alerts = new Map<string, Watched>();
  readonly #mutedSince = new Map<string, number>();
  readonly #openSince = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.#define(0);
  }

  /** Another configuration is live. */
  configure(scenario: Scenario, nowMs: number): void {
    this.scenario = scenario;
    this.configSince = nowMs;
    this.#define(nowMs);
  }

  #define(nowMs: number): void {
    const defined = new Map(definitionsOf(this.scenario).map((definition) => [definition.key, definition]));
    for (const [key, definition] of defined) if (!this.alerts.has(key)) this.alerts.set(key, unknown(definition));
    for (const [key, watched] of this.alerts) {
      watched.isConfigured = defined.has(key);
      watched.ways = waysOf(this.scenario, watched.definition.labels);
      // What leads elsewhere now is clear only from now on.
      watched.clearSince = Math.max(watched.clearSince, nowMs);
      watched.silencedSince = watched.silencedSince === NEVER ? NEVER : Math.max(watched.silencedSince, nowMs);
      watched.inhibitedSince = watched.inhibitedSince === NEVER ? NEVER : Math.max(watched.inhibitedSince, nowMs);
    }
  }

  /** Looks at the world. Every few seconds, and at least once between any two changes. */
  look(nowMs: number, wallMs: number, reach: (host: string) => Reach, health: Health): void {
    const { evaluationMs } = this.scenario;
    for (const watched of this.alerts.values()) {
      const { definition } = watched;
      const truth: Truth = watched.isConfigured ? definition.truth(nowMs, reach) : false;
      watched.trueSince = truth === true ? Math.min(watched.trueSince, nowMs) : NEVER;
      watched.falseSince = truth === false ? Math.min(watched.falseSince, nowMs) : NEVER;
      const isRule = definition.origin === 'rule';
      const well = isRule ? Math.max(health.engineSince, health.controlSince) : health.controlSince;
      const slowMs = definition.lagMs + (isRule ? 2 * evaluationMs : 0) + 5000;
      const surely = (since: number, forMs: number): boolean => nowMs - since >= forMs;
      const fires = surely(watched.trueSince, slowMs + definition.forMs) && surely(well, slowMs + definition.forMs + definition.unmarkedMs);
      const calm =
        surely(watched.falseSince, slowMs + definition.keepMs + definition.silentMs) &&
        surely(well, slowMs + HELD_MS + definition.lagMs + definition.keepMs);
      watched.firesSince = fires ? Math.min(watched.firesSince, nowMs) : NEVER;
      watched.calmSince = calm ? Math.min(watched.calmSince, nowMs) : NEVER;
    }
    for (const watched of this.alerts.values()) this.#hold(watched, nowMs, wallMs);
    for (const daily of this.scenario.intervals) this.#tellTime(daily, nowMs, wallMs);
  }

  #hold(watched: Watched, nowMs: number, wallMs: number): void {
    const { labels } = watched.definition;
    let isSilenced = false;
    let mayBeSilenced = false;
    for (const { tests, fromMs, untilMs, isSure } of this.silences) {
      if (!tests.every((test) => passes(test, labels))) continue;
      // Clocks in between may be a little apart.
      if (wallMs < fromMs - 2000 || wallMs > untilMs + 2000) continue;
      mayBeSilenced = true;
      if (isSure && wallMs >= fromMs && wallMs < untilMs) isSilenced = true;
    }
    const { surely, perhaps } = this.#inhibits(watched);
    watched.silencedSince = isSilenced ? Math.min(watched.silencedSince, nowMs) : NEVER;
    watched.inhibitedSince = surely ? Math.min(watched.inhibitedSince, nowMs) : NEVER;
    watched.clearSince = mayBeSilenced || perhaps ? NEVER : Math.min(watched.clearSince, nowMs);
  }

  #inhibits({ definition: { labels, key } }: Watched): { readonly surely: boolean; readonly perhaps: boolean } {
    let surely = false;
    let perhaps = false;
    for (const { source, target, equal } of this.scenario.inhibitions) {
      if (!target.every((test) => passes(test, labels))) continue;
      const isSourceToo = source.every((test) => passes(test, labels));
      for (const other of this.alerts.values()) {
        const from = other.definition.labels;
        if (other.definition.key === key || !source.every((test) => passes(test, from))) continue;
        if (isSourceToo && target.every((test) => passes(test, from))) continue;
        if (!equal.every((name) => (from[name] ?? '') === (labels[name] ?? ''))) continue;
        perhaps ||= other.calmSince === NEVER;
        surely ||= other.firesSince !== NEVER;
      }
    }
    return { surely, perhaps };
  }

  #tellTime({ name, fromMinute, toMinute }: Daily, nowMs: number, wallMs: number): void {
    const minute = (wallMs % (24 * 60 * MINUTE_MS)) / MINUTE_MS;
    const isIn = minute >= fromMinute && minute < toMinute;
    this.#mutedSince.set(name, isIn ? Math.min(this.#mutedSince.get(name) ?? NEVER, nowMs) : NEVER);
    this.#openSince.set(name, isIn ? NEVER : Math.min(this.#openSince.get(name) ?? NEVER, nowMs));
  }

  /** Since when a route is surely not muted by the clock; NEVER while it is. */
  unmutedSince({ mutedBy, activeBy }: RouteNode): number {
    let since = 0;
    for (const name of mutedBy) since = Math.max(since, this.#openSince.get(name) ?? NEVER);
    if (activeBy.length > 0) since = Math.max(since, Math.min(...activeBy.map((name) => this.#mutedSince.get(name) ?? NEVER)));
    return since;
  }

  /** Since when a route is surely muted by the clock; NEVER while it is not. */
  mutedSince({ mutedBy, activeBy }: RouteNode): number {
    const byMute = Math.min(NEVER, ...mutedBy.map((name) => this.#mutedSince.get(name) ?? NEVER));
    const byActive = activeBy.length === 0 ? NEVER : Math.max(...activeBy.map((name) => this.#openSince.get(name) ?? NEVER));
    return Math.min(byMute, byActive);
  }

  /** However it is routed, a notification is tried no longer. */
  get longestIntervalMs(): number {
    const longest = ({ intervalMs, children }: RouteNode): number => Math.max(intervalMs, ...children.map(longest));
    return longest(this.scenario.root);
  }

  chainOf(receiver: string, { intervalMs }: RouteNode): Chain {
    const { receivers, lastResort } = this.scenario;
    const fallback = receivers.find(({ name }) => name === receiver)?.fallback ?? [];
    const slowest = Math.max(0, ...fallback.map(({ afterMs }) => afterMs + MINUTE_MS));
    const lastMs = Math.max(Math.min(Math.max(intervalMs, 10_000), LAST_RESORT_MS), slowest);
    // Each is waited for from when the one before it was known to fail.
    let failingMs = this.#failsWithinMs(receiver);
    const standIns = fallback.map((stage): StandIn => {
      const withinMs = stage.afterMs + failingMs;
      failingMs += this.#failsWithinMs(stage.receiver);
      return { receiver: stage.receiver, isForAll: stage.on.length === 2, withinMs };
    });
    const exhaustedMs = lastMs + failingMs;
    if (lastResort !== null && lastResort !== receiver && !standIns.some((one) => one.receiver === lastResort))
      standIns.push({ receiver: lastResort, isForAll: true, withinMs: exhaustedMs });
    return { standIns, exhaustedMs };
  }

  /** Whoever may be told in the place of a receiver: its stand-ins, theirs, and so on. */
  chainsFrom(receiver: string, route: RouteNode): readonly string[] {
    const found: string[] = [];
    const visit = (from: string): void => {
      for (const { receiver: next } of this.chainOf(from, route).standIns) {
        if (next === receiver || found.includes(next)) continue;
        found.push(next);
        visit(next);
      }
    };
    visit(receiver);
    return found;
  }

  /** Until it is known that a receiver does not take a notification. */
  #failsWithinMs(receiver: string): number {
    return Math.max(...this.integrationsOf(receiver).map(({ kind }) => FAILS_WITHIN_MS[kind]));
  }

  integrationsOf(receiver: string): readonly IntegrationSpec[] {
    return this.scenario.receivers.find(({ name }) => name === receiver)?.integrations ?? [];
  }

  /** How long after everything is well and sure a route has told what there is to tell. */
  tellsWithinMs({ waitMs, intervalMs }: RouteNode): number {
    return 2 * waitMs + 2 * intervalMs + SLACK_MS;
  }
}

const unknown = (definition: AlertDefinition): Watched => ({
  definition,
  trueSince: NEVER,
  falseSince: NEVER,
  firesSince: NEVER,
  calmSince: NEVER,
  clearSince: NEVER,
  silencedSince: NEVER,
  inhibitedSince: NEVER,
  ways: [],
  isConfigured: true,
});

function passes({ name, op, value }: LabelTest, labels: LabelMap): boolean {
  const has = labels[name] ?? '';
  switch (op) {
    case '=':
      return has === value;
    case '!=':
      return has !== value;
    case '=~':
      return new RegExp(`^(?:${value})$`).test(has);
    case '!~':
      return !new RegExp(`^(?:${value})$`).test(has);
  }
}

/** Depth-first: children in order until one takes it that does not continue; where none takes it, the node itself. */
function routesOf(node: RouteNode, labels: LabelMap, id = '0'): readonly { readonly route: RouteNode; readonly id: string }[] {
  if (!node.matchers.every((test) => passes(test, labels))) return [];
  const taken: { readonly route: RouteNode; readonly id: string }[] = [];
  for (const [i, child] of node.children.entries()) {
    const found = routesOf(child, labels, `${id}.${i}`);
    taken.push(...found);
    if (found.length > 0 && !child.continue) break;
  }
  return taken.length > 0 ? taken : [{ route: node, id }];
}

function waysOf({ root, receivers }: Scenario, labels: LabelMap): readonly Way[] {
  return routesOf(root, labels).flatMap(({ route, id }) => {
    const receiver = receivers.find(({ name }) => name === route.receiver);
    return (receiver?.integrations ?? []).map((integration) => ({ route, routeId: id, receiver: route.receiver, integration }));
  });
}
