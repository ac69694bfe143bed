/**
 * One simulated installation, drawn from a seed: targets, rules, senders of alerts, routes, receivers, inhibitions, time
 * intervals. Plain data, from which come the configuration files that the application reads (scenario-files.ts) and what
 * the oracle expects (oracle.ts), each by its own way.
 */
import type { Random } from '../../../src/model/random.ts';
import { between } from '../../../src/platform/sim/sim-random.ts';
import { drawSignal, type Signal } from './signal.ts';

export type LabelMap = Readonly<Record<string, string>>;
export type LabelTest = { readonly name: string; readonly op: '=' | '!=' | '=~' | '!~'; readonly value: string };

export type Target = {
  /** `host:80` is its instance. */
  readonly host: string;
  readonly job: string;
  readonly gauge: Signal;
  readonly other: Signal;
  readonly rate: Signal;
};

export type RuleKind = 'above' | 'down' | 'absent' | 'average' | 'sum' | 'both' | 'rate' | 'recorded' | 'always';

export type Rule = {
  readonly name: string;
  readonly kind: RuleKind;
  readonly job: string;
  /** Of `absent`. */
  readonly host: string;
  readonly forMs: number;
  readonly keepFiringMs: number;
  readonly labels: LabelMap;
};

/** A program that posts an alert to the API once a minute while it is active. */
export type Sender = {
  readonly name: string;
  readonly labels: LabelMap;
  readonly active: Signal;
  /** Says so when it is over; else it just falls silent. */
  readonly saysEnd: boolean;
};

export type RouteNode = {
  readonly receiver: string;
  readonly matchers: readonly LabelTest[];
  readonly continue: boolean;
  readonly groupBy: readonly string[] | 'all';
  readonly waitMs: number;
  readonly intervalMs: number;
  readonly repeatMs: number;
  readonly mutedBy: readonly string[];
  readonly activeBy: readonly string[];
  readonly children: readonly RouteNode[];
};

export type IntegrationKind = 'webhook' | 'email' | 'pagerduty' | 'opsgenie' | 'inbox' | 'phone' | 'sms';

export type IntegrationSpec = {
  /** Of the receiver and the place in it: the host name, the mailbox or the telephone that is this one's alone. */
  readonly id: string;
  readonly kind: IntegrationKind;
  readonly sendResolved: boolean;
  readonly contract: boolean;
};

export type FallbackSpec = { readonly receiver: string; readonly afterMs: number; readonly on: readonly ('error' | 'unknown')[] };

export type ReceiverSpec = {
  readonly name: string;
  readonly integrations: readonly IntegrationSpec[];
  /** Who is told in its place, in this order. */
  readonly fallback: readonly FallbackSpec[];
};

export type Inhibition = {
  readonly source: readonly LabelTest[];
  readonly target: readonly LabelTest[];
  readonly equal: readonly string[];
};

/** Each day, in minutes UTC, the end not included. */
export type Daily = { readonly name: string; readonly fromMinute: number; readonly toMinute: number };

export type Scenario = {
  readonly scrapeMs: number;
  readonly evaluationMs: number;
  readonly targets: readonly Target[];
  readonly rules: readonly Rule[];
  readonly senders: readonly Sender[];
  readonly root: RouteNode;
  readonly receivers: readonly ReceiverSpec[];
  /** Who is told when nobody else could be; null: there is no such receiver. */
  readonly lastResort: string | null;
  readonly inhibitions: readonly Inhibition[];
  readonly intervals: readonly Daily[];
};

const MINUTE_MS = 60_000;
const TEAMS = ['core', 'web', 'data'];
const SEVERITIES = ['critical', 'warning', 'info'];
const JOBS = ['api', 'node', 'queue'];
const KINDS: readonly RuleKind[] = ['above', 'above', 'above', 'down', 'absent', 'average', 'sum', 'both', 'rate', 'recorded'];

export const pick = <T>(random: Random, items: readonly T[]): T => items[between(random, 0, items.length - 1)] as T;
export const happens = (random: Random, chance: number): boolean => random.next() < chance;

