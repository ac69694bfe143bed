/**
 * The Alertmanager half, whole: alerts in, outbox rows out, a reason for every step between. Keeps its indexes in memory and
 * changes in place; everything that must last is handed over by `takeChanges` after each step and comes back as a
 * RouterSnapshot. It reads no clock and starts no timer: every method is told the time, and `nextWakeAt` says when to call
 * `tick`. Specification: Alertmanager 0.34's dispatch, notify, silence, inhibit and provider. Unlike Alertmanager it
 * forgets nothing over a restart, resolves nothing because of one, and never resolves an own rule's alert by the clock.
 *
 * Hot path: `receive` and `applyRuleAlerts`, for every alert that arrives.
 */

import { MinHeap } from '../lib/heap.ts';
import { unreachable } from '../lib/never.ts';
import { type Alert, isResolvedAt } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import { type Random, uuid } from '../model/random.ts';
import { addMs, type DurationMs, type UnixMs, unixMs } from '../model/time.ts';
import { AlertStore, forgetAt, type StoredAlert } from './alert-store.ts';
import { ChangeLog } from './change-log.ts';
import { type FallbackConfig, stagesOf } from './fallback.ts';
import { Group, type GroupWorld, type Integration, type IntegrationConfig, type Member } from './group.ts';
import { continues, type Incoming, mergeVersions, postedAlert, type RuleAlertChange, ruleAlert } from './ingest.ts';
import { Inhibitor, type InhibitRule } from './inhibit.ts';
import { type ActionResult, ANSWERABLE_MS, type DeliveryReport, type NotificationAction } from './notification-action.ts';
import { logKeyOf, NotificationLog } from './notification-log.ts';
import { groupKeyOf, groupLabelsOf, type Route, type RouteConfig, RouteTree } from './route.ts';
import type {
  Acknowledgement,
  GroupId,
  GroupRow,
  IntegrationData,
  IntegrationRef,
  MatcherRow,
  OpenOutboxRow,
  OutboxId,
  OutboxRow,
  RouterChanges,
  RouterSnapshot,
  SilenceId,
  SilenceRow,
} from './router-state.ts';
import { type AlertQuery, type AlertView, type GroupView, RouterView, type RoutingTrace } from './router-view.ts';
import { compileSets, type LabelNameMode } from './silence.ts';
import { previewSilence, type SilencePreview } from './silence-preview.ts';
import { type PostedSilence, type PutSilence, type SilenceQuery, Silences } from './silences.ts';
import { type TimeInterval, TimeIntervals } from './time-interval.ts';

export type ReceiverConfig = {
  readonly name: string;
  /** For receiver_matchers; without the label `name`, which every receiver has. */
  readonly labels: Labels;
  readonly integrations: readonly IntegrationConfig[];
  /** Who is told instead when an integration does not take its notifications, in this order. */
  readonly fallback?: readonly FallbackConfig[];
};

export type RouterConfig = {
  readonly route: RouteConfig;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  /** The receiver that is told when nobody else took a notification; null or left out: there is none. */
  readonly lastResort?: string | null;
  /** global.resolve_timeout */
  readonly resolveTimeoutMs: DurationMs;
  /** --data.retention: of ended silences and of the notification log. */
  readonly retentionMs: DurationMs;
  /** --alerts.gc-interval: how long a resolved alert is remembered. */
  readonly alertGcMs: DurationMs;
  /** --dispatch.start-delay: no group flushes this long after the process started. */
  readonly startDelayMs: DurationMs;
  readonly labelNames: LabelNameMode;
  /** 0: no limit. */
  readonly limits: {
    /** --alerts.per-alertname-limit: of firing alerts from outside. */
    readonly alertsPerNameMax: number;
    /** --silences.max-silences */
    readonly silencesMax: number;
    /** --silences.max-silence-size-bytes */
    readonly silenceBytesMax: number;
  };
};

export type Received = {
  /** Alerts that were refused, by position; the others are stored. */
  readonly errors: readonly { readonly index: number; readonly error: string }[];
  /** Alerts dropped by the limit per alertname. */
  readonly limited: number;
};

/** What the runner learned of a row. `rejected`: will be tried again before the deadline. `unknown`: perhaps sent. */
export type DeliveryOutcome =
  | { readonly kind: 'accepted'; readonly outboxId: OutboxId /** Replaces what the integration keeps. */; readonly data?: IntegrationData }
  | { readonly kind: 'rejected' | 'unknown' | 'failed' | 'expired'; readonly outboxId: OutboxId; readonly error: string };

/** Whether a row may be sent now. `gone`: cancelled, replaced or unknown. */
export type ClaimVerdict =
  /** `late`: what makes it late, in words; null: nothing. */
  | { readonly kind: 'send'; readonly late: string | null }
  | { readonly kind: 'cancelled'; readonly reason: 'silenced' | 'acknowledged' | 'not_needed' }
  | { readonly kind: 'gone' };

/** `refused`: a silence that the limits do not allow. */
export type Acted = ActionResult | { readonly kind: 'refused'; readonly message: string };

/** A group that fires, and the notification by which each integration knows of it. */
export type ToldGroup = {
  readonly id: GroupId;
  readonly ack: Acknowledgement | null;
  readonly told: readonly {
    readonly ref: IntegrationRef;
    readonly outboxId: OutboxId;
    /** When it was taken. */
    readonly at: UnixMs;
    readonly kept: IntegrationData;
    /** The acknowledgement is still to be passed on to its provider. */
    readonly awaitsAck: boolean;
  }[];
};

/** What a report changed. `taken`: it also shows that the provider has the notification, of which nobody knew. */
export type Reported = 'noted' | 'taken' | 'ignored';

/** How often expired log entries are looked for. */
const LOG_GC_MS = 900_000 as DurationMs;
/** Alerts whose dropping by the limit has been told; beyond, it is not told again. */
const LIMITED_REMEMBERED_MAX = 10_000;

