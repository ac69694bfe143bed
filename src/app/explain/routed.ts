/**
 * The second part of an explanation: what became of a known alert in one of its groups. Decisions are read from the event
 * log and the outbox, up to the instant asked for; what has not been decided yet is what the router's own functions say.
 */
import type { Route } from '../../alerts/route.ts';
import type { GroupTrace } from '../../alerts/router-view.ts';
import type { ExplanationCause, ExplanationStage } from '../../api/tocsin-v1/explanation.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import type { NotificationRecord } from '../../db/outbox-repository.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Fingerprint } from '../../model/fingerprint.ts';
import type { UnixMs } from '../../model/time.ts';
import { type Finding, iso, stage } from './finding.ts';
import { endText, type Life } from './life.ts';

/** What holds the alert itself back, in every group. */
export type HeldBack = { readonly cause: 'inhibited' | 'silenced'; readonly by: string };

export type GroupFacts = {
  readonly fingerprint: Fingerprint;
  readonly life: Exclude<Life, { readonly kind: 'dropped' }>;
  readonly at: UnixMs;
  readonly isPast: boolean;
  readonly group: GroupTrace;
  readonly route: Route;
  /** The receiver's integrations as configured. */
  readonly integrations: readonly { readonly name: string; readonly index: number; readonly sendResolved: boolean }[];
  readonly inhibition: HeldBack | null;
  readonly silence: HeldBack | null;
  /** Of the group, up to `at`, oldest first. */
  readonly events: readonly StoredEvent[];
  /** Of the group and of who stood in for its receiver, made up to `at`, newest first. */
  readonly notifications: readonly NotificationRecord[];
};

export type GroupFinding = { readonly findings: readonly Finding[]; readonly stage: ExplanationStage };

/** One finding, or one for each integration. */
export function groupFinding(facts: GroupFacts): GroupFinding {
  const { group, route, life, inhibition, silence, events, integrations } = facts;
  const mute = muteOf(facts);
  const joined = events.findLast(
    ({ stage: at, verdict, fingerprint }) => at === 'group' && verdict === 'joined' && fingerprint === facts.fingerprint,
  );
  const told = integrations.map((integration) => integrationFinding(facts, integration));
  const held = inhibition ?? mute ?? silence;
  const spoken = told.filter(({ cause }) => TOLD.has(cause));
  const isSettled = life.kind === 'resolved' && told.length > 0 && spoken.length === told.length;
  let findings: readonly Finding[] = told;
  if (integrations.length === 0)
    findings = [{ cause: 'receiver_empty', verdict: `not sent: receiver "${group.receiver}" has no integrations` }];
  else if (held !== null && !isSettled) {
    const before = spoken.length === 0 ? '' : `; before that ${spoken.map(({ verdict }) => verdict).join('; ')}`;
    const ended = life.kind === 'resolved' ? ` (it ended at ${iso(life.endedAt)}: ${endText(life.reason)})` : '';
    const isResolveOnly = life.kind === 'resolved' && told.some(({ cause }) => cause !== 'resolved_unheard');
    const what = `${isResolveOnly ? 'resolve not sent' : 'not sent'}${ended}`;
    findings = [{ cause: held.cause, verdict: `${what}: ${held.by}${before}` }];
  }
  const delivered = deliveries(facts);
  const timers = `group_wait ${formatDuration(route.groupWaitMs)}, group_interval ${formatDuration(route.groupIntervalMs)}, repeat_interval ${formatDuration(route.repeatIntervalMs)}`;
  const due = facts.isPast || group.nextFlushAt === null ? [] : [`next flush at ${iso(group.nextFlushAt)}`];
  return {
    findings,
    stage: stage('group', joined === undefined ? 'unknown' : 'passed', `${group.groupKey} to ${group.receiver}`, {
      at: joined?.at ?? null,
      details: [timers, ...due],
      stages: [
        mute === null ? stage('mute', 'passed', 'no time interval mutes it') : stage('mute', 'stopped', mute.by),
        ...(held === null || isSettled ? told.map(dedupStage) : []),
        ...delivered,
      ],
    }),
  };
}

const TOLD: ReadonlySet<ExplanationCause> = new Set(['sent', 'resolve_sent']);

function dedupStage({ cause, verdict }: Finding): ExplanationStage {
  const isPassed = TOLD.has(cause) || cause === 'receiver_failing';
  const isWaiting = cause === 'waiting_for_flush' || cause === 'in_flight';
  return stage('dedup', isPassed ? 'passed' : isWaiting ? 'waiting' : 'stopped', verdict);
}