export function drawScenario(random: Random, untilMs: number): Scenario {
  const targets = Array.from({ length: between(random, 1, happens(random, 0.1) ? 40 : 10) }, (_, i): Target => {
    const signal = (): Signal => drawSignal(random, untilMs);
    return { host: `t${i}`, job: pick(random, JOBS), gauge: signal(), other: signal(), rate: signal() };
  });
  const jobs = [...new Set(targets.map(({ job }) => job))];
  const rules = Array.from({ length: between(random, 3, happens(random, 0.1) ? 40 : 14) }, (_, i): Rule => {
    const kind = pick(random, KINDS);
    const job = pick(random, jobs);
    return {
      name: `Rule${i}`,
      kind,
      job,
      host: pick(
        random,
        targets.filter((target) => target.job === job),
      ).host,
      forMs: pick(random, [0, 0, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS]),
      keepFiringMs: happens(random, 0.15) ? 2 * MINUTE_MS : 0,
      labels: { severity: pick(random, SEVERITIES), team: pick(random, TEAMS) },
    };
  });
  const senders = Array.from(
    { length: between(random, 0, 4) },
    (_, i): Sender => ({
      name: `Sent${i}`,
      labels: {
        alertname: `Sent${i}`,
        instance: `sender${i}`,
        job: 'outside',
        severity: pick(random, SEVERITIES),
        team: pick(random, TEAMS),
      },
      active: drawSignal(random, untilMs),
      saysEnd: happens(random, 0.6),
    }),
  );
  const receivers = Array.from({ length: between(random, 1, 4) }, (_, i) => drawReceiver(random, `r${i}`));
  const intervals = Array.from({ length: between(random, 0, 2) }, (_, i): Daily => {
    const fromMinute = between(random, 10, 240);
    return { name: `daily${i}`, fromMinute, toMinute: fromMinute + between(random, 10, 60) };
  });
  return {
    scrapeMs: pick(random, [30_000, 60_000]),
    evaluationMs: pick(random, [30_000, 60_000]),
    targets,
    rules,
    senders,
    root: drawRoute(random, receivers, intervals, 0),
    receivers,
    lastResort: null,
    inhibitions: happens(random, 0.4) ? [drawInhibition(random)] : [],
    intervals,
  };
}

function drawReceiver(random: Random, name: string): ReceiverSpec {
  const integrations = Array.from({ length: between(random, 1, 2) }, (_, place): IntegrationSpec => {
    const kind = pick<IntegrationKind>(random, ['webhook', 'webhook', 'email', 'pagerduty', 'opsgenie', 'inbox']);
    return { id: `${name}-${place}`, kind, sendResolved: happens(random, 0.85), contract: happens(random, 0.5) };
  });
  return { name, integrations, fallback: [] };
}

/**
 * The installation with telephones, and with receivers that stand in for others. Drawn apart, so that an old seed is the
 * story that it was where it is run without them.
 */
export function withStandIns(random: Random, scenario: Scenario): Scenario {
  const telephones = Array.from({ length: between(random, 1, 2) }, (_, i): ReceiverSpec => {
    const name = `tel${i}`;
    const integrations = Array.from(
      { length: between(random, 1, 2) },
      (_integration, place): IntegrationSpec => ({
        id: `${name}-${place}`,
        kind: pick<IntegrationKind>(random, ['phone', 'sms']),
        sendResolved: happens(random, 0.7),
        contract: happens(random, 0.5),
      }),
    );
    return { name, integrations, fallback: [] };
  });
  const lastResort = happens(random, 0.6) ? drawReceiver(random, 'boss') : null;
  // Each falls back to later ones only: no circles.
  const receivers = [...scenario.receivers, ...telephones].map((receiver, i, all): ReceiverSpec => {
    const later = all.slice(i + 1);
    if (later.length === 0 || happens(random, 0.25)) return receiver;
    const first = pick(random, later);
    const others = later.filter((other) => other !== first);
    const second = others.length > 0 && happens(random, 0.4) ? [pick(random, others)] : [];
    let afterMs = pick(random, [0, 30_000, MINUTE_MS]);
    const fallback = [first, ...second].map(({ name }): FallbackSpec => {
      const stage: FallbackSpec = { receiver: name, afterMs, on: happens(random, 0.2) ? ['error'] : ['error', 'unknown'] };
      afterMs += pick(random, [30_000, 2 * MINUTE_MS]);
      return stage;
    });
    return { ...receiver, fallback };
  });
  const rerouted = (node: RouteNode): RouteNode => ({
    ...node,
    receiver: happens(random, 0.3) ? pick(random, telephones).name : node.receiver,
    children: node.children.map(rerouted),
  });
  const root = rerouted(scenario.root);
  return {
    ...scenario,
    rules: [...scenario.rules, WATCHDOG],
    root: { ...root, children: [{ ...root, ...TO_DEAD_MAN }, ...root.children] },
    receivers: [...receivers, DEAD_MAN, ...(lastResort === null ? [] : [lastResort])],
    lastResort: lastResort?.name ?? null,
  };
}