export class Router {
  #config: RouterConfig;
  #tree: RouteTree;
  readonly #random: Random;
  readonly #store = new AlertStore();
  readonly #silences: Silences;
  readonly #log: NotificationLog;
  #changes = new ChangeLog();
  #world: GroupWorld;
  #groups = new Map<GroupId, Group>();
  /** By route, then by group labels. */
  #groupsOf = new Map<Route, Map<string, Group>>();
  /** At one instant by id, so that a restart changes no order. */
  readonly #wakes = new MinHeap<Wake>((a, b) => a.at < b.at || (a.at === b.at && a.group.id < b.group.id));
  readonly #open = new Map<OutboxId, { readonly group: Group; readonly integration: Integration }>();
  /** Rows given up while an attempt was in flight: an acceptance may still come, by the attempt's end or by a report. */
  readonly #late = new Map<OutboxId, OutboxRow>();
  readonly #limited = new Set<Fingerprint>();
  #viewVersion = 0;
  /** The instants for which `#viewVersion` is known to hold; from inclusive, until exclusive. */
  #viewHolds = VIEW_CHANGED;
  /** Groups that a reload has left because their route leads nowhere any more, by who may take their place. */
  #retired = new Map<string, readonly Group[]>();
  /** No group flushes before (start delay). */
  #heldUntil: UnixMs;
  #logGcAt: UnixMs;