function muteOf({ group, events, at }: GroupFacts): { readonly cause: 'muted' | 'outside_active_interval'; readonly by: string } | null {
  if (group.muting === null) return null;
  const { reason, by } = group.muting;
  const last = events.findLast(({ stage: name }) => name === 'mute');
  const since = last?.verdict === 'suppressed' ? `, seen since ${iso(last.at)}` : '';
  const names = by.map((name) => `"${name}"`).join(', ');
  return reason === 'mute_time_interval'
    ? { cause: 'muted', by: `muted by time interval ${names} at ${iso(at)}${since}` }
    : { cause: 'outside_active_interval', by: `outside active time interval ${names} at ${iso(at)}${since}` };
}

/** What one integration was told of the alert since it began to fire. */
function integrationFinding(facts: GroupFacts, integration: GroupFacts['integrations'][number]): Finding {
  const { group, life, at, fingerprint, events, route } = facts;
  const to = `${group.receiver} by ${integration.name}`;
  const isIts = (record: NotificationRecord): boolean =>
    record.receiver === group.receiver && record.integration === integration.name && record.integrationIndex === integration.index;
  const spells = facts.notifications.filter((record) => isIts(record) && record.createdAt >= life.since);
  const about = (isEnd: boolean): NotificationRecord | undefined =>
    spells.find(({ notification }) =>
      notification.alerts.some((alert) => alert.fingerprint === fingerprint && (alert.endsAt !== null) === isEnd),
    );
  const firing = about(false);
  const accepted = spells.find(
    (record) =>
      isAccepted(record, at) && record.notification.alerts.some((alert) => alert.fingerprint === fingerprint && alert.endsAt === null),
  );
  if (life.kind === 'resolved') {
    const ended = `it ended at ${iso(life.endedAt)}: ${endText(life.reason)}`;
    if (accepted === undefined) {
      const failed = firing === undefined ? null : attemptFinding(firing, to, facts);
      if (failed !== null && failed.cause !== 'sent') return { ...failed, verdict: `${failed.verdict}; ${ended}` };
      return { cause: 'resolved_unheard', verdict: `not sent to ${to}: ${ended}, before the flush that would have told of it` };
    }
    if (!integration.sendResolved)
      return {
        cause: 'send_resolved_off',
        verdict: `resolve not sent to ${to}: send_resolved is off; ${ended}; ${sentText(accepted, to)}`,
      };
    const resolve = about(true);
    if (resolve === undefined) return flushFinding(facts, `resolve not sent yet to ${to}; ${ended}`, true);
    if (!isAccepted(resolve, at)) return attemptFinding(resolve, to, facts);
    return { cause: 'resolve_sent', verdict: `resolve ${sentText(resolve, to)}; ${ended}` };
  }
  if (firing === undefined) {
    const skip = events.findLast(
      ({ stage: name, detail }) =>
        name === 'dedup' &&
        detail?.['receiver'] === group.receiver &&
        detail['name'] === integration.name &&
        detail['index'] === integration.index,
    );
    if (skip?.reason === 'delivery_in_flight')
      return {
        cause: 'in_flight',
        verdict: `not sent yet to ${to}: an earlier notification of the group is still under way since ${iso(skip.at)}`,
      };
    return flushFinding(
      facts,
      `not sent yet to ${to}`,
      spells.length > 0 || events.some((event) => isFlush(event) && event.at < life.since),
    );
  }
  if (accepted === undefined || (!isAccepted(firing, at) && firing.state !== 'cancelled')) return attemptFinding(firing, to, facts);
  const ack = acknowledgementOf(events, life.since);
  if (ack !== null)
    return {
      cause: 'acknowledged',
      verdict: `not sent again to ${to}: acknowledged by ${String(ack.detail?.['by'])} at ${iso(ack.at)}; ${sentText(accepted, to)}`,
    };
  const repeatMs = Math.max(route.repeatIntervalMs, route.groupIntervalMs);
  return {
    cause: 'sent',
    verdict: `${sentText(accepted, to)}; sent again from ${iso(accepted.createdAt + repeatMs)} on, as repeat_interval ${formatDuration(route.repeatIntervalMs)} is not over`,
  };
}

/** The acknowledgement that holds at the end of these events, if it was given for this spell of the alert. */
function acknowledgementOf(events: readonly StoredEvent[], since: UnixMs): StoredEvent | null {
  const last = events.findLast(({ stage: name, verdict }) => name === 'action' && verdict.startsWith('acknowledge'));
  return last?.verdict === 'acknowledged' && last.at >= since ? last : null;
}

const isFlush = ({ stage: name }: StoredEvent): boolean => name === 'dedup';

const isAccepted = ({ state, settledAt }: NotificationRecord, at: UnixMs): boolean =>
  (state === 'accepted' || state === 'confirmed') && settledAt !== null && settledAt <= at;

