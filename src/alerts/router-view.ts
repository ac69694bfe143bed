/**
 * The read side of the router: alerts and groups as API v2 lists them, and the way of a label set with every reason. All
 * states are those of the instant asked for, computed by the same functions that a flush uses; nothing here changes anything.
 */
import { type Alert, isResolvedAt } from '../model/alert.ts';
import { type Fingerprint, fingerprintOf } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import type { Regex } from '../model/regex.ts';
import type { UnixMs } from '../model/time.ts';
import { compareLabelSets } from './alert-order.ts';
import type { AlertStore, StoredAlert } from './alert-store.ts';
import type { GroupKey } from './event.ts';
import type { Group } from './group.ts';
import type { Inhibitor, InhibitRule } from './inhibit.ts';
import { logKeyOf, type NotificationLog } from './notification-log.ts';
import { groupKeyOf, groupLabelsOf, type Route, type RouteTrace, type RouteTree } from './route.ts';
import type { ReceiverConfig } from './router.ts';
import type { Acknowledgement, GroupId, IntegrationRef, LogEntryRow, SilenceId } from './router-state.ts';
import { newSilenceCache, type Silences } from './silences.ts';
import type { TimeIntervals } from './time-interval.ts';

export type AlertQuery = {
  /** All must match the alert's labels. */
  readonly filter: readonly Matcher[];
  /** Must match a receiver's name; null: any. */
  readonly receiver: Regex | null;
  /** All must match the labels of one receiver. */
  readonly receiverMatchers: readonly Matcher[];
  /** Whether alerts in that state are wanted. */
  readonly active: boolean;
  readonly silenced: boolean;
  readonly inhibited: boolean;
};

export type AlertStatus = {
  readonly state: 'active' | 'suppressed';
  readonly silencedBy: readonly SilenceId[];
  readonly inhibitedBy: readonly Fingerprint[];
};

export type AlertView = AlertStatus & { readonly alert: Alert; readonly receivers: readonly string[] };

export type GroupView = {
  readonly id: GroupId;
  readonly groupKey: GroupKey;
  readonly routeId: string;
  readonly labels: Labels;
  readonly receiver: string;
  /** Templates, rendered by whoever shows them. */
  readonly routeLabels: readonly (readonly [name: string, template: string])[];
  /** Names of the time intervals that mute it now. */
  readonly mutedBy: readonly string[];
  readonly nextFlushAt: UnixMs;
  readonly alerts: readonly AlertView[];
};

/** The way of a label set through the router. */
export type RoutingTrace = {
  readonly route: RouteTrace;
  readonly inhibitedBy: { readonly rule: InhibitRule; readonly fingerprint: Fingerprint } | null;
  readonly silencedBy: readonly SilenceId[];
  /** One for each route that takes it, in order. */
  readonly groups: readonly GroupTrace[];
};

export type GroupTrace = {
  readonly groupKey: GroupKey;
  readonly routeId: string;
  readonly receiver: string;
  readonly muting: { readonly reason: 'mute_time_interval' | 'outside_active_time_interval'; readonly by: readonly string[] } | null;
  /** Null: the group does not exist yet; it would first flush one group_wait after the alert. */
  readonly nextFlushAt: UnixMs | null;
  /** Who looks after it. */
  readonly ack: Acknowledgement | null;
  readonly memberCount: number;
  /** Whether an alert with exactly these labels is in it. */
  readonly isMember: boolean;
  readonly integrations: readonly IntegrationTrace[];
};

type IntegrationTrace = IntegrationRef & {
  /** What it was last told; null: nothing that is still remembered. */
  readonly lastTold: LogEntryRow | null;
  /** Why the last flush sent it nothing. */
  readonly lastSkip: string | null;
  readonly openOutboxId: string | null;
  readonly repeatDueAt: UnixMs | null;
};

type Sources = {
  readonly store: AlertStore;
  readonly groups: ReadonlyMap<GroupId, Group>;
  readonly groupsOf: ReadonlyMap<Route, ReadonlyMap<string, Group>>;
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly intervals: TimeIntervals;
  readonly log: NotificationLog;
  readonly receivers: readonly ReceiverConfig[];
};

export class RouterView {
  readonly #from: Sources;

  constructor(sources: Sources) {
    this.#from = sources;
  }

  alerts(query: AlertQuery, now: UnixMs): readonly AlertView[] {
    const wanted = this.#receiversWanted(query);
    const found: AlertView[] = [];
    for (const stored of this.#from.store.candidates(query.filter)) {
      if (isOver(stored.alert, now) || !matchesLabels(query.filter, stored.labels)) continue;
      const receivers = stored.members.map(({ group }) => group.receiver);
      if (wanted !== null && !receivers.some((receiver) => wanted.has(receiver))) continue;
      const status = this.#status(stored, now);
      if (isWanted(query, status)) found.push({ alert: stored.alert, receivers, ...status });
    }
    return found.sort((a, b) => (a.alert.fingerprint < b.alert.fingerprint ? -1 : 1));
  }