  constructor(config: RouterConfig, restored: RouterSnapshot, random: Random, now: UnixMs) {
    this.#config = config;
    this.#random = random;
    this.#tree = new RouteTree(config.route);
    this.#silences = new Silences(config.limits, config.retentionMs, random, {
      upsertSilence: (row) => this.#changes.silences.add(row.id),
      deleteSilence: (id) => this.#changes.silences.add(id),
    });
    this.#log = new NotificationLog((key) => this.#changes.log.add(key));
    this.#heldUntil = heldUntil(config, now);
    this.#logGcAt = addMs(now, LOG_GC_MS);
    this.#world = this.#newWorld();
    this.#restore(restored, now);
  }

  /** Alerts posted from outside. Valid ones are stored whatever the others are. */
  receive(alerts: readonly Incoming[], now: UnixMs): Received {
    this.#noticeEnds(now);
    const errors: { index: number; error: string }[] = [];
    let limited = 0;
    for (let index = 0; index < alerts.length; index++) {
      const alert = postedAlert(alerts[index] as Incoming, this.#config, now);
      if ('error' in alert) errors.push({ index, error: alert.error });
      else if (!this.#take(alert, now)) limited++;
    }
    return { errors, limited };
  }

  /** Transitions of our own rules. Only these resolve an alert that a rule raised. */
  applyRuleAlerts(changes: readonly RuleAlertChange[], now: UnixMs): void {
    for (const change of changes) {
      const alert = ruleAlert(change, now);
      const stored = this.#store.get(alert.fingerprint);
      this.#put(stored ?? this.#store.add(alert), stored === undefined, alert, now);
    }
  }

  putSilence(posted: PostedSilence, now: UnixMs): PutSilence {
    const result = this.#silences.put(posted, this.#config.labelNames, now);
    if (result.kind === 'refused') return result;
    const { row, ended, kind } = result;
    const by = row.createdBy;
    if (ended !== null) this.#silenceEvent('expired', ended.id, by, now);
    this.#silenceEvent(kind, row.id, by, now);
    return result;
  }

  /** False: there is no such silence. One that has ended already stays as it is. */
  expireSilence(id: SilenceId, by: string, now: UnixMs): boolean {
    const result = this.#silences.expire(id, now);
    if (result?.ended === true) this.#silenceEvent('expired', id, by, now);
    return result !== null;
  }

  /**
   * Asked right before an attempt: from `send` on, the row is in flight until it is settled. What is due by the clock is
   * done first: after a pause a row may wait for its attempt when its group's next flush, which replaces it, is long due.
   */
  claim(id: OutboxId, now: UnixMs): ClaimVerdict {
    this.tick(now);
    const found = this.#open.get(id);
    const open = found?.integration.open;
    if (found === undefined || open?.row.id !== id) return { kind: 'gone' };
    const { firing, resolved } = open.row;
    // What was silenced since the flush is not sent. A resolve is: without it somebody waits for ever.
    const isSilenced = resolved.length === 0 && firing.length > 0 && firing.every((fingerprint) => this.#isSilenced(fingerprint, now));
    const reason = isSilenced ? 'silenced' : found.group.whyUnwanted(found.integration);
    if (reason !== null) {
      found.group.cancel(found.integration, reason, true, this.#world, now);
      found.group.reviewFallback(this.#world, now);
      this.#afterwards(found.group);
      return { kind: 'cancelled', reason };
    }
    open.isClaimed = true;
    return { kind: 'send', late: found.group.lateness(found.integration, this.#world, now) };
  }

  /** The provider of these rows is down, or does not answer: for those who have a fallback that is a failure. */
  troubled(ids: readonly OutboxId[], how: 'down' | 'stalled', now: UnixMs): void {
    for (const id of ids) {
      const found = this.#open.get(id);
      if (found === undefined || !this.#world.hasFallback(found.integration.ref.receiver)) continue;
      found.group.troubled(found.integration, how, this.#world, now);
      this.#afterwards(found.group);
    }
  }

  settle(outcome: DeliveryOutcome, now: UnixMs): void {
    const found = this.#open.get(outcome.outboxId);
    if (found === undefined) {
      this.#settleLate(outcome, now);
      return;
    }
    const { group, integration } = found;
    if (outcome.kind === 'accepted') group.accepted(integration, outcome.data ?? null, this.#world, now);
    else group.notAccepted(integration, outcome, this.#world, now);
    this.#afterwards(group);
  }

  /** What somebody who has this notification does about its group. */
  act(row: OutboxRow, action: NotificationAction, by: string, now: UnixMs): Acted {
    this.#noticeEnds(now);
    const firing = row.notification.alerts.filter((alert) => alert.endsAt === null && this.#stillFires(alert, row, now));
    if (firing.length === 0) return { kind: 'over' };
    const groups = this.#groupsOfRow(row);
    if (groups.length === 0) return { kind: 'unknown' };
    switch (action.kind) {
      case 'acknowledge':
        return this.#acknowledge(groups, row, by, now);
      case 'silence':
        return this.#silenceAlerts(firing, row, { durationMs: action.durationMs, by }, now);
      case 'escalate':
        return this.#escalate(groups[0] as Group, row, by, now);
      default:
        return unreachable(action);
    }
  }

  /** The provider of the integration knows of the acknowledgement made at `ackAt`, or never will. */
  acknowledgementPassedOn(groupId: GroupId, ref: IntegrationRef, ackAt: UnixMs): void {
    const group = this.#groups.get(groupId);
    const integration = group?.find(ref);
    if (group !== undefined && integration !== undefined) group.acknowledgementPassedOn(integration, ackAt, this.#changes);
  }

  /**
   * What a provider says of a notification that it has taken. When it was lost, the log no longer says that the integration
   * knows, so the next flush tells it again; under the resolve contract also what has ended, as long as that is remembered.
   * A report may overtake the answer to the attempt: `confirmed` then is that answer.
   */
  report(row: OutboxRow, wasAccepted: boolean, { kind, message }: DeliveryReport, now: UnixMs): Reported {
    const isOpen = this.#open.has(row.id) || this.#late.has(row.id);
    // Of an earlier attempt: the row is tried again, or was given up.
    if (kind === 'failed' ? isOpen || !wasAccepted : !isOpen && !wasAccepted) return 'ignored';
    if (isOpen) this.settle({ kind: 'accepted', outboxId: row.id }, now);
    const detail = { ...refOf(row), outboxId: row.id, error: message };
    const verdict = kind === 'confirmed' ? 'confirmed' : 'lost';
    this.#changes.event(now, { stage: 'deliver', verdict, reason: 'report' }, null, row.groupKey, detail);
    if (kind === 'failed') this.#lost(row, now);
    return isOpen ? 'taken' : 'noted';
  }

  /** Does what the clock asks for: ends of alerts, flushes that are due, forgetting. */
  tick(now: UnixMs): void {
    this.#noticeEnds(now);
    this.#silences.gc(now);
    if (this.#logGcAt <= now) {
      this.#log.gc(now);
      this.#forgetLate(now);
      this.#logGcAt = addMs(now, LOG_GC_MS);
    }
    if (now < this.#heldUntil) return;
    for (let wake = this.#wakes.peek(); wake !== undefined && wake.at <= now; wake = this.#wakes.peek()) {
      this.#wakes.pop();
      const { group } = wake;
      if (this.#groups.get(group.id) !== group || group.wakeAt !== wake.at) continue;
      group.wake(this.#world, now);
      this.#afterwards(group);
    }
  }

  /** When `tick` next has something to do; null when only a new alert can bring work. */
  nextWakeAt(): UnixMs | null {
    let groupsAt: UnixMs | null = null;
    for (let wake = this.#wakes.peek(); wake !== undefined; wake = this.#wakes.peek()) {
      if (this.#groups.get(wake.group.id) === wake.group && wake.group.wakeAt === wake.at) {
        groupsAt = Math.max(wake.at, this.#heldUntil) as UnixMs;
        break;
      }
      this.#wakes.pop();
    }
    return earliest([
      groupsAt,
      this.#store.nextWakeAt(),
      this.#silences.nextWakeAt(),
      this.#log.size + this.#late.size > 0 ? this.#logGcAt : null,
    ]);
  }

  /**
   * Takes a new configuration. Members, the log and owed resolves stay, deliveries in flight go on; timers start again as
   * Alertmanager's do: a group that has flushed before flushes at once (and mostly finds nothing new), another waits.
   */
  reload(config: RouterConfig, now: UnixMs): void {
    this.#noticeEnds(now);
    this.#config = config;
    this.#tree = new RouteTree(config.route);
    this.#silences.configure(config.limits, config.retentionMs);
    this.#world = this.#newWorld();
    this.#viewHolds = VIEW_CHANGED;
    this.#regroup('reload', now);
  }

  /**
   * After time in which nobody could reach us, or the wall clock has jumped: open alerts from outside get another resolve
   * timeout, so that no end is taken for a resolve, and no group waits longer than its own interval.
   */
  graceAfterGap(now: UnixMs): void {
    const until = addMs(now, this.#config.resolveTimeoutMs);
    this.#heldUntil = Math.min(this.#heldUntil, heldUntil(this.#config, now)) as UnixMs;
    for (const stored of this.#store.all()) {
      const { alert } = stored;
      if (alert.endsAt === null || alert.resolveReason !== null || alert.endsAt >= until) continue;
      this.#store.set(stored, { ...alert, endsAt: until, isTimeout: true }, now);
      this.#changes.alerts.add(stored.fingerprint);
    }
    for (const group of this.#groups.values()) {
      const { groupIntervalMs, groupWaitMs } = group.route;
      const latest = addMs(now, group.flushCount === 0 ? groupWaitMs : groupIntervalMs);
      if (group.nextFlushAt <= latest) continue;
      group.nextFlushAt = latest;
      this.#changes.groups.add(group.id);
      this.#schedule(group);
    }
  }

  /** Everything to persist since the last call. */
  takeChanges(): RouterChanges {
    const changes = this.#changes;
    this.#changes = new ChangeLog();
    this.#world = { ...this.#world, changes: this.#changes };
    if (changes.alerts.size + changes.groups.size + changes.members.size + changes.silences.size > 0) this.#viewHolds = VIEW_CHANGED;
    const alerts = split(changes.alerts, (key) => this.#store.get(key)?.alert ?? null);
    const groups = split(changes.groups, (key) => this.#groups.get(key)?.toRow() ?? null);
    const log = split(changes.log, (key) => this.#log.row(key));
    const silences = split(changes.silences, (key) => this.#silences.get(key));
    const membersUpserted = [];
    const membersDeleted = [];
    for (const [groupId, fingerprints] of changes.members) {
      const group = this.#groups.get(groupId);
      if (group === undefined) continue; // its rows go with it
      for (const fingerprint of fingerprints) {
        const member = group.members.get(fingerprint);
        if (member === undefined) membersDeleted.push({ groupId, fingerprint });
        else membersUpserted.push(group.memberRow(member));
      }
    }
    return {
      alertsUpserted: alerts.present,
      alertsDeleted: alerts.absent,
      groupsUpserted: groups.present,
      groupsDeleted: groups.absent,
      membersUpserted,
      membersDeleted,
      logUpserted: log.present,
      logDeleted: log.absent,
      silencesUpserted: silences.present,
      silencesDeleted: silences.absent,
      outboxInserted: [...changes.outboxInserted.values()],
      outboxCancelled: [...changes.outboxCancelled].map(([id, reason]) => ({ id, reason })),
      outboxUndelivered: [...changes.outboxUndelivered],
      events: changes.events,
    };
  }

  /** Alerts that have not ended, with their state now, by fingerprint (GET /api/v2/alerts). */
  alerts(query: AlertQuery, now: UnixMs): readonly AlertView[] {
    return this.#view().alerts(query, now);
  }

  /** Groups by labels and receiver, with their alerts in sending order (GET /api/v2/alerts/groups). */
  groups(query: AlertQuery & { readonly muted: boolean }, now: UnixMs): readonly GroupView[] {
    return this.#view().groups(query, now);
  }

  /** Active, pending, expired (GET /api/v2/silences). */
  silences(query: SilenceQuery, now: UnixMs): readonly SilenceRow[] {
    return this.#silences.list(query, now);
  }

  silence(id: SilenceId): SilenceRow | null {
    return this.#silences.get(id);
  }

  /** Of all alerts that are remembered, ended ones too, those whose labels match. */
  remembered(filter: readonly Matcher[]): readonly Alert[] {
    const found: Alert[] = [];
    for (const { alert } of this.#store.candidates(filter)) if (matchesLabels(filter, alert.labels)) found.push(alert);
    return found;
  }

  /** Groups of which somebody was told that they fire, and not yet that they do not. */
  *toldGroups(): IterableIterator<ToldGroup> {
    for (const group of this.#groups.values()) {
      const told = group.everyone.flatMap((integration) => {
        const { ref } = integration;
        const row = this.#log.row(logKeyOf(group.key, ref));
        if (row === null || row.outboxId === null || row.firing.length === 0) return [];
        return [{ ref, outboxId: row.outboxId, at: row.at, kept: row.data, awaitsAck: group.awaitsAcknowledgement(integration) }];
      });
      if (told.length > 0) yield { id: group.id, ack: group.ack, told };
    }
  }

  /** Who looks after what the notification told; null: nobody does. */
  acknowledgementOf(row: OutboxRow): Acknowledgement | null {
    return this.#groupsOfRow(row).find(({ ack }) => ack !== null)?.ack ?? null;
  }

  /** Whether whom the notification went to may rest, because somebody looks after it who has not asked for them since. */
  isRelieved(row: OutboxRow): boolean {
    return this.#groupsOfRow(row).some((group) => group.ack !== null && !group.isAskedFor(row.receiver));
  }

  /** Null: unknown, or forgotten. */
  alert(fingerprint: Fingerprint): Alert | null {
    return this.#store.get(fingerprint)?.alert ?? null;
  }

  /**
   * Looks for the silences of each alert, as the next flush or read would, which thousands of both could hold up for a
   * second after a start. Stops now and then; may go on after other steps.
   */
  prepareSilences(now: UnixMs): Generator<void, void> {
    return this.#silences.prepare(this.#store.all(), now);
  }

  /** What a silence of these matchers would do if it were in force now, or why there can be none. */
  previewSilence(sets: readonly (readonly MatcherRow[])[], now: UnixMs): SilencePreview | { readonly error: string } {
    const compiled = compileSets(sets, this.#config.labelNames);
    if ('error' in compiled) return compiled;
    const everything = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true, muted: true };
    const waiting = [...this.#open.values()].flatMap(({ integration: { open } }) => (open === null || open.isClaimed ? [] : [open.row]));
    return previewSilence(compiled, { alerts: this.alerts(everything, now), groups: this.groups(everything, now), waiting });
  }

  /**
   * A number that is another one whenever `alerts`, `groups` or `silences` may give something else than before, be it by a
   * change or by the clock. Time intervals are left out: they may change what `groups` gives at the beginning of each minute.
   */
  viewVersion(now: UnixMs): number {
    const { from, until } = this.#viewHolds;
    if (now < from || now >= until) {
      this.#viewVersion++;
      this.#viewHolds = { from: now, until: this.#nextViewChange(now) };
    }
    return this.#viewVersion;
  }

  /** What would become of an alert with these labels now, and why. */
  trace(labels: Labels, now: UnixMs): RoutingTrace {
    return this.#view().trace(this.#tree, labels, now);
  }

  /** By the clock alone. */
  #nextViewChange(now: UnixMs): number {
    let next: number = this.#silences.nextBoundary(now) ?? Number.POSITIVE_INFINITY;
    // An alert that ends this very moment is still listed.
    for (const { alert } of this.#store.all()) if (alert.endsAt !== null && alert.endsAt >= now) next = Math.min(next, alert.endsAt + 1);
    return next;
  }

  #view(): RouterView {
    return new RouterView({
      store: this.#store,
      groups: this.#groups,
      groupsOf: this.#groupsOf,
      inhibitor: this.#world.inhibitor,
      silences: this.#silences,
      intervals: this.#world.intervals,
      log: this.#log,
      receivers: this.#config.receivers,
    });
  }

  #newWorld(): GroupWorld {
    const { inhibitRules, timeIntervals, retentionMs, lastResort = null } = this.#config;
    const inhibitor = new Inhibitor(inhibitRules);
    for (const stored of this.#store.all()) if (stored.isFiring) inhibitor.add(stored);
    return {
      store: this.#store,
      inhibitor,
      silences: this.#silences,
      intervals: new TimeIntervals(timeIntervals),
      log: this.#log,
      changes: this.#changes,
      retentionMs,
      newOutboxId: () => uuid(this.#random) as OutboxId,
      stagesOf: (receiver, lifeMs) => stagesOf(this.#receiver(receiver)?.fallback ?? [], { lastResort, receiver, lifeMs }),
      hasFallback: (receiver) => lastResort !== null || (this.#receiver(receiver)?.fallback ?? []).length > 0,
      standInsOf: (receiver) =>
        this.#integrationsOf(receiver).map((config) => ({
          ...config,
          sendResolved: config.sendResolvedAsFallback ?? config.sendResolved,
          resolveContract: true,
        })),
      opened: (group, integration, row) => this.#open.set(row.id, { group, integration }),
      closed: (row, isInFlight) => {
        this.#open.delete(row.id);
        if (isInFlight) this.#late.set(row.id, row);
      },
    };
  }

  // ---- alerts

  /** Stores a posted alert; false when the limit drops it. */
  #take(posted: Alert, now: UnixMs): boolean {
    const stored = this.#store.get(posted.fingerprint);
    // While a rule of ours says that it fires, nobody else says that it does not.
    if (stored !== undefined && stored.isFiring && stored.alert.origin === 'rule') return true;
    const alert = stored !== undefined && continues(stored.alert, posted) ? mergeVersions(stored.alert, posted, now) : posted;
    const isNewlyFiring = !isResolvedAt(alert, now) && stored?.isFiring !== true;
    if (isNewlyFiring && this.#isOverLimit(alert.labels)) {
      if (this.#limited.size < LIMITED_REMEMBERED_MAX && !this.#limited.has(alert.fingerprint)) {
        this.#limited.add(alert.fingerprint);
        const alertname = alert.labels.get('alertname');
        this.#changes.event(now, { stage: 'ingest', verdict: 'dropped', reason: 'alertname_limit' }, alert.fingerprint, null, {
          alertname,
        });
      }
      return false;
    }
    this.#put(stored ?? this.#store.add(alert), stored === undefined, alert, now);
    return true;
  }

  #isOverLimit(labels: Labels): boolean {
    const { alertsPerNameMax } = this.#config.limits;
    return alertsPerNameMax > 0 && this.#store.liveCount(labels.get('alertname')) >= alertsPerNameMax;
  }

  /** Puts the version in place, tells of its transition, and into its groups. */
  #put(stored: StoredAlert, isNew: boolean, alert: Alert, now: UnixMs): void {
    const wasFiring = stored.isFiring;
    this.#store.set(stored, alert, now);
    this.#changes.alerts.add(alert.fingerprint);
    if (stored.isFiring !== wasFiring || isNew) {
      if (stored.isFiring) {
        const reason = isNew ? 'new' : 'fired_again';
        this.#changes.event(now, { stage: 'ingest', verdict: 'stored', reason }, alert.fingerprint, null);
        this.#world.inhibitor.add(stored);
        if (this.#limited.size > 0) this.#limited.delete(alert.fingerprint);
      } else if (wasFiring) this.#resolved(stored, now);
      if (!stored.isFiring) this.#store.wakeAt(stored, forgetAt(alert, this.#config.alertGcMs));
    }
    for (const member of stored.members) member.group.memberChanged(member, this.#changes);
    this.#group(stored, now);
  }

  #resolved(stored: StoredAlert, now: UnixMs): void {
    this.#world.inhibitor.remove(stored);
    for (const { group } of stored.members) {
      if (!group.firesNoMore(stored.fingerprint, 'resolved', this.#changes, now)) continue;
      group.reviewFallback(this.#world, now);
      this.#schedule(group);
    }
    const reason = stored.alert.resolveReason ?? 'sender_silent';
    this.#changes.event(now, { stage: 'resolve', verdict: 'resolved', reason }, stored.fingerprint, null);
  }

  /** Resolves what the clock has resolved, and forgets what nobody needs. */
  #noticeEnds(now: UnixMs): void {
    for (let stored = this.#store.due(now); stored !== null; stored = this.#store.due(now)) {
      const { alert } = stored;
      if (!isResolvedAt(alert, now)) {
        if (alert.endsAt !== null) this.#store.wakeAt(stored, alert.endsAt);
        continue;
      }
      if (stored.isFiring) {
        this.#store.set(stored, { ...alert, resolveReason: 'sender_silent' }, now);
        this.#changes.alerts.add(stored.fingerprint);
        this.#resolved(stored, now);
      }
      const forget = forgetAt(stored.alert, this.#config.alertGcMs);
      if (forget > now) this.#store.wakeAt(stored, forget);
      else if (stored.members.length > 0 || stored.owed > 0) this.#store.wakeAt(stored, addMs(now, this.#config.alertGcMs));
      else {
        this.#store.delete(stored);
        this.#changes.alerts.add(stored.fingerprint);
      }
    }
  }

  // ---- groups

  /** Puts an alert into the groups that its routes lead to and that it is not in. */
  #group(stored: StoredAlert, now: UnixMs): void {
    stored.routes ??= this.#tree.match(stored.labels);
    const { routes } = stored;
    if (stored.members.length === routes.length) return;
    const members: Member[] = [];
    for (const route of routes) {
      const group = this.#groupFor(route, stored, now);
      members.push(group.members.get(stored.fingerprint) ?? group.join(stored, this.#changes, now));
    }
    stored.members = members;
  }

  #groupFor(route: Route, stored: StoredAlert, now: UnixMs): Group {
    const labels = groupLabelsOf(route, stored.labels);
    const labelsKey = labels.key();
    const byLabels = this.#indexed(route);
    let group = byLabels.get(labelsKey);
    if (group === undefined) {
      const id = groupIdOf(route, labels);
      group = this.#groups.get(id);
      if (group === undefined) {
        group = this.#newGroup(id, route, labels, firstFlushAt(route, stored, now), now);
        this.#changes.groups.add(id);
        this.#succeed(group, now);
      } else {
        this.#revive(group, route);
        group.reviewFallback(this.#world, now);
        this.#schedule(group);
      }
      byLabels.set(labelsKey, group);
    }
    return group;
  }

  #indexed(route: Route): Map<string, Group> {
    let byLabels = this.#groupsOf.get(route);
    if (byLabels === undefined) this.#groupsOf.set(route, (byLabels = new Map()));
    return byLabels;
  }

  #revive(group: Group, route: Route): void {
    group.isRetired = false;
    group.route = route;
  }

  #newGroup(id: GroupId, route: Route, labels: Labels, nextFlushAt: UnixMs, createdAt: UnixMs): Group {
    const integrations = this.#integrationsOf(route.receiver);
    const group = new Group({ id, key: groupKeyOf(route.key, labels), labels, createdAt, nextFlushAt, route, integrations });
    this.#groups.set(id, group);
    this.#schedule(group);
    return group;
  }

  /** The route has moved in the tree, or is back: who takes the place of a retired group tells what that one owes. */
  #succeed(heir: Group, now: UnixMs): void {
    const key = succession(heir);
    for (const group of this.#retired.get(key) ?? []) {
      if (!group.isRetired || this.#groups.get(group.id) !== group) continue;
      for (const integration of group.everyone) group.cancel(integration, 'route_removed', false, this.#world, now);
      heir.inheritOwed(group, this.#changes, this.#store);
      this.#afterwards(group);
    }
    this.#retired.delete(key);
  }

  #integrationsOf(receiver: string): readonly IntegrationConfig[] {
    return this.#receiver(receiver)?.integrations ?? [];
  }

  #receiver(receiver: string): ReceiverConfig | undefined {
    return this.#config.receivers.find(({ name }) => name === receiver);
  }

  #schedule(group: Group): void {
    this.#wakes.push({ at: group.wakeAt, group });
  }

  /** After anything that may have emptied the group or moved its time. */
  #afterwards(group: Group): void {
    if (group.isDone) this.#drop(group);
    else this.#schedule(group);
  }

  #drop(group: Group): void {
    this.#groups.delete(group.id);
    this.#changes.groups.add(group.id);
    const byLabels = this.#groupsOf.get(group.route);
    if (byLabels?.get(group.labels.key()) === group) byLabels.delete(group.labels.key());
  }

  /** Leads every alert through the tree again; groups keep what they know where the tree still leads to them. */
  #regroup(why: 'reload' | 'start', now: UnixMs): void {
    const before = [...this.#groups.values()];
    const retiredBefore = new Set(before.filter(({ isRetired, members }) => isRetired || members.size === 0));
    this.#groupsOf = new Map();
    for (const group of before) group.isRetired = true; // until an alert leads to it
    for (const stored of this.#store.all()) {
      stored.routes = this.#tree.match(stored.labels);
      const old = stored.members;
      if (stored.isFiring) {
        stored.members = [];
        this.#group(stored, now);
      } else if (old.length > 0) this.#stay(stored, stored.routes);
      for (const member of old)
        if (!stored.members.includes(member)) member.group.removeMember(member, 'route_changed', this.#changes, now);
    }
    for (const group of before) {
      if (group.isRetired) group.route = retiredRoute(this.#tree, group.route.id, group.receiver);
      if (group.isRetired && !retiredBefore.has(group)) {
        for (const integration of group.everyone) group.cancel(integration, 'route_removed', false, this.#world, now);
      }
      group.configure(this.#integrationsOf(group.receiver), this.#world, now);
      if (why === 'reload' && !group.isRetired) group.nextFlushAt = restartedAt(group, now);
      this.#afterwards(group);
    }
    const groups = [...this.#groups.values()];
    this.#retired = new Map();
    for (const group of groups) {
      const key = succession(group);
      if (group.isRetired) this.#retired.set(key, [...(this.#retired.get(key) ?? []), group]);
    }
    for (const group of groups) if (!group.isRetired) this.#succeed(group, now);
  }

  /** A resolved alert joins nothing anew: it stays where it still waits for its resolve to be told, if routes lead there. */
  #stay(stored: StoredAlert, routes: readonly Route[]): void {
    const old = stored.members;
    stored.members = [];
    for (const route of routes) {
      const labels = groupLabelsOf(route, stored.labels);
      const id = groupIdOf(route, labels);
      const member = old.find(({ group }) => group.id === id);
      if (member === undefined) continue;
      stored.members.push(member);
      this.#revive(member.group, route);
      this.#indexed(route).set(labels.key(), member.group);
    }
  }

  // ---- deliveries

  #isSilenced(fingerprint: Fingerprint, now: UnixMs): boolean {
    const stored = this.#store.get(fingerprint);
    return stored !== undefined && this.#silences.silencing(stored.labels, stored.silences, now).length > 0;
  }

  /** A row that was given up in flight, or whose group is gone: an acceptance counts unless something newer was told. */
  #settleLate(outcome: DeliveryOutcome, now: UnixMs): void {
    const row = this.#late.get(outcome.outboxId);
    if (row === undefined || outcome.kind === 'unknown' || outcome.kind === 'rejected') return;
    this.#late.delete(outcome.outboxId);
    if (outcome.kind !== 'accepted') return;
    const ref = refOf(row);
    this.#changes.event(now, { stage: 'deliver', verdict: 'accepted', reason: row.reason }, null, row.groupKey, {
      ...ref,
      outboxId: row.id,
    });
    const newest = this.#log.row(logKeyOf(row.groupKey, ref));
    if (newest !== null && newest.at > row.createdAt) return;
    this.#log.write(row.groupKey, ref, { ...row, data: outcome.data ?? row.data }, this.#config.retentionMs, now);
    const group = this.#successorOf(row);
    const integration = group?.find(ref);
    if (group === undefined || integration === undefined) return;
    group.acceptedLate(integration, row, this.#world, now);
    this.#afterwards(group);
  }

  #lost(row: OutboxRow, now: UnixMs): void {
    const ref = refOf(row);
    if (this.#log.row(logKeyOf(row.groupKey, ref))?.outboxId !== row.id) return; // it was told something since
    const { standsInFor } = row;
    const configs = standsInFor === null ? this.#integrationsOf(ref.receiver) : this.#world.standInsOf(ref.receiver);
    const config = configs.find(({ name, index }) => name === ref.name && index === ref.index);
    if (config === undefined) return;
    const ends = config.resolveContract && config.sendResolved ? this.#remembered(row.resolved, now) : [];
    const group = this.#groups.get(row.groupId) ?? (ends.length === 0 ? undefined : this.#groupAgain(row, now));
    let integration = group?.find(ref);
    if (standsInFor !== null && ends.length > 0) integration ??= group?.addStandIn(ref.receiver, config, standsInFor);
    if (group === undefined || integration === undefined) return;
    group.lost(integration, row, ends, this.#world, now);
    this.#afterwards(group);
  }

  /** Of these, the alerts that are over and not yet to be forgotten. */
  #remembered(fingerprints: readonly Fingerprint[], now: UnixMs): readonly StoredAlert[] {
    return fingerprints.flatMap((fingerprint) => {
      const stored = this.#store.get(fingerprint);
      if (stored === undefined || !isResolvedAt(stored.alert, now)) return [];
      return forgetAt(stored.alert, this.#config.alertGcMs) > now ? [stored] : [];
    });
  }

  /** The row's group, which was done: for what it owes after all. Undefined where no route leads to it any more. */
  #groupAgain({ groupId, notification }: OutboxRow, now: UnixMs): Group | undefined {
    const labels = notification.groupLabels;
    const route = [...this.#tree.walk()].find((one) => groupIdOf(one, labels) === groupId);
    if (route === undefined) return undefined;
    const group = this.#newGroup(groupId, route, labels, addMs(now, route.groupIntervalMs), now);
    group.isRetired = true; // until an alert leads to it
    this.#changes.groups.add(groupId);
    return group;
  }

  /**
   * Nothing can come for them any more: no attempt outlives its row's deadline, and no provider is heard about a
   * notification that cannot be answered any more.
   */
  #forgetLate(now: UnixMs): void {
    for (const { id, createdAt, deadline } of this.#late.values())
      if (deadline < now && createdAt + ANSWERABLE_MS < now) this.#late.delete(id);
  }

  // ---- what people do

  /** Whether the alert still fires as it did when the notification spoke of it: one that came back is another matter. */
  #stillFires({ fingerprint, startsAt }: OutboxRow['notification']['alerts'][number], row: OutboxRow, now: UnixMs): boolean {
    const stored = this.#store.get(fingerprint);
    return stored !== undefined && !isResolvedAt(stored.alert, now) && stored.alert.startsAt <= Math.max(row.createdAt, startsAt);
  }

  /** The group that the row told of; where a new configuration has led its alerts elsewhere, the groups where they are now. */
  #groupsOfRow({ groupId, receiver, firing }: OutboxRow): readonly Group[] {
    const own = this.#groups.get(groupId);
    if (own !== undefined && !own.isRetired) return [own];
    // Whoever stood in has heard of another receiver's group.
    const toldFor = own?.receiver ?? receiver;
    const found = new Set<Group>();
    for (const fingerprint of firing)
      for (const { group } of this.#store.get(fingerprint)?.members ?? []) if (group.receiver === toldFor) found.add(group);
    return [...found];
  }

  #acknowledge(groups: readonly Group[], row: OutboxRow, by: string, now: UnixMs): Acted {
    const acks = groups.flatMap(({ ack }) => ack ?? []);
    const [first] = acks;
    if (first !== undefined && acks.length === groups.length) return { kind: 'already', by: first.by, at: first.at };
    for (const group of groups) {
      if (group.ack !== null) continue;
      group.acknowledge(by, group.toldFiring(row, this.#world, now), row.id, this.#world, now);
      this.#afterwards(group);
    }
    return { kind: 'done' };
  }

  /** Each asking on another notification calls the next receiver that is not called yet; the last resort is the last of them. */
  #escalate(group: Group, row: OutboxRow, by: string, now: UnixMs): Acted {
    const { escalations, standIns } = group;
    const earlier = escalations.find(({ outboxId }) => outboxId === row.id);
    if (earlier !== undefined) return { kind: 'already', by: earlier.by, at: earlier.at };
    const receivers = this.#world.stagesOf(row.receiver, 0).flatMap(({ receiver }) => receiver ?? []);
    if (receivers.length === 0) return { kind: 'nobody' };
    const next = receivers.find((receiver) => receiver !== group.receiver && !standIns.some(({ ref }) => ref.receiver === receiver));
    if (next !== undefined) {
      group.escalate(next, by, row.id, this.#world, now);
      this.#afterwards(group);
      return { kind: 'done' };
    }
    const last = escalations.at(-1);
    if (last !== undefined) return { kind: 'already', by: last.by, at: last.at };
    const begun = group.everyone.flatMap(({ failure }) => failure?.begun ?? []).at(-1);
    return begun === undefined ? { kind: 'nobody' } : { kind: 'already', by: 'the fallback', at: begun.at };
  }

  /**
   * One silence for each alert, with all its labels: the labels of the group would silence alerts that nobody has seen yet.
   * An alert that a silence holds back for half that long or more needs none.
   */
  #silenceAlerts(
    alerts: OutboxRow['notification']['alerts'],
    row: OutboxRow,
    { durationMs, by }: { readonly durationMs: DurationMs; readonly by: string },
    now: UnixMs,
  ): Acted {
    const enoughAt = now + durationMs / 2;
    let earlier: SilenceRow | null = null;
    const made: SilenceId[] = [];
    for (const { fingerprint, labels } of alerts) {
      const stored = this.#store.get(fingerprint);
      const silences = stored === undefined ? [] : this.#silences.silencing(labels, stored.silences, now);
      const enough = silences.find(({ row: { endsAt } }) => endsAt >= enoughAt);
      if (enough !== undefined) {
        earlier ??= enough.row;
        continue;
      }
      const put = this.putSilence(
        {
          id: null,
          matcherSets: [[...labels].map(([name, value]) => ({ name, op: '=' as const, value }))],
          startsAt: null,
          endsAt: addMs(now, durationMs),
          createdBy: by,
          comment: `silenced by ${by} in answer to a notification to ${row.receiver} by ${row.integration}`,
          annotations: {},
        },
        now,
      );
      if (put.kind === 'refused') {
        if (made.length === 0) return { kind: 'refused', message: put.message };
        break; // as far as the limits allow
      }
      made.push(put.row.id);
    }
    if (made.length === 0 && earlier !== null) return { kind: 'already', by: earlier.createdBy, at: earlier.startsAt };
    const detail = { by, outboxId: row.id, silenceIds: made };
    this.#changes.event(now, { stage: 'action', verdict: 'silenced', reason: 'request' }, null, row.groupKey, detail);
    return { kind: 'done' };
  }

  /** The group that a row is from, or who has taken its place meanwhile. */
  #successorOf({ groupId, groupKey, receiver }: OutboxRow): Group | undefined {
    const own = this.#groups.get(groupId);
    if (own?.isRetired === false) return own;
    for (const group of this.#groups.values()) if (!group.isRetired && group.key === groupKey && group.receiver === receiver) return group;
    return own;
  }

  #silenceEvent(verdict: 'created' | 'updated' | 'expired', silenceId: SilenceId, by: string, now: UnixMs): void {
    this.#changes.event(now, { stage: 'silenced', verdict, reason: 'request' }, null, null, { silenceId, by });
  }

  // ---- restart

  #restore(restored: RouterSnapshot, now: UnixMs): void {
    this.#silences.restore(restored.silences);
    this.#silences.gc(now);
    this.#log.restore(restored.log);
    for (const alert of restored.alerts) {
      const stored = this.#store.add(alert);
      // Known as resolved, or open: an end that passed while we were away was no resolve.
      const isOpen = alert.resolveReason === null;
      const grace = addMs(now, this.#config.resolveTimeoutMs);
      const isShort = isOpen && alert.endsAt !== null && alert.endsAt < grace;
      this.#store.set(stored, isShort ? { ...alert, endsAt: grace, isTimeout: true } : alert, now);
      if (isShort) this.#changes.alerts.add(alert.fingerprint);
      if (stored.isFiring) this.#world.inhibitor.add(stored);
      else this.#store.wakeAt(stored, forgetAt(alert, this.#config.alertGcMs));
    }
    const routes = new Map([...this.#tree.walk()].map((route) => [route.id, route]));
    for (const row of restored.groups) this.#restoreGroup(row, routes.get(row.routeId) ?? null, now);
    for (const row of restored.members) {
      const stored = this.#store.get(row.fingerprint);
      const group = this.#groups.get(row.groupId);
      if (stored === undefined || group === undefined) continue;
      const { joinedAt, suppression, resolvedFlush } = row;
      const member: Member = { stored, group, joinedAt, suppression, resolvedFlush };
      group.restoreMember(member);
      stored.members.push(member);
    }
    // A group has members, or it is kept for what it owes.
    for (const group of this.#groups.values()) group.isRetired = group.members.size === 0;
    for (const row of restored.outbox) this.#restoreDelivery(row, now);
    this.#regroup('start', now);
  }

  #restoreGroup(row: GroupRow, route: Route | null, now: UnixMs): void {
    const owner = route?.receiver === row.receiver ? route : retiredRoute(this.#tree, row.routeId, row.receiver);
    const integrations = this.#integrationsOf(row.receiver);
    const group = new Group({ ...row, key: row.groupKey, route: owner, integrations });
    group.flushCount = row.flushCount;
    group.mutedBy = row.mutedBy;
    for (const integration of row.integrations) group.restoreIntegration(integration, row.receiver, this.#store);
    group.restoreStandIns(row.standIns, this.#world);
    group.escalations = row.escalations;
    group.restoreAcknowledgement(row.ack, this.#world, now);
    this.#groups.set(row.id, group);
  }

  #restoreDelivery({ claimed, ...row }: OpenOutboxRow, now: UnixMs): void {
    const group = this.#groups.get(row.groupId);
    const integration = group?.find(refOf(row));
    if (claimed && group !== undefined && integration !== undefined) group.notePerhapsTold(integration, row, this.#world);
    if (group !== undefined && integration !== undefined && integration.open === null) {
      integration.open = { row, isClaimed: claimed, lastError: '' };
      this.#open.set(row.id, { group, integration });
      return;
    }
    // Nobody waits for it: no attempt is made any more. One that is under way may yet be accepted.
    if (claimed) this.#late.set(row.id, row);
    const reason = integration === undefined ? 'route_removed' : 'superseded';
    this.#changes.cancelOutbox(row.id, reason);
    const detail = { ...refOf(row), outboxId: row.id };
    this.#changes.event(now, { stage: 'deliver', verdict: 'cancelled', reason }, null, row.groupKey, detail);
  }
}

/** Without a start delay nothing is held, whatever the clock does later. */
const heldUntil = ({ startDelayMs }: RouterConfig, now: UnixMs): UnixMs => (startDelayMs === 0 ? unixMs(0) : addMs(now, startDelayMs));

const VIEW_CHANGED = { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };

type Wake = { readonly at: UnixMs; readonly group: Group };

const refOf = ({ receiver, integration, index }: OutboxRow): IntegrationRef => ({ receiver, name: integration, index });
/** Groups of the same key and receiver are the same to who is told. */
const succession = ({ receiver, key }: Group): string => `${receiver} ${key}`;

const groupIdOf = (route: Route, labels: Labels): GroupId => `${route.id}:${labels}:${route.receiver}` as GroupId;

/** What a group goes by whose own route leads nowhere any more: the root's timers. */
const retiredRoute = ({ root }: RouteTree, id: string, receiver: string): Route => ({ ...root, id, receiver });

/** group_wait from now; at once when the alert that makes the group is older than that. */
const firstFlushAt = (route: Route, { alert }: StoredAlert, now: UnixMs): UnixMs =>
  addMs(alert.startsAt, route.groupWaitMs) < now ? now : addMs(now, route.groupWaitMs);

/** When a group flushes after a reload. */
function restartedAt(group: Group, now: UnixMs): UnixMs {
  if (group.flushCount > 0) return now;
  for (const { stored } of group.members.values()) if (addMs(stored.alert.startsAt, group.route.groupWaitMs) < now) return now;
  return addMs(now, group.route.groupWaitMs);
}

function earliest(times: readonly (UnixMs | null)[]): UnixMs | null {
  let least: UnixMs | null = null;
  for (const at of times) if (at !== null && (least === null || at < least)) least = at;
  return least;
}

/** Keys apart by whether they still have a row. */
function split<K, R>(keys: ReadonlySet<K>, rowOf: (key: K) => R | null): { readonly present: readonly R[]; readonly absent: readonly K[] } {
  const present: R[] = [];
  const absent: K[] = [];
  for (const key of keys) {
    const row = rowOf(key);
    if (row === null) absent.push(key);
    else present.push(row);
  }
  return { present, absent };
}
