/**
 * One aggregation group: alerts of one route that agree on the group_by labels, and what each integration of its receiver
 * knows of them. Changes in place; what changed is noted in the ChangeLog and becomes rows. A flush runs the pipeline
 * (inhibition, time intervals, silences, then for each integration the notification log) and leaves outbox rows; their
 * outcome comes back through `accepted` and `notAccepted`. Follows Alertmanager's dispatch/dispatch.go and notify/, with these
 * differences, which are ours: an integration whose delivery is in flight holds back only itself, a row not yet taken is
 * replaced by the next flush, under the resolve contract whoever was told "firing" is told "resolved" whatever mutes it, and
 * while somebody has acknowledged the group nobody is told again what they know, and integrations of a fallback stand in for
 * one that does not take its notifications: they hear what it should hear until it does, and the end of what they were told.
 */
import { isResolvedAt } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import { addMs, type DurationMs, type UnixMs } from '../model/time.ts';
import { compareAlerts } from './alert-order.ts';
import type { AlertStore, StoredAlert } from './alert-store.ts';
import type { ChangeLog } from './change-log.ts';
import type { AcknowledgementEnd, CancelReason, GroupKey, NotificationReason } from './event.ts';
import { type Failure, type FailureCause, type FallbackStage, failedAgain, nextStage } from './fallback.ts';
import type { Inhibitor } from './inhibit.ts';
import { logKeyOf, type NotificationLog, reasonToNotify } from './notification-log.ts';
import type { Route } from './route.ts';
import type {
  Acknowledgement,
  Escalation,
  GroupId,
  GroupIntegrationRow,
  GroupRow,
  IntegrationData,
  IntegrationRef,
  MemberRow,
  Notification,
  OutboxId,
  OutboxRow,
  StandInRow,
  Suppression,
} from './router-state.ts';
import type { Silences } from './silences.ts';
import type { TimeIntervals } from './time-interval.ts';

export type IntegrationConfig = {
  readonly name: string;
  /** Among those of the same name within the receiver, from 0. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** Whoever was told "firing" is told "resolved": through silence, inhibition, mute interval, route change and restart. */
  readonly resolveContract: boolean;
  /** Whether it is told of the end when it stands in for another; left out: as `sendResolved`. */
  readonly sendResolvedAsFallback?: boolean;
};

/** What a group works with; the router's. */
export type GroupWorld = {
  readonly store: AlertStore;
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly intervals: TimeIntervals;
  readonly log: NotificationLog;
  readonly changes: ChangeLog;
  readonly retentionMs: DurationMs;
  newOutboxId(): OutboxId;
  /** Of a receiver whose notifications are tried that long. */
  stagesOf(receiver: string, lifeMs: number): readonly FallbackStage[];
  /** Whether somebody else may ever be told in its place. */
  hasFallback(receiver: string): boolean;
  /** The integrations of a receiver as they stand in for others. */
  standInsOf(receiver: string): readonly IntegrationConfig[];
  /** Told of every row that is now open. */
  opened(group: Group, integration: Integration, row: OutboxRow): void;
  /** Told of every row that no longer counts; one still in flight may yet be accepted. */
  closed(row: OutboxRow, isInFlight: boolean): void;
};

/** An alert's place in a group. */
export type Member = {
  readonly stored: StoredAlert;
  readonly group: Group;
  readonly joinedAt: UnixMs;
  suppression: Suppression | null;
  /** The first flush that saw it resolved as it is; null while it fires, and after any change. */
  resolvedFlush: number | null;
};

/** One integration of the group's receiver, or one that stands in for it. Written by its group only. */
export type Integration = {
  readonly ref: IntegrationRef;
  config: IntegrationConfig;
  /** The last flush that all reached it, or had nothing for it. */
  settledFlush: number;
  lastSkip: GroupIntegrationRow['lastSkip'];
  /** Alerts it was told fire and not yet that they resolved; only under the resolve contract. */
  readonly owed: Set<Fingerprint>;
  /** The row it waits for. */
  open: { readonly row: OutboxRow; isClaimed: boolean; lastError: string } | null;
  /** A flush came while its row was in flight; it is decided anew as soon as that is over. */
  isDeferred: boolean;
  failure: Failure | null;
  /** `at` of the acknowledgement that was passed on to its provider. */
  ackPassedOn: UnixMs | null;
  /** The row in whose place it was first told; null: it is of the group's own receiver. */
  readonly standsInFor: OutboxId | null;
};

/** The least a notification may take, whatever the group interval. */
const FLUSH_DEADLINE_MIN_MS = 10_000;

export class Group {
  readonly id: GroupId;
  readonly key: GroupKey;
  readonly labels: Labels;
  readonly createdAt: UnixMs;
  readonly receiver: string;
  readonly members = new Map<Fingerprint, Member>();
  route: Route;
  /** Its route no longer leads here; kept for the resolves it owes. */
  isRetired = false;
  nextFlushAt: UnixMs;
  flushCount = 0;
  mutedBy: readonly string[] = [];
  integrations: readonly Integration[];
  /** Who looks after it; null: nobody does. */
  ack: Acknowledgement | null = null;
  /** Of fallback receivers, in the order in which they were called. */
  standIns: readonly Integration[] = [];
  escalations: readonly Escalation[] = [];
  /** When a fallback may be due; null: none is waited for. */
  #fallbackAt: UnixMs | null = null;
  /** Members that a flush saw resolved and that have not left yet. */
  readonly #leaving = new Set<Member>();
  /** Members in sending order; null when somebody came or left. */
  #sorted: readonly Member[] | null = null;

  constructor(
    init: Pick<GroupRow, 'id' | 'labels' | 'createdAt' | 'nextFlushAt'> & {
      readonly key: GroupKey;
      readonly route: Route;
      readonly integrations: readonly IntegrationConfig[];
    },
  ) {
    this.id = init.id;
    this.key = init.key;
    this.labels = init.labels;
    this.createdAt = init.createdAt;
    this.nextFlushAt = init.nextFlushAt;
    this.route = init.route;
    this.receiver = init.route.receiver;
    this.integrations = init.integrations.map((config) => newIntegration(this.receiver, config, null));
  }