const sentText = ({ settledAt, createdAt, reason }: NotificationRecord, to: string): string =>
  `sent to ${to} at ${iso(settledAt ?? createdAt)} because ${reason}`;

function flushFinding({ group, route, isPast, at }: GroupFacts, what: string, isLater: boolean): Finding {
  const [timer, ms] = isLater ? (['group_interval', route.groupIntervalMs] as const) : (['group_wait', route.groupWaitMs] as const);
  const due = isPast || group.nextFlushAt === null || group.nextFlushAt < at ? '' : ` until ${iso(group.nextFlushAt)}`;
  return { cause: 'waiting_for_flush', verdict: `${what}: waiting for ${timer} ${formatDuration(ms)}${due}` };
}

/** A notification that no provider has taken by then: the last answer, and since when. */
function attemptFinding(record: NotificationRecord, to: string, facts: GroupFacts): Finding {
  const { events, at } = facts;
  const tries = events.filter(({ stage: name, detail }) => name === 'deliver' && detail?.['outboxId'] === record.id);
  const last = tries.at(-1);
  const answer = String(last?.detail?.['error'] ?? (record.settledAt !== null && record.settledAt <= at ? record.answer : ''));
  if (last?.verdict === 'rejected' || last?.verdict === 'unknown' || last?.verdict === 'failed') {
    const since = firstFailure(events, record)?.at ?? last.at;
    const word = last.verdict === 'unknown' ? 'perhaps not sent' : 'not sent';
    const end = last.verdict === 'failed' ? 'it was given up' : 'it is tried again';
    const failing = `${to} fails since ${iso(since)}: ${answer}; ${end}`;
    const instead = standInFor(facts, since);
    if (instead === null) return { cause: 'receiver_failing', verdict: `${word}: ${failing}` };
    const other = `${instead.receiver} by ${instead.integration}`;
    const verdict = isAccepted(instead, at)
      ? `sent to ${other} at ${iso(instead.settledAt ?? instead.createdAt)} in place of ${to}, which fails since ${iso(since)}: ${answer}; ${end}`
      : `${word}: ${failing}; ${other}, in its place, has not taken it either`;
    return { cause: 'receiver_failing', verdict };
  }
  if (last?.verdict === 'cancelled')
    return { cause: 'cancelled', verdict: `not sent to ${to}: the notification was cancelled at ${iso(last.at)}: ${last.reason}` };
  return { cause: 'in_flight', verdict: `being sent to ${to} since ${iso(record.createdAt)} because ${record.reason}` };
}

/** What was sent in place of one that fails since then: what was taken before what was not, the newest first. */
function standInFor({ notifications, at, fingerprint }: GroupFacts, since: UnixMs): NotificationRecord | null {
  const instead = notifications.filter(
    ({ standsInFor, createdAt, notification }) =>
      standsInFor !== null &&
      createdAt >= since &&
      notification.alerts.some((alert) => alert.fingerprint === fingerprint && alert.endsAt === null),
  );
  return instead.find((record) => isAccepted(record, at)) ?? instead[0] ?? null;
}

/** The beginning of the failures that no acceptance has ended. */
function firstFailure(events: readonly StoredEvent[], record: NotificationRecord): StoredEvent | undefined {
  let first: StoredEvent | undefined;
  for (const event of events) {
    const { stage: name, verdict, detail } = event;
    if (name !== 'deliver' || detail?.['receiver'] !== record.receiver) continue;
    if (detail['name'] !== record.integration || detail['index'] !== record.integrationIndex) continue;
    if (verdict === 'accepted') first = undefined;
    else if (verdict !== 'cancelled') first ??= event;
  }
  return first;
}

/** The group's notifications that spoke of the alert, oldest first, with what was answered by then. */
function deliveries(facts: GroupFacts): readonly ExplanationStage[] {
  const { at, group, fingerprint } = facts;
  return facts.notifications
    .filter(
      ({ receiver, standsInFor, notification }) =>
        (receiver === group.receiver || standsInFor !== null) && notification.alerts.some((alert) => alert.fingerprint === fingerprint),
    )
    .slice(0, DELIVERIES_SHOWN_MAX)
    .toReversed()
    .map((record) => {
      const isOver = record.settledAt !== null && record.settledAt <= at;
      const state = isOver ? record.state : 'under way';
      const answer = record.answer === '' ? [] : [`answer: ${record.answer}`];
      const verdict = !isOver ? 'waiting' : isAccepted(record, at) ? 'passed' : 'stopped';
      return stage('deliver', verdict, `${record.receiver} by ${record.integration}, ${record.reason}: ${state}`, {
        at: isOver ? record.settledAt : record.createdAt,
        details: isOver ? [`attempts: ${record.attempts}`, ...answer] : [],
      });
    });
}

const DELIVERIES_SHOWN_MAX = 10;
