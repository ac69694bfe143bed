/**
 * When somebody else is told because a notification does not get through. A receiver names its fallbacks in order; the next
 * one begins a while after the first attempt failed, at once when no attempt can succeed, and only while nobody who was
 * told before has taken it. After them comes the last resort of the whole configuration; with it, or where there is none
 * in its place, the notification counts as undelivered. Pure: a group keeps a Failure for each integration and asks here.
 */
import type { Fingerprint } from '../model/fingerprint.ts';
import { addMs, type DurationMs, durationMs, type UnixMs } from '../model/time.ts';
import type { OutboxId } from './router-state.ts';

export type FailureCause = 'error' | 'unknown';

/** As configured for a receiver. */
export type FallbackConfig = {
  readonly receiver: string;
  /** Since the first attempt that failed. */
  readonly afterMs: DurationMs;
  /** For which results it is meant. */
  readonly on: readonly FailureCause[];
};

/** `receiver` null: there is nobody left, which is put down. */
export type FallbackStage = Omit<FallbackConfig, 'receiver'> & { readonly receiver: string | null };

/** An integration does not take what it is to be told: kept until it takes a notification, or there is nothing left to tell. */
export type Failure = {
  readonly since: UnixMs;
  /** Of the last attempt. */
  readonly cause: FailureCause;
  /** Since when there is nothing to wait for: no attempt can succeed, or its provider is down. */
  readonly hopelessSince: UnixMs | null;
  /** The row that failed last, and what it tells as firing. */
  readonly outboxId: OutboxId;
  readonly firing: readonly Fingerprint[];
  readonly begun: readonly { readonly receiver: string | null; readonly at: UnixMs }[];
};

/** Notifications that expire leave the last resort no later than this, however long the group interval. */
const LAST_RESORT_MS_MAX = 300_000;
/** Between the last fallback and the last resort. */
const LAST_RESORT_GAP_MS = 60_000;

/** All stages of a receiver, the last resort (or the putting down) at the end. `lifeMs`: how long its notifications are tried. */
export function stagesOf(
  fallback: readonly FallbackConfig[],
  { lastResort, receiver, lifeMs }: { readonly lastResort: string | null; readonly receiver: string; readonly lifeMs: number },
): readonly FallbackStage[] {
  const latestMs = Math.max(0, ...fallback.map(({ afterMs }) => afterMs + LAST_RESORT_GAP_MS));
  const isKnown = lastResort === receiver || fallback.some((stage) => stage.receiver === lastResort);
  return [
    ...fallback,
    {
      receiver: isKnown ? null : lastResort,
      afterMs: durationMs(Math.max(Math.min(lifeMs, LAST_RESORT_MS_MAX), latestMs)),
      on: ['error', 'unknown'],
    },
  ];
}

/** The next attempt of an integration has failed. `isHopeless`: there is nothing to wait for. */
export function failedAgain(
  before: Failure | null,
  attempt: {
    readonly outboxId: OutboxId;
    readonly firing: readonly Fingerprint[];
    readonly cause: FailureCause;
    readonly isHopeless: boolean;
  },
  now: UnixMs,
): Failure {
  const { isHopeless, ...last } = attempt;
  return {
    ...last,
    since: before?.since ?? now,
    hopelessSince: before?.hopelessSince ?? (isHopeless ? now : null),
    begun: before?.begun ?? [],
  };
}

/**
 * The stage that comes next, and when; null when all have begun. Of those who were told so far: whether all of them have
 * failed for good, and since when the last of them is tried, for whom the next one waits as long as for the first.
 */
export function nextStage(
  stages: readonly FallbackStage[],
  { since, cause, hopelessSince, begun }: Failure,
  others: { readonly areHopeless: boolean; readonly triedSince: UnixMs },
): { readonly stage: FallbackStage; readonly at: UnixMs } | null {
  const stage = stages.find(({ receiver, on }) => on.includes(cause) && !begun.some((one) => one.receiver === receiver));
  if (stage === undefined) return null;
  const last = begun.at(-1);
  if (last === undefined) return { stage, at: hopelessSince ?? addMs(since, stage.afterMs) };
  if (others.areHopeless) return { stage, at: last.at };
  const lastAfterMs = stages.find(({ receiver }) => receiver === last.receiver)?.afterMs ?? 0;
  const from = Math.max(last.at, others.triedSince) as UnixMs;
  return { stage, at: addMs(from, durationMs(Math.max(0, stage.afterMs - lastAfterMs))) };
}