  join(stored: StoredAlert, changes: ChangeLog, now: UnixMs): Member {
    const member: Member = { stored, group: this, joinedAt: now, suppression: null, resolvedFlush: null };
    this.restoreMember(member);
    changes.member(this.id, stored.fingerprint);
    if (!cameResolved(member))
      changes.event(now, { stage: 'group', verdict: 'joined', reason: 'route_matched' }, stored.fingerprint, this.key);
    return member;
  }

  /** Puts a member in its place without a word. */
  restoreMember(member: Member): void {
    this.members.set(member.stored.fingerprint, member);
    if (member.resolvedFlush !== null) this.#leaving.add(member);
    this.#sorted = null;
  }

  /** The alert has a new version: whatever was noted of its end no longer holds. */
  memberChanged(member: Member, changes: ChangeLog): void {
    if (member.resolvedFlush === null) return;
    member.resolvedFlush = null;
    this.#leaving.delete(member);
    changes.member(this.id, member.stored.fingerprint);
  }

  removeMember(member: Member, reason: 'resolved' | 'resolved_unheard' | 'route_changed', changes: ChangeLog, now: UnixMs): void {
    const { stored } = member;
    this.members.delete(stored.fingerprint);
    this.#leaving.delete(member);
    this.#sorted = null;
    stored.members = stored.members.filter((other) => other !== member);
    this.firesNoMore(stored.fingerprint, reason === 'route_changed' ? reason : 'resolved', changes, now);
    changes.member(this.id, stored.fingerprint);
    if (!cameResolved(member)) changes.event(now, { stage: 'group', verdict: 'left', reason }, stored.fingerprint, this.key);
  }

  /** Nothing in it, and nobody waits for anything: it may go. */
  get isDone(): boolean {
    return this.members.size === 0 && this.everyone.every(({ owed }) => owed.size === 0);
  }

  /** Its own integrations, and those that stand in for them. */
  get everyone(): readonly Integration[] {
    return this.standIns.length === 0 ? this.integrations : [...this.integrations, ...this.standIns];
  }

  find({ receiver, name, index }: IntegrationRef): Integration | undefined {
    const among = receiver === this.receiver ? this.integrations : this.standIns;
    return among.find(({ ref }) => ref.receiver === receiver && ref.name === name && ref.index === index);
  }

