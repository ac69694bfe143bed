/**
 * What a notification is about (alertmanager/template Data): one group's alerts for one receiver, as plain values, and
 * as the Go values that templates see, with the methods of KV, Pairs and Alerts.
 */

import { BoundedText } from '../lib/bounded-text.ts';
import { timeFromUnixMs, ZERO_TIME } from '../lib/go-time.ts';
import {
  BOOL,
  type GoMethod,
  type GoType,
  type GoValue,
  goBool,
  goMap,
  goMethod,
  goPointer,
  goSlice,
  goString,
  STRING,
  STRINGS,
  sliceOf,
} from '../lib/go-value.ts';
import { quoteMeta } from '../lib/quote-meta.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { type Alert, isResolvedAt } from '../model/alert.ts';
import { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';
import { entriesOf, itemsArgument, textArgument } from './arguments.ts';
import { marshalJson } from './go-json.ts';
import { goTime, TIME } from './time-values.ts';

export type NotificationStatus = 'firing' | 'resolved';

export type NotificationAlert = {
  /** A NotificationStatus, or what a person wrote into the data of a template tried out. */
  readonly status: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: UnixMs;
  /** Null while it fires; templates and JSON then show Go's zero time. */
  readonly endsAt: UnixMs | null;
  readonly generatorUrl: string;
  readonly fingerprint: string;
};

export type NotificationData = {
  /** The receiver's name with the characters of regular expressions quoted, as Alertmanager shows it. */
  readonly receiver: string;
  /** As an alert's. */
  readonly status: string;
  readonly alerts: readonly NotificationAlert[];
  /** Why now, in Alertmanager's words: `first notification`. */
  readonly notificationReason: string;
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  /** Of the route; their values may be templates until `routeLabelsAreRendered`. */
  readonly routeLabels: Labels;
  readonly routeLabelsAreRendered: boolean;
  readonly externalUrl: string;
};

export type NotificationInput = {
  /** As configured. */
  readonly receiver: string;
  readonly alerts: readonly Pick<Alert, 'fingerprint' | 'labels' | 'annotations' | 'startsAt' | 'endsAt' | 'generatorUrl'>[];
  readonly groupLabels: Labels;
  readonly routeLabels: Labels;
  readonly routeLabelsAreRendered: boolean;
  readonly notificationReason: string;
  readonly externalUrl: string;
  /** Decides which alerts are resolved. */
  readonly now: UnixMs;
};

export function notificationData(input: NotificationInput): NotificationData {
  const { receiver, groupLabels, routeLabels, routeLabelsAreRendered, notificationReason, externalUrl, now } = input;
  const alerts = input.alerts.map((alert): NotificationAlert => {
    const { labels, annotations, startsAt, generatorUrl, fingerprint } = alert;
    const isResolved = isResolvedAt(alert, now);
    const status = isResolved ? 'resolved' : 'firing';
    return { status, labels, annotations, startsAt, endsAt: isResolved ? alert.endsAt : null, generatorUrl, fingerprint };
  });
  return {
    receiver: quoteMeta(receiver),
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    alerts,
    notificationReason,
    groupLabels,
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    routeLabels,
    routeLabelsAreRendered,
    externalUrl,
  };
}

/** Of the first alerts only; what is common is computed anew, as Alertmanager does (template.Data after truncation). */
export function truncatedData(data: NotificationData, maxAlerts: number): NotificationData {
  const alerts = data.alerts.slice(0, maxAlerts);
  return {
    ...data,
    alerts,
    status: alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
  };
}

/** The pairs that all sets have. */
function common(sets: readonly Labels[]): Labels {
  const [first, ...others] = sets;
  if (first === undefined) return Labels.empty;
  return first.filter((name) => others.every((other) => other.get(name) === first.get(name)));
}

// Go's types

/** []string with Join. */
const STRINGS_TYPE: GoType = {
  name: 'template.Strings',
  kind: 'slice',
  element: STRING,
  methods: new Map([['Join', goMethod([STRING], (self, args) => goString(texts(self).join(textArgument(args, 0))))]]),
};

const PAIR: GoType = {
  name: 'template.Pair',
  kind: 'struct',
  fields: [
    { name: 'Name', type: STRING },
    { name: 'Value', type: STRING },
  ],
};

const PAIRS_METHODS = new Map<string, GoMethod>();
/** Its String method came late; releases before it print the pairs as Go prints a slice, and so do we. */
const PAIRS: GoType = { name: 'template.Pairs', kind: 'slice', element: PAIR, methods: PAIRS_METHODS, printsWithoutString: true };

const KV_METHODS = new Map<string, GoMethod>();
/** A label set; printed as a map for the same reason as PAIRS. */
const KV: GoType = { name: 'template.KV', kind: 'map', element: STRING, methods: KV_METHODS, printsWithoutString: true };

const ALERT: GoType = {
  name: 'template.Alert',
  kind: 'struct',
  fields: [
    { name: 'Status', type: STRING, json: 'status' },
    { name: 'Labels', type: KV, json: 'labels' },
    { name: 'Annotations', type: KV, json: 'annotations' },
    { name: 'StartsAt', type: TIME, json: 'startsAt' },
    { name: 'EndsAt', type: TIME, json: 'endsAt' },
    { name: 'GeneratorURL', type: STRING, json: 'generatorURL' },
    { name: 'Fingerprint', type: STRING, json: 'fingerprint' },
  ],
};

const ALERT_SLICE = sliceOf(ALERT);
const ALERTS: GoType = {
  name: 'template.Alerts',
  kind: 'slice',
  element: ALERT,
  methods: new Map([
    ['Firing', goMethod([], (self) => withStatus(self, 'firing'))],
    ['Resolved', goMethod([], (self) => withStatus(self, 'resolved'))],
  ]),
};

const DATA: GoType = {
  name: 'template.Data',
  kind: 'struct',
  fields: [
    { name: 'Receiver', type: STRING, json: 'receiver' },
    { name: 'Status', type: STRING, json: 'status' },
    { name: 'Alerts', type: ALERTS, json: 'alerts' },
    { name: 'NotificationReason', type: STRING, json: 'notification_reason' },
    { name: 'GroupLabels', type: KV, json: 'groupLabels' },
    { name: 'CommonLabels', type: KV, json: 'commonLabels' },
    { name: 'CommonAnnotations', type: KV, json: 'commonAnnotations' },
    { name: 'RouteLabels', type: KV, json: 'routeLabels' },
    { name: 'ExternalURL', type: STRING, json: 'externalURL' },
    { name: 'routeLabelsRendered', type: BOOL },
  ],
};

/** The JSON of the data, as webhooks carry it and toJson prints it. */
export function notificationJson(data: NotificationData): string {
  const out = new BoundedText(JSON_LENGTH_MAX);
  marshalJson(out, goNotification(data));
  return out.toString();
}
const JSON_LENGTH_MAX = 64 * 1024 * 1024;

/** The dot of a notification's templates. */
export function goNotification(data: NotificationData): GoValue {
  return goPointer({
    kind: 'struct',
    type: DATA,
    fields: [
      goString(data.receiver),
      goString(data.status),
      goSlice(ALERTS, data.alerts.map(goAlert)),
      goString(data.notificationReason),
      goKv(data.groupLabels),
      goKv(data.commonLabels),
      goKv(data.commonAnnotations),
      goKv(data.routeLabels),
      goString(data.externalUrl),
      goBool(data.routeLabelsAreRendered),
    ],
  });
}

function goAlert(alert: NotificationAlert): GoValue {
  return {
    kind: 'struct',
    type: ALERT,
    fields: [
      goString(alert.status),
      goKv(alert.labels),
      goKv(alert.annotations),
      goTime(timeFromUnixMs(alert.startsAt)),
      goTime(alert.endsAt === null ? ZERO_TIME : timeFromUnixMs(alert.endsAt)),
      goString(alert.generatorUrl),
      goString(alert.fingerprint),
    ],
  };
}

const goKv = (labels: Labels): GoValue => goMap(KV, new Map([...labels].map(([name, value]) => [name, goString(value)])));

function withStatus(alerts: GoValue, status: NotificationStatus): GoValue {
  const items = itemsArgument([alerts], 0).filter((alert) => {
    const [own] = alert?.kind === 'struct' ? alert.fields : [];
    return own?.kind === 'string' && own.text === status;
  });
  return goSlice(ALERT_SLICE, items);
}

type Pair = readonly [name: string, value: string];

const textOf = (value: GoValue | null | undefined): string => (value?.kind === 'string' ? value.text : '');
const texts = (strings: GoValue): readonly string[] => itemsArgument([strings], 0).map(textOf);
const goStrings = (values: readonly string[]): GoValue =>
  goSlice(
    STRINGS_TYPE,
    values.map((value) => goString(value)),
  );

/** By name, but the alert's name first. */
function sortedPairs(kv: GoValue): readonly Pair[] {
  const pairs = [...entriesOf(kv)].map(([name, value]): Pair => [name, textOf(value)]);
  const rank = ([name]: Pair): number => (name === 'alertname' ? 0 : 1);
  return pairs.sort((a, b) => rank(a) - rank(b) || compareUtf8(a[0], b[0]));
}

function pairsOf(pairs: GoValue): readonly Pair[] {
  return itemsArgument([pairs], 0).map(
    (pair): Pair => (pair?.kind === 'struct' ? [textOf(pair.fields[0]), textOf(pair.fields[1])] : ['', '']),
  );
}

const names = (pairs: readonly Pair[]): GoValue => goStrings(pairs.map(([name]) => name));
const values = (pairs: readonly Pair[]): GoValue => goStrings(pairs.map(([, value]) => value));
const joined = (pairs: readonly Pair[]): GoValue => goString(pairs.map(([name, value]) => `${name}=${value}`).join(', '));

PAIRS_METHODS.set(
  'Names',
  goMethod([], (self) => names(pairsOf(self))),
);
PAIRS_METHODS.set(
  'Values',
  goMethod([], (self) => values(pairsOf(self))),
);
PAIRS_METHODS.set(
  'String',
  goMethod([], (self) => joined(pairsOf(self))),
);

KV_METHODS.set(
  'SortedPairs',
  goMethod([], (self) => {
    const pairs = sortedPairs(self).map(
      ([name, value]): GoValue => ({ kind: 'struct', type: PAIR, fields: [goString(name), goString(value)] }),
    );
    return goSlice(PAIRS, pairs);
  }),
);
KV_METHODS.set(
  'Names',
  goMethod([], (self) => names(sortedPairs(self))),
);
KV_METHODS.set(
  'Values',
  goMethod([], (self) => values(sortedPairs(self))),
);
KV_METHODS.set(
  'String',
  goMethod([], (self) => joined(sortedPairs(self))),
);
KV_METHODS.set(
  'Remove',
  goMethod([STRINGS], (self, args) => {
    const removed = new Set(itemsArgument(args, 0).map(textOf));
    return goMap(KV, new Map([...entriesOf(self)].filter(([name]) => !removed.has(name))));
  }),
);