/** Fires always, and goes to a dead man's switch, which alarms when it hears nothing. */
export const WATCHDOG: Rule = {
  name: 'Watchdog',
  kind: 'always',
  job: '',
  host: '',
  forMs: 0,
  keepFiringMs: 0,
  labels: { severity: 'none', team: 'none' },
};
const DEAD_MAN: ReceiverSpec = {
  name: 'deadman',
  integrations: [{ id: 'deadman-0', kind: 'webhook', sendResolved: true, contract: false }],
  fallback: [],
};
const TO_DEAD_MAN = {
  receiver: DEAD_MAN.name,
  matchers: [{ name: 'alertname', op: '=' as const, value: WATCHDOG.name }],
  groupBy: [],
  waitMs: 10_000,
  intervalMs: MINUTE_MS,
  repeatMs: 5 * MINUTE_MS,
  children: [],
};

/** An E.164 number for each: letters of the receiver become digits. */
export const numberOf = ({ id }: Pick<IntegrationSpec, 'id'>): string =>
  `+49151${[...id].map((char) => (/\d/.test(char) ? char : char.charCodeAt(0) % 10)).join('')}`.padEnd(12, '0').slice(0, 15);

function drawTests(random: Random): readonly LabelTest[] {
  const name = pick(random, ['team', 'severity', 'job']);
  const values: Readonly<Record<string, readonly string[]>> = { team: TEAMS, severity: SEVERITIES, job: [...JOBS, 'outside'] };
  const value = pick(random, values[name] as readonly string[]);
  const other = pick(random, values[name] as readonly string[]);
  const op = pick<LabelTest['op']>(random, ['=', '=', '!=', '=~', '!~']);
  return [{ name, op, value: op === '=~' || op === '!~' ? `${value}|${other}` : value }];
}

function drawRoute(random: Random, receivers: readonly ReceiverSpec[], intervals: readonly Daily[], depth: number): RouteNode {
  const named = (): readonly string[] => (depth > 0 && intervals.length > 0 && happens(random, 0.25) ? [pick(random, intervals).name] : []);
  return {
    receiver: pick(random, receivers).name,
    matchers: depth === 0 ? [] : drawTests(random),
    continue: depth > 0 && happens(random, 0.3),
    groupBy: pick(random, [['alertname'], ['alertname', 'job'], ['team'], [], 'all'] as const),
    waitMs: pick(random, [10_000, 30_000, 60_000]),
    intervalMs: pick(random, [60_000, 120_000, 300_000]),
    repeatMs: pick(random, [1_200_000, 3_600_000, 14_400_000]),
    mutedBy: named(),
    activeBy: named().slice(0, happens(random, 0.3) ? 1 : 0),
    children:
      depth >= 3
        ? []
        : distinct(
            Array.from({ length: between(random, 0, depth === 0 ? 3 : 1) }, () => drawRoute(random, receivers, intervals, depth + 1)),
          ),
  };
}

/** Sibling routes with the same matchers would share their groups' keys, and what they were told. */
const distinct = (routes: readonly RouteNode[]): readonly RouteNode[] => [
  ...new Map(routes.map((route) => [JSON.stringify(route.matchers), route])).values(),
];

function drawInhibition(random: Random): Inhibition {
  return {
    source: [{ name: 'severity', op: '=', value: 'critical' }],
    target: [{ name: 'severity', op: pick(random, ['=', '=~'] as const), value: 'warning' }],
    equal: pick(random, [['job'], ['instance'], []]),
  };
}

/** The watchdog's route stays. */
const withoutFirst = (children: readonly RouteNode[]): readonly RouteNode[] => {
  const first = children.find(({ receiver }) => receiver !== DEAD_MAN.name);
  return children.filter((child) => child !== first);
};

/** The installation after an edit of its files that keeps what alerts are called. */
export function editedScenario(random: Random, scenario: Scenario): Scenario {
  switch (between(random, 0, 3)) {
    case 0:
      return { ...scenario, root: { ...scenario.root, repeatMs: scenario.root.repeatMs * 2 } };
    case 1:
      return { ...scenario, root: { ...scenario.root, children: withoutFirst(scenario.root.children) } };
    case 2:
      return {
        ...scenario,
        root: { ...scenario.root, children: distinct([...scenario.root.children, drawRoute(random, scenario.receivers, [], 1)]) },
      };
    default:
      return { ...scenario, rules: scenario.rules.length > 1 ? scenario.rules.slice(1) : scenario.rules };
  }
}