  /** When it next has something to do. */
  get wakeAt(): UnixMs {
    let at = this.nextFlushAt;
    if (this.#fallbackAt !== null && this.#fallbackAt < at) at = this.#fallbackAt;
    for (const { isDeferred, open } of this.everyone) if (isDeferred && open !== null && open.row.deadline < at) at = open.row.deadline;
    return at;
  }

  /** Does what is due: a flush, the part of one that waited for a delivery which has outlived its deadline, or a fallback. */
  wake(world: GroupWorld, now: UnixMs): void {
    if (this.nextFlushAt <= now) this.#flush(world, now);
    else this.#decideDeferred(world, now);
    this.reviewFallback(world, now);
  }

  /** The provider took the row: only now the integration knows. */
  accepted(integration: Integration, data: IntegrationData | null, world: GroupWorld, now: UnixMs): void {
    const row = this.#close(integration, true, world);
    if (row === null) return;
    world.log.write(this.key, integration.ref, { ...row, data: data ?? row.data }, world.retentionMs, now);
    this.noteTold(integration, row, world);
    this.#settle(integration, row.flush, world);
    const detail = { ...integration.ref, outboxId: row.id };
    world.changes.event(now, { stage: 'deliver', verdict: 'accepted', reason: row.reason }, null, this.key, detail);
    this.#recovered(integration, world);
    this.#decideDeferred(world, now);
    this.#releaseHeard(world, now);
    this.reviewFallback(world, now);
  }

  /** A row that was given up in flight was taken after all, and nothing newer was. */
  acceptedLate(integration: Integration, row: OutboxRow, world: GroupWorld, now: UnixMs): void {
    this.noteTold(integration, row, world);
    this.#recovered(integration, world);
    this.reviewFallback(world, now);
  }

  /** Somebody looks after what these alerts tell: what waits only to tell it again is cancelled. */
  acknowledge(by: string, firing: readonly Fingerprint[], outboxId: OutboxId, world: GroupWorld, now: UnixMs): void {
    this.ack = { by, at: now, firing };
    world.changes.groups.add(this.id);
    world.changes.event(now, { stage: 'action', verdict: 'acknowledged', reason: 'request' }, null, this.key, { by, outboxId });
    for (const integration of this.everyone) {
      const { open } = integration;
      if (open !== null && !open.isClaimed && this.#isAcknowledged(integration, open.row.reason))
        this.cancel(integration, 'acknowledged', true, world, now);
    }
    this.reviewFallback(world, now);
  }

  /** Why its open row is not to be sent any more; null: it is. */
  whyUnwanted(integration: Integration): 'acknowledged' | 'not_needed' | null {
    const row = integration.open?.row;
    if (row === undefined) return null;
    if (this.#isAcknowledged(integration, row.reason)) return 'acknowledged';
    return this.#isNeeded(integration) || row.resolved.length > 0 ? null : 'not_needed';
  }

  /** Whether it would only be told again, or in another's place, what somebody looks after. Whom that person asked for is told. */
  #isAcknowledged({ ref, standsInFor }: Integration, reason: NotificationReason): boolean {
    const { ack } = this;
    if (ack === null) return false;
    if (reason === 'repeat interval elapsed') return true;
    if (standsInFor === null || reason === 'some alerts resolved' || reason === 'all alerts resolved') return false;
    return !this.isAskedFor(ref.receiver);
  }

  /** Whether the person who looks after it has asked for the receiver since. */
  isAskedFor(receiver: string): boolean {
    const { ack, escalations } = this;
    return ack !== null && escalations.some((escalation) => escalation.receiver === receiver && escalation.at >= ack.at);
  }

  /**
   * Whether its provider, which knows that the group fires, is still to hear that somebody looks after it. Whom that person
   * asked for is not told to rest.
   */
  awaitsAcknowledgement({ ref, ackPassedOn }: Integration): boolean {
    const { ack } = this;
    return ack !== null && ackPassedOn !== ack.at && !this.isAskedFor(ref.receiver);
  }

  /** Its provider knows of the acknowledgement made at `ackAt`, or never will. */
  acknowledgementPassedOn(integration: Integration, ackAt: UnixMs, changes: ChangeLog): void {
    integration.ackPassedOn = ackAt;
    changes.groups.add(this.id);
  }

  /** Somebody wants another receiver to be told, now. */
  escalate(receiver: string, by: string, outboxId: OutboxId, world: GroupWorld, now: UnixMs): void {
    this.escalations = [...this.escalations, { receiver, by, at: now, outboxId }];
    world.changes.groups.add(this.id);
    const detail = { by, outboxId, fallback: receiver };
    world.changes.event(now, { stage: 'action', verdict: 'escalated', reason: 'request' }, null, this.key, detail);
    this.#call(receiver, outboxId, world, now);
    this.reviewFallback(world, now);
  }

  /**
   * The alert fires no more, or not here: should it fire again, that is news. With the last one the acknowledgement is over.
   * True when that changes what is waited for.
   */
  firesNoMore(fingerprint: Fingerprint, reason: AcknowledgementEnd, changes: ChangeLog, now: UnixMs): boolean {
    let isChange = false;
    for (const integration of this.everyone) {
      const { failure } = integration;
      if (failure?.firing.includes(fingerprint) !== true) continue;
      integration.failure = { ...failure, firing: failure.firing.filter((other) => other !== fingerprint) };
      changes.groups.add(this.id);
      isChange = true;
    }
    const { ack } = this;
    if (ack === null || !ack.firing.includes(fingerprint)) return isChange;
    const firing = ack.firing.filter((other) => other !== fingerprint);
    if (firing.length === 0) this.#endAcknowledgement(reason, changes, now);
    else this.ack = { ...ack, firing };
    changes.groups.add(this.id);
    return true;
  }

  /** Of the alerts that fire, those that one of the integrations, or the row, has told of. */
  toldFiring(row: OutboxRow, world: GroupWorld, now: UnixMs): readonly Fingerprint[] {
    const told = new Set(row.firing);
    for (const { ref } of this.everyone)
      for (const fingerprint of world.log.entry(logKeyOf(this.key, ref), now)?.firing ?? []) told.add(fingerprint);
    return [...told].filter((fingerprint) => this.members.get(fingerprint)?.stored.isFiring === true);
  }

  /**
   * The provider lost the row, the last that it was told, after taking it. The integration knows nothing: the next flush
   * tells it again, and until then, with nothing left to wait for, a fallback is told at once. `ends`: what it told the end
   * of, which the integration is owed again.
   */
  lost(integration: Integration, row: OutboxRow, ends: readonly StoredAlert[], world: GroupWorld, now: UnixMs): void {
    world.log.retract(logKeyOf(this.key, integration.ref));
    for (const stored of ends) {
      if (integration.owed.has(stored.fingerprint)) continue;
      integration.owed.add(stored.fingerprint);
      owe(stored, 1);
      world.changes.groups.add(this.id);
    }
    this.#failed(integration, row, { cause: 'error', isHopeless: true }, world, now);
    this.reviewFallback(world, now);
  }

  /** Nothing gets through to the provider of the open row, so its fallback does not wait; or an attempt gets no answer. */
  troubled(integration: Integration, how: 'down' | 'stalled', world: GroupWorld, now: UnixMs): void {
    const { open } = integration;
    if (open === null) return;
    const attempt = how === 'down' ? ({ cause: 'error', isHopeless: true } as const) : ({ cause: 'unknown', isHopeless: false } as const);
    this.#failed(integration, open.row, attempt, world, now);
    this.reviewFallback(world, now);
  }

  /** What makes it late to send the row now, in words; null: nothing. Only where somebody else may have been told. */
  lateness({ ref, failure, open }: Integration, world: GroupWorld, now: UnixMs): string | null {
    const row = open?.row;
    if (row === undefined || row.firing.length === 0 || !world.hasFallback(ref.receiver)) return null;
    const told = failure === null ? undefined : this.standIns.find((other) => this.#knows(other, row.firing, world, now));
    if (failure !== null && told !== undefined) return `first tried at ${iso(failure.since)}; ${told.ref.receiver} was told in between`;
    if (row.firing.some((fingerprint) => world.store.get(fingerprint)?.isFiring === true)) return null;
    return `decided at ${iso(row.createdAt)}; it has resolved since`;
  }

  /** Keeps the books of the resolve contract. */
  noteTold(integration: Integration, row: OutboxRow, world: GroupWorld): void {
    const { config, owed } = integration;
    if (!config.resolveContract || !config.sendResolved) return;
    this.notePerhapsTold(integration, row, world);
    for (const fingerprint of row.resolved) if (owed.delete(fingerprint)) owe(world.store.get(fingerprint), -1);
  }

  /**
   * Nobody knows whether the row was taken. If it was, the end of what it told is waited for: a resolve too many is the
   * lesser harm.
   */
  notePerhapsTold({ config, owed }: Integration, { firing }: OutboxRow, world: GroupWorld): void {
    if (!config.resolveContract || !config.sendResolved) return;
    for (const fingerprint of firing) {
      const stored = world.store.get(fingerprint);
      if (stored === undefined || owed.has(fingerprint)) continue;
      owed.add(fingerprint);
      owe(stored, 1);
    }
    world.changes.groups.add(this.id);
  }

  /** The row is given up, or tried again later (`rejected`); the next flush decides anew. */
  notAccepted(
    integration: Integration,
    outcome: { readonly kind: 'rejected' | 'failed' | 'unknown' | 'expired'; readonly error: string },
    world: GroupWorld,
    now: UnixMs,
  ): void {
    const { open } = integration;
    if (open === null) return;
    const { kind, error } = outcome;
    const detail = { ...integration.ref, outboxId: open.row.id, error };
    if (kind === 'rejected' || kind === 'unknown') {
      // An unknown result still counts as in flight: it may have arrived.
      open.isClaimed = kind === 'unknown';
      if (kind === 'unknown') this.notePerhapsTold(integration, open.row, world);
      if (open.lastError !== error)
        world.changes.event(now, { stage: 'deliver', verdict: kind, reason: 'provider' }, null, this.key, detail);
      open.lastError = error;
    } else {
      this.#close(integration, true, world);
      const reason = kind === 'expired' ? 'deadline' : 'provider';
      world.changes.event(now, { stage: 'deliver', verdict: 'failed', reason }, null, this.key, detail);
    }
    const isOver = kind === 'failed' || kind === 'expired';
    this.#failed(integration, open.row, { cause: kind === 'unknown' ? 'unknown' : 'error', isHopeless: isOver }, world, now);
    this.#decideDeferred(world, now);
    this.#releaseHeard(world, now);
    this.reviewFallback(world, now);
  }

  /** Cancels what is still open, for good. `flushIsOver`: the flush counts as done, as when everything is muted. */
  cancel(integration: Integration, reason: CancelReason, flushIsOver: boolean, world: GroupWorld, now: UnixMs): void {
    const row = this.#close(integration, false, world);
    if (row === null) return;
    world.changes.cancelOutbox(row.id, reason);
    const detail = { ...integration.ref, outboxId: row.id };
    world.changes.event(now, { stage: 'deliver', verdict: 'cancelled', reason }, null, this.key, detail);
    if (flushIsOver) {
      this.#settle(integration, row.flush, world);
      this.#releaseHeard(world, now);
    }
  }

  /** Takes the integrations of a new configuration; what is known of those that stay, stays. */
  configure(configs: readonly IntegrationConfig[], world: GroupWorld, now: UnixMs): void {
    const old = this.integrations;
    this.integrations = configs.map((config) => {
      const known = old.find(({ ref }) => ref.name === config.name && ref.index === config.index);
      if (known === undefined) return newIntegration(this.receiver, config, null);
      known.config = config;
      return known;
    });
    const standIns = this.standIns;
    this.standIns = standIns.filter((integration) => {
      const { ref } = integration;
      const config = world.standInsOf(ref.receiver).find(({ name, index }) => name === ref.name && index === ref.index);
      if (config !== undefined) integration.config = config;
      return config !== undefined;
    });
    for (const integration of [...old, ...standIns]) {
      if (this.everyone.includes(integration)) continue;
      this.cancel(integration, 'receiver_removed', false, world, now);
      for (const fingerprint of integration.owed) owe(world.store.get(fingerprint), -1);
    }
    for (const integration of this.everyone) this.#reconcileOwed(integration, world, now);
    world.changes.groups.add(this.id);
    this.reviewFallback(world, now);
  }

  /** Puts the stored acknowledgement back; what was told before it is remembered for as long as it holds. */
  restoreAcknowledgement(ack: Acknowledgement | null, world: GroupWorld, now: UnixMs): void {
    this.ack = ack;
    if (ack === null) return;
    for (const { ref } of this.everyone) if (world.log.entry(logKeyOf(this.key, ref), now) === null) this.#rememberTold(ref, world, now);
  }

  /** Puts integrations that stand in for others back; those that are configured no more are left out. */
  restoreStandIns(rows: readonly StandInRow[], world: GroupWorld): void {
    for (const row of rows) {
      const config = world.standInsOf(row.receiver).find(({ name, index }) => name === row.name && index === row.index);
      if (config === undefined) continue;
      this.addStandIn(row.receiver, config, row.standsInFor);
      this.restoreIntegration(row, row.receiver, world.store);
    }
  }

  /**
   * Takes over the resolves that a group of the same key owes, which then owes none; with them who stands in there and is
   * owed some.
   */
  inheritOwed(other: Group, changes: ChangeLog, store: AlertStore): void {
    for (const { ref, config, owed, standsInFor } of other.everyone) {
      let own = this.find(ref);
      if (own === undefined && standsInFor !== null && owed.size > 0) own = this.addStandIn(ref.receiver, config, standsInFor);
      for (const fingerprint of owed) {
        if (own === undefined || own.owed.has(fingerprint)) owe(store.get(fingerprint), -1);
        else own.owed.add(fingerprint);
      }
      owed.clear();
    }
    changes.groups.add(this.id);
    changes.groups.add(other.id);
  }

  /** Puts the stored state of an integration back. */
  restoreIntegration(row: GroupIntegrationRow, receiver: string, store: AlertStore): void {
    const integration = this.find({ receiver, name: row.name, index: row.index });
    if (integration === undefined) return;
    integration.failure = row.failure;
    integration.ackPassedOn = row.ackPassedOn ?? null;
    integration.settledFlush = row.settledFlush;
    integration.lastSkip = row.lastSkip;
    integration.isDeferred = row.lastSkip === 'delivery_in_flight';
    for (const fingerprint of row.owed) {
      const stored = store.get(fingerprint);
      if (stored === undefined) continue;
      integration.owed.add(fingerprint);
      owe(stored, 1);
    }
  }

  toRow(): GroupRow {
    return {
      id: this.id,
      groupKey: this.key,
      routeId: this.route.id,
      receiver: this.receiver,
      labels: this.labels,
      createdAt: this.createdAt,
      nextFlushAt: this.nextFlushAt,
      flushCount: this.flushCount,
      mutedBy: this.mutedBy,
      integrations: this.integrations.map(integrationRow),
      ack: this.ack,
      standIns: this.standIns.map((integration) => ({
        ...integrationRow(integration),
        receiver: integration.ref.receiver,
        standsInFor: integration.standsInFor ?? ('' as OutboxId),
      })),
      escalations: this.escalations,
    };
  }

  memberRow({ stored, joinedAt, suppression, resolvedFlush }: Member): MemberRow {
    return { groupId: this.id, fingerprint: stored.fingerprint, joinedAt, suppression, resolvedFlush };
  }

  /** Members in sending order. */
  sorted(): readonly Member[] {
    this.#sorted ??= [...this.members.values()].sort((a, b) => compareAlerts(a.stored.labels, b.stored.labels));
    return this.#sorted;
  }

  #flush(world: GroupWorld, now: UnixMs): void {
    const flush = ++this.flushCount;
    this.nextFlushAt = addMs(now, this.route.groupIntervalMs);
    world.changes.groups.add(this.id);
    for (const member of this.members.values()) {
      if (member.resolvedFlush !== null || !isResolvedAt(member.stored.alert, now)) continue;
      member.resolvedFlush = flush;
      this.#leaving.add(member);
      world.changes.member(this.id, member.stored.fingerprint);
    }
    const unmuted = this.#unmuted(world, now);
    this.#reviewAcknowledgement(unmuted, world.changes, now);
    if (this.escalations.length > 0 && !this.#anyFires()) this.escalations = [];
    // Own integrations first: with what they are told they may need nobody in their place any more.
    for (const integration of this.everyone) {
      const { open } = integration;
      if (open?.isClaimed === true && now < open.row.deadline) {
        integration.isDeferred = true;
        this.#skip(integration, 'delivery_in_flight', world, now);
      } else this.#decide(integration, unmuted, world, now);
    }
    this.#releaseHeard(world, now);
  }

  /** Decides for the integrations that the last flush left waiting and that no longer have to. */
  #decideDeferred(world: GroupWorld, now: UnixMs): void {
    let unmuted: Unmuted | null = null;
    for (const integration of this.everyone) {
      const { open } = integration;
      if (!integration.isDeferred || (open?.isClaimed === true && now < open.row.deadline)) continue;
      if (unmuted === null) {
        unmuted = this.#unmuted(world, now);
        this.#reviewAcknowledgement(unmuted, world.changes, now);
      }
      this.#decide(integration, unmuted, world, now);
    }
  }

  /** An alert that it was not given for ends it. One that is muted does not: nobody is told of that. */
  #reviewAcknowledgement({ firing }: Unmuted, changes: ChangeLog, now: UnixMs): void {
    const { ack } = this;
    if (ack === null) return;
    const known = new Set(ack.firing);
    if (!firing.every(({ fingerprint }) => known.has(fingerprint))) this.#endAcknowledgement('new_alert', changes, now);
  }

  #endAcknowledgement(reason: AcknowledgementEnd, changes: ChangeLog, now: UnixMs): void {
    const by = this.ack?.by ?? '';
    this.ack = null;
    changes.groups.add(this.id);
    changes.event(now, { stage: 'action', verdict: 'acknowledgement_over', reason }, null, this.key, { by });
  }