  groups(query: AlertQuery & { readonly muted: boolean }, now: UnixMs): readonly GroupView[] {
    const wanted = this.#receiversWanted(query);
    const views = new Map<StoredAlert, AlertView | null>();
    const receiversOf = (stored: StoredAlert): readonly string[] =>
      stored.members
        .map(({ group }) => group.receiver)
        .filter((receiver) => wanted?.has(receiver) ?? true)
        .sort();
    const viewOf = (stored: StoredAlert): AlertView | null => {
      let view = views.get(stored);
      if (view === undefined) {
        view = null;
        if (!isOver(stored.alert, now) && matchesLabels(query.filter, stored.labels)) {
          const status = this.#status(stored, now);
          if (isWanted(query, status)) view = { alert: stored.alert, receivers: receiversOf(stored), ...status };
        }
        views.set(stored, view);
      }
      return view;
    };
    const found: GroupView[] = [];
    for (const group of this.#from.groups.values()) {
      if (group.isRetired || wanted?.has(group.receiver) === false) continue;
      const alerts = group.sorted().flatMap(({ stored }) => viewOf(stored) ?? []);
      const mutedBy = this.#from.intervals.muting(group.route, now)?.by ?? [];
      if (alerts.length === 0 || (mutedBy.length > 0 && !query.muted)) continue;
      const { id, key, route, labels, receiver, nextFlushAt } = group;
      found.push({ id, groupKey: key, routeId: route.id, labels, receiver, routeLabels: route.labels, mutedBy, nextFlushAt, alerts });
    }
    return found.sort((a, b) => compareLabelSets(a.labels, b.labels) || (a.receiver < b.receiver ? -1 : 1));
  }

  trace(tree: RouteTree, labels: Labels, now: UnixMs): RoutingTrace {
    const { inhibitor, silences } = this.#from;
    const inhibition = inhibitor.inhibiting(labels, now);
    return {
      route: tree.trace(labels),
      inhibitedBy: inhibition === null ? null : { rule: inhibition.rule, fingerprint: inhibition.source.fingerprint },
      silencedBy: silences.silencing(labels, newSilenceCache(), now).map(({ id }) => id),
      groups: tree.match(labels).map((route) => this.#groupTrace(route, labels, now)),
    };
  }

  #groupTrace(route: Route, labels: Labels, now: UnixMs): GroupTrace {
    const groupLabels = groupLabelsOf(route, labels);
    const group = this.#from.groupsOf.get(route)?.get(groupLabels.key()) ?? null;
    return {
      groupKey: groupKeyOf(route.key, groupLabels),
      routeId: route.id,
      receiver: route.receiver,
      muting: this.#from.intervals.muting(route, now),
      nextFlushAt: group?.nextFlushAt ?? null,
      ack: group?.ack ?? null,
      memberCount: group?.members.size ?? 0,
      isMember: group?.members.has(fingerprintOf(labels)) ?? false,
      integrations: (group?.everyone ?? []).map(({ ref, lastSkip, open }) => {
        const lastTold = group === null ? null : this.#from.log.row(logKeyOf(group.key, ref));
        const repeatDueAt = lastTold === null ? null : ((lastTold.at + route.repeatIntervalMs) as UnixMs);
        return { ...ref, lastTold, lastSkip, openOutboxId: open?.row.id ?? null, repeatDueAt };
      }),
    };
  }

  #status(stored: StoredAlert, now: UnixMs): AlertStatus {
    const { inhibitor, silences } = this.#from;
    const inhibition = inhibitor.inhibiting(stored.labels, now);
    const silencing = silences.silencing(stored.labels, stored.silences, now);
    return {
      state: inhibition !== null || silencing.length > 0 ? 'suppressed' : 'active',
      silencedBy: silencing.map(({ id }) => id),
      inhibitedBy: inhibition === null ? [] : [inhibition.source.fingerprint],
    };
  }

  /** Names of the receivers asked for; null: all. */
  #receiversWanted({ receiver, receiverMatchers }: AlertQuery): ReadonlySet<string> | null {
    if (receiver === null && receiverMatchers.length === 0) return null;
    return new Set(
      this.#from.receivers
        .filter(({ name, labels }) => (receiver?.matches(name) ?? true) && matchesLabels(receiverMatchers, labels.with([['name', name]])))
        .map(({ name }) => name),
    );
  }
}

/** An alert that ends this very moment is still listed. */
const isOver = (alert: Alert, now: UnixMs): boolean => alert.endsAt !== now && isResolvedAt(alert, now);

const isWanted = (query: AlertQuery, status: AlertStatus): boolean =>
  (query.active || status.state !== 'active') &&
  (query.silenced || status.silencedBy.length === 0) &&
  (query.inhibited || status.inhibitedBy.length === 0);