  /** While it is acknowledged, what the log says does not expire: a first notification would be a repeat. */
  #rememberTold(ref: IntegrationRef, world: GroupWorld, now: UnixMs): void {
    world.log.prolong(logKeyOf(this.key, ref), this.#repeatIntervalMs, world.retentionMs, now);
  }

  get #repeatIntervalMs(): DurationMs {
    return Math.max(this.route.repeatIntervalMs, this.route.groupIntervalMs) as DurationMs;
  }

  /** What a flush may speak of: inhibition, then time intervals, then silences. Notes what changed since the last one. */
  #unmuted(world: GroupWorld, now: UnixMs): Unmuted {
    const isMuted = this.#mute(world, now);
    const firing: StoredAlert[] = [];
    const resolved: StoredAlert[] = [];
    const inOrder: StoredAlert[] = [];
    for (const member of this.sorted()) {
      const { stored } = member;
      const suppression = this.#suppressionOf(member, isMuted, world, now);
      if (suppression !== null || member.suppression !== null) this.#suppress(member, suppression, world.changes, now);
      if (suppression !== null || isMuted) continue;
      inOrder.push(stored);
      (isResolvedAt(stored.alert, now) ? resolved : firing).push(stored);
    }
    return { firing, resolved, inOrder, notifications: new Map() };
  }

  #mute(world: GroupWorld, now: UnixMs): boolean {
    const muting = this.isRetired ? null : world.intervals.muting(this.route, now);
    const by = muting?.by ?? [];
    if (by.join() !== this.mutedBy.join()) {
      this.mutedBy = by;
      world.changes.groups.add(this.id);
      const stage = 'mute';
      if (muting === null) world.changes.event(now, { stage, verdict: 'released', reason: 'interval_over' }, null, this.key);
      else world.changes.event(now, { stage, verdict: 'suppressed', reason: muting.reason }, null, this.key, { by });
    }
    return muting !== null;
  }

  #suppressionOf({ stored, suppression }: Member, isMuted: boolean, world: GroupWorld, now: UnixMs): Suppression | null {
    const inhibition = world.inhibitor.inhibiting(stored.labels, now);
    if (inhibition !== null) return { kind: 'inhibit', by: [inhibition.source.fingerprint], rule: inhibition.rule.name };
    // Within a muted group nobody asks for silences: what was known stays.
    if (isMuted) return suppression?.kind === 'silence' ? suppression : null;
    const silences = world.silences.silencing(stored.labels, stored.silences, now);
    return silences.length === 0 ? null : { kind: 'silence', by: silences.map(({ id }) => id) };
  }

  #suppress(member: Member, next: Suppression | null, changes: ChangeLog, now: UnixMs): void {
    const { suppression: old, stored } = member;
    if (old?.kind === next?.kind && old?.by.join() === next?.by.join()) return;
    member.suppression = next;
    changes.member(this.id, stored.fingerprint);
    if (old !== null && old.kind !== next?.kind) {
      const code =
        old.kind === 'inhibit'
          ? ({ stage: 'inhibit', verdict: 'released', reason: 'source_gone' } as const)
          : ({ stage: 'silence', verdict: 'released', reason: 'silence_over' } as const);
      changes.event(now, code, stored.fingerprint, this.key);
    }
    if (next === null) return;
    const { kind, ...detail } = next;
    const code =
      kind === 'inhibit'
        ? ({ stage: 'inhibit', verdict: 'suppressed', reason: 'source_firing' } as const)
        : ({ stage: 'silence', verdict: 'suppressed', reason: 'silence_active' } as const);
    changes.event(now, code, stored.fingerprint, this.key, detail);
  }

  /** Whether, why and with what the integration is notified now. Who stood in and is not needed any more hears only what it is owed. */
  #decide(integration: Integration, spokenOf: Unmuted, world: GroupWorld, now: UnixMs): void {
    integration.isDeferred = false;
    if (integration.lastSkip === 'delivery_in_flight') {
      integration.lastSkip = null;
      world.changes.groups.add(this.id);
    }
    this.cancel(integration, 'superseded', false, world, now);
    const isNeeded = this.#isNeeded(integration);
    const unmuted = isNeeded ? spokenOf : NOTHING;
    const owed = this.#owedResolves(integration, unmuted, world, now);
    const spoken = owed ?? unmuted;
    // Who is told nothing more but the end still has it open, and may say there that it is looked after.
    if (!isNeeded && integration.owed.size > 0) this.#rememberTold(integration.ref, world, now);
    if (spoken.inOrder.length === 0) {
      this.#recovered(integration, world);
      this.#settle(integration, this.flushCount, world); // all muted: the log stays as it is
      return;
    }
    const { config, ref } = integration;
    if (this.ack !== null) this.#rememberTold(ref, world, now);
    const logKey = logKeyOf(this.key, ref);
    const entry = world.log.entry(logKey, now);
    const repeatIntervalMs = this.#repeatIntervalMs;
    const firing = spoken.firing.map(({ fingerprint }) => fingerprint);
    const resolved = spoken.resolved.map(({ fingerprint }) => fingerprint);
    const flushed = { firing, resolved, repeatIntervalMs: this.route.repeatIntervalMs, sendResolved: config.sendResolved };
    let reason = reasonToNotify(entry, flushed, now);
    if (owed !== null && (reason === null || !isNeeded)) reason = firing.length > 0 ? 'some alerts resolved' : 'all alerts resolved';
    const isAcknowledged = reason !== null && this.#isAcknowledged(integration, reason);
    if (reason === null || isAcknowledged) {
      this.#recovered(integration, world);
      this.#skip(integration, isAcknowledged ? 'acknowledged' : firing.length === 0 ? 'nothing_firing' : 'unchanged', world, now);
      this.#settle(integration, this.flushCount, world);
      return;
    }
    const data = reason === 'first notification' ? {} : (world.log.row(logKey)?.data ?? {});
    if (!config.sendResolved && firing.length === 0) {
      this.#recovered(integration, world);
      world.log.write(this.key, ref, { firing, resolved, repeatIntervalMs, data }, world.retentionMs, now);
      this.#skip(integration, 'send_resolved_off', world, now);
      this.#settle(integration, this.flushCount, world);
      return;
    }
    const row: OutboxRow = {
      id: world.newOutboxId(),
      groupId: this.id,
      groupKey: this.key,
      receiver: ref.receiver,
      integration: ref.name,
      index: ref.index,
      reason,
      flush: this.flushCount,
      createdAt: now,
      deadline: addMs(now, this.#lifeMs),
      firing,
      resolved,
      repeatIntervalMs,
      data,
      standsInFor: this.#rowStoodInFor(integration),
      notification: this.#notification(spoken, config.sendResolved),
    };
    this.#open(integration, row, reason, world, now);
  }

  // ---- fallback

  /** The row, whose attempts or whose provider failed, was to tell that something fires. Nobody is woken for a resolve. */
  #failed(
    integration: Integration,
    { id, firing }: OutboxRow,
    attempt: { readonly cause: FailureCause; readonly isHopeless: boolean },
    world: GroupWorld,
    now: UnixMs,
  ): void {
    const before = integration.failure;
    if (firing.length === 0) {
      if (attempt.isHopeless) this.#undelivered(integration, id, world, now);
      return;
    }
    const stillFiring = firing.filter((fingerprint) => this.members.get(fingerprint)?.stored.isFiring === true);
    const next = failedAgain(before, { ...attempt, outboxId: id, firing: stillFiring }, now);
    if (before?.outboxId === id && before.cause === next.cause && before.hopelessSince === next.hopelessSince) return;
    integration.failure = next;
    world.changes.groups.add(this.id);
    const last = this.#stages(integration, world).at(-1)?.receiver ?? null;
    if (before?.outboxId !== id && next.begun.some(({ receiver }) => receiver === last)) this.#undelivered(integration, id, world, now);
  }

  /** It has taken what it was to be told, or there is nothing to tell it. */
  #recovered(integration: Integration, world: GroupWorld): void {
    if (integration.failure === null) return;
    integration.failure = null;
    world.changes.groups.add(this.id);
  }

  /** Begins what is due in the place of integrations that fail, and lets go of who is not needed any more. */
  reviewFallback(world: GroupWorld, now: UnixMs): void {
    this.#fallbackAt = null;
    // Somebody looks after it: nobody else is called because of failures.
    if (this.ack === null && !this.isRetired)
      for (const integration of this.everyone) if (integration.failure !== null) this.#reviewFailure(integration, world, now);
    if (this.standIns.length > 0) this.#letGo(world, now);
  }

  #reviewFailure(integration: Integration, world: GroupWorld, now: UnixMs): void {
    const stages = this.#stages(integration, world);
    for (;;) {
      const { failure } = integration;
      if (failure === null) return;
      if (failure.firing.length === 0 || this.standIns.some((other) => this.#knows(other, failure.firing, world, now))) return;
      const others = this.standIns.filter(({ ref }) => failure.begun.some(({ receiver }) => receiver === ref.receiver));
      const next = nextStage(stages, failure, {
        areHopeless: others.every((other) => (other.failure?.hopelessSince ?? null) !== null),
        triedSince: Math.max(0, ...others.map((other) => other.failure?.since ?? other.open?.row.createdAt ?? 0)) as UnixMs,
      });
      if (next === null) return;
      if (next.at > now) {
        if (this.#fallbackAt === null || next.at < this.#fallbackAt) this.#fallbackAt = next.at;
        return;
      }
      this.#begin(integration, failure, next.stage, world, now);
      if (next.stage === stages.at(-1)) this.#undelivered(integration, integration.open?.row.id ?? failure.outboxId, world, now);
    }
  }

  #begin(integration: Integration, failure: Failure, { receiver }: FallbackStage, world: GroupWorld, now: UnixMs): void {
    integration.failure = { ...failure, begun: [...failure.begun, { receiver, at: now }] };
    world.changes.groups.add(this.id);
    if (receiver === null) return;
    const outboxId = integration.open?.row.id ?? failure.outboxId;
    const reason = failure.hopelessSince === null ? 'not_accepted' : 'hopeless';
    const detail = { ...integration.ref, fallback: receiver, outboxId };
    world.changes.event(now, { stage: 'fallback', verdict: 'begun', reason }, null, this.key, detail);
    this.#call(receiver, outboxId, world, now);
  }

  /** Puts an integration among those that stand in. */
  addStandIn(receiver: string, config: IntegrationConfig, standsInFor: OutboxId): Integration {
    const integration = newIntegration(receiver, config, standsInFor);
    this.standIns = [...this.standIns, integration];
    return integration;
  }

  /** Tells each integration of the receiver what it does not know yet. */
  #call(receiver: string, standsInFor: OutboxId, world: GroupWorld, now: UnixMs): void {
    if (receiver === this.receiver) return; // its own receiver is told anyway
    const unmuted = this.#unmuted(world, now);
    for (const config of world.standInsOf(receiver)) {
      const integration = this.find({ receiver, name: config.name, index: config.index }) ?? this.addStandIn(receiver, config, standsInFor);
      if (integration.open === null) this.#decide(integration, unmuted, world, now);
    }
  }

  #letGo(world: GroupWorld, now: UnixMs): void {
    for (const integration of this.standIns) {
      if (this.#isNeeded(integration)) continue;
      this.#recovered(integration, world);
      const { open, owed, ref } = integration;
      if (open !== null && !open.isClaimed && open.row.resolved.length === 0) this.cancel(integration, 'not_needed', true, world, now);
      if (integration.open !== null || owed.size > 0) continue;
      this.standIns = this.standIns.filter((other) => other !== integration);
      world.changes.groups.add(this.id);
      const detail = { ...ref, fallback: ref.receiver };
      world.changes.event(now, { stage: 'fallback', verdict: 'over', reason: 'not_needed' }, null, this.key, detail);
    }
  }

  /** Whether it is to hear all: an own integration, one that somebody asked for, or one in whose place nothing else is taken. */
  #isNeeded({ ref, standsInFor }: Integration): boolean {
    if (standsInFor === null) return true;
    const isIts = ({ receiver }: { readonly receiver: string | null }): boolean => receiver === ref.receiver;
    return this.escalations.some(isIts) || this.everyone.some(({ failure }) => failure?.begun.some(isIts) === true);
  }

  #knows({ ref }: Integration, firing: readonly Fingerprint[], world: GroupWorld, now: UnixMs): boolean {
    const entry = world.log.entry(logKeyOf(this.key, ref), now);
    return entry !== null && firing.length > 0 && firing.every((fingerprint) => entry.firing.has(fingerprint));
  }

  /** The row of the integration that fails now, else the one in whose place it was called. */
  #rowStoodInFor({ ref, standsInFor }: Integration): OutboxId | null {
    if (standsInFor === null) return null;
    const failing = this.everyone.find(({ failure }) => failure?.begun.some(({ receiver }) => receiver === ref.receiver) === true);
    return failing?.open?.row.id ?? failing?.failure?.outboxId ?? standsInFor;
  }

  #stages({ ref }: Integration, world: GroupWorld): readonly FallbackStage[] {
    return world.stagesOf(ref.receiver, this.#lifeMs);
  }

  #undelivered({ ref }: Integration, outboxId: OutboxId, world: GroupWorld, now: UnixMs): void {
    world.changes.outboxUndelivered.add(outboxId);
    const detail = { ...ref, outboxId };
    world.changes.event(now, { stage: 'fallback', verdict: 'undelivered', reason: 'exhausted' }, null, this.key, detail);
  }

  #anyFires(): boolean {
    for (const { stored } of this.members.values()) if (stored.isFiring) return true;
    return false;
  }

  /** How long a notification is tried. */
  get #lifeMs(): DurationMs {
    return Math.max(this.route.groupIntervalMs, FLUSH_DEADLINE_MIN_MS) as DurationMs;
  }

  #open(integration: Integration, row: OutboxRow, reason: NotificationReason, world: GroupWorld, now: UnixMs): void {
    integration.open = { row, isClaimed: false, lastError: '' };
    if (integration.lastSkip !== null) {
      integration.lastSkip = null;
      world.changes.groups.add(this.id);
    }
    world.opened(this, integration, row);
    world.changes.insertOutbox(row);
    world.changes.event(now, { stage: 'dedup', verdict: 'notify', reason }, null, this.key, { ...integration.ref, outboxId: row.id });
  }

  /** Integrations that hear the same share one notification. */
  #notification(spoken: Unmuted, sendResolved: boolean): Notification {
    let notification = spoken.notifications.get(sendResolved);
    if (notification === undefined) {
      const isResolved = new Set(spoken.resolved);
      const alerts = sendResolved ? spoken.inOrder : spoken.inOrder.filter((stored) => !isResolved.has(stored));
      notification = {
        groupLabels: this.labels,
        routeLabels: this.route.labels,
        alerts: alerts.map((stored) => {
          const { fingerprint, labels, annotations, startsAt, endsAt, generatorUrl } = stored.alert;
          return { fingerprint, labels, annotations, startsAt, endsAt: isResolved.has(stored) ? endsAt : null, generatorUrl };
        }),
      };
      spoken.notifications.set(sendResolved, notification);
    }
    return notification;
  }

  /**
   * Under the resolve contract, when something that the integration was told fires has resolved unheard: what is unmuted,
   * those resolves, and what it was told that still fires, though muted, so that the rest does not look resolved. Else null.
   */
  #owedResolves(integration: Integration, unmuted: Unmuted, world: GroupWorld, now: UnixMs): Unmuted | null {
    if (integration.owed.size === 0) return null;
    const spokenOf = new Set(unmuted.inOrder);
    const firing: StoredAlert[] = [];
    const resolved: StoredAlert[] = [];
    for (const fingerprint of integration.owed) {
      const stored = world.store.get(fingerprint);
      if (stored === undefined || spokenOf.has(stored)) continue;
      (isResolvedAt(stored.alert, now) ? resolved : firing).push(stored);
    }
    if (resolved.length === 0) return null;
    const inOrder = [...unmuted.inOrder, ...firing, ...resolved].sort((a, b) => compareAlerts(a.labels, b.labels));
    return { firing: [...unmuted.firing, ...firing], resolved: [...unmuted.resolved, ...resolved], inOrder, notifications: new Map() };
  }

  /** The contract was switched on or off: what the log says was told counts, or nothing does. */
  #reconcileOwed(integration: Integration, world: GroupWorld, now: UnixMs): void {
    const { config, owed, ref } = integration;
    if (!config.resolveContract || !config.sendResolved) {
      for (const fingerprint of owed) owe(world.store.get(fingerprint), -1);
      owed.clear();
    } else if (owed.size === 0) {
      for (const fingerprint of world.log.entry(logKeyOf(this.key, ref), now)?.firing ?? []) {
        const stored = world.store.get(fingerprint);
        if (stored === undefined) continue;
        owed.add(fingerprint);
        owe(stored, 1);
      }
    }
  }

  /** Resolved members leave once every integration has settled a flush that saw them so. */
  #releaseHeard(world: GroupWorld, now: UnixMs): void {
    for (const member of this.#leaving) {
      const { resolvedFlush } = member;
      if (resolvedFlush === null || !this.everyone.every(({ settledFlush }) => settledFlush >= resolvedFlush)) continue;
      this.removeMember(
        member,
        this.#wasHeard(member.stored.fingerprint, world, now) ? 'resolved' : 'resolved_unheard',
        world.changes,
        now,
      );
    }
  }

  #wasHeard(fingerprint: Fingerprint, world: GroupWorld, now: UnixMs): boolean {
    return this.everyone.some(
      ({ config, ref }) => config.sendResolved && (world.log.entry(logKeyOf(this.key, ref), now)?.resolved.has(fingerprint) ?? false),
    );
  }

  #skip(integration: Integration, reason: NonNullable<Integration['lastSkip']>, world: GroupWorld, now: UnixMs): void {
    if (integration.lastSkip === reason) return;
    integration.lastSkip = reason;
    world.changes.groups.add(this.id);
    world.changes.event(now, { stage: 'dedup', verdict: 'skip', reason }, null, this.key, { ...integration.ref });
  }

  #settle(integration: Integration, flush: number, world: GroupWorld): void {
    if (integration.settledFlush >= flush) return;
    integration.settledFlush = flush;
    world.changes.groups.add(this.id);
  }

  /** Lets go of the open row; `isOver`: its attempt is known to have ended. */
  #close(integration: Integration, isOver: boolean, world: GroupWorld): OutboxRow | null {
    const { open } = integration;
    if (open === null) return null;
    integration.open = null;
    const isInFlight = open.isClaimed && !isOver;
    if (isInFlight) this.notePerhapsTold(integration, open.row, world);
    world.closed(open.row, isInFlight);
    return open.row;
  }
}

/** A resend of an old end, whose coming and going is no event. */
const cameResolved = ({ stored, joinedAt }: Member): boolean => isResolvedAt(stored.alert, joinedAt);

/** Alerts that a flush speaks of. */
type Unmuted = {
  readonly firing: readonly StoredAlert[];
  readonly resolved: readonly StoredAlert[];
  /** Both, in sending order. */
  readonly inOrder: readonly StoredAlert[];
  /** Made of these, by whether resolved ones are in. */
  readonly notifications: Map<boolean, Notification>;
};

const NOTHING: Unmuted = { firing: [], resolved: [], inOrder: [], notifications: new Map() };

function newIntegration(receiver: string, config: IntegrationConfig, standsInFor: OutboxId | null): Integration {
  const ref = { receiver, name: config.name, index: config.index };
  return {
    ref,
    config,
    settledFlush: 0,
    lastSkip: null,
    owed: new Set(),
    open: null,
    isDeferred: false,
    failure: null,
    ackPassedOn: null,
    standsInFor,
  };
}

const integrationRow = ({ ref, settledFlush, lastSkip, owed, failure, ackPassedOn }: Integration): GroupIntegrationRow => ({
  name: ref.name,
  index: ref.index,
  settledFlush,
  lastSkip,
  owed: [...owed],
  failure,
  ...(ackPassedOn !== null && { ackPassedOn }),
});

const iso = (at: UnixMs): string => new Date(at).toISOString();

function owe(stored: StoredAlert | undefined, by: 1 | -1): void {
  if (stored !== undefined) stored.owed += by;
}
