/**
 * What each integration was last told about each group, and whether a flush has anything new for it. Entries are written
 * when a provider accepted; they live for two repeat intervals (or group intervals, if longer), at most for the retention. Follows Alertmanager's
 * notify/dedup_stage.go and nflog/nflog.go.
 */
import type { Fingerprint } from '../model/fingerprint.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';
import { addMs } from '../model/time.ts';
import type { GroupKey, NotificationReason } from './event.ts';
import type { IntegrationData, IntegrationRef, LogEntryRow, LogKey, OutboxId } from './router-state.ts';

export type LogEntry<K = Fingerprint> = { readonly at: UnixMs; readonly firing: ReadonlySet<K>; readonly resolved: ReadonlySet<K> };

export type Flushed<K = Fingerprint> = {
  readonly firing: readonly K[];
  readonly resolved: readonly K[];
  readonly repeatIntervalMs: number;
  readonly sendResolved: boolean;
};

/** Why the integration must be told; null when it knows all of this. */
export function reasonToNotify<K>(entry: LogEntry<K> | null, flushed: Flushed<K>, now: UnixMs): NotificationReason | null {
  const { firing, resolved } = flushed;
  if (entry === null) return firing.length > 0 ? 'first notification' : null;
  if (!firing.every((key) => entry.firing.has(key))) return entry.firing.size === 0 ? 'first notification' : 'new alerts added';
  // Whether or not it wants resolves: the log must forget what fired.
  if (firing.length === 0) return entry.firing.size > 0 ? 'all alerts resolved' : null;
  if (flushed.sendResolved && !resolved.every((key) => entry.resolved.has(key))) return 'some alerts resolved';
  return entry.at < now - flushed.repeatIntervalMs ? 'repeat interval elapsed' : null;
}

export function logKeyOf(groupKey: GroupKey, { receiver, name, index }: IntegrationRef): LogKey {
  return `${groupKey}:${receiver}/${name}/${index}` as LogKey;
}

/** Alertmanager looks for expired entries every 15 minutes only; an entry must outlive a few ticks of its group. */
const LIFE_MIN_MS = 900_000;

type Kept = { readonly row: LogEntryRow; readonly entry: LogEntry };

export class NotificationLog {
  readonly #byKey = new Map<LogKey, Kept>();
  readonly #changed: (key: LogKey) => void;

  constructor(changed: (key: LogKey) => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#byKey.size;
  }

  restore(rows: readonly LogEntryRow[]): void {
    for (const row of rows) this.#byKey.set(row.key, kept(row));
  }

  /** Null where there is none, or it has expired. */
  entry(key: LogKey, now: UnixMs): LogEntry | null {
    const found = this.#byKey.get(key);
    return found === undefined || found.row.expiresAt <= now ? null : found.entry;
  }

  row(key: LogKey): LogEntryRow | null {
    return this.#byKey.get(key)?.row ?? null;
  }

  write(
    groupKey: GroupKey,
    integration: IntegrationRef,
    told: {
      readonly firing: readonly Fingerprint[];
      readonly resolved: readonly Fingerprint[];
      readonly repeatIntervalMs: number;
      readonly data: IntegrationData;
      /** The notification that told it; left out where there was nothing to send. */
      readonly id?: OutboxId;
    },
    retentionMs: DurationMs,
    now: UnixMs,
  ): void {
    const key = logKeyOf(groupKey, integration);
    const row: LogEntryRow = {
      key,
      groupKey,
      receiver: integration.receiver,
      integration: integration.name,
      index: integration.index,
      at: now,
      firing: told.firing,
      resolved: told.resolved,
      expiresAt: addMs(now, lifeMs(told.repeatIntervalMs, retentionMs)),
      outboxId: told.id ?? null,
      data: told.data,
    };
    this.#put(row);
  }

  /** An entry that is half through its life, or over it and not yet forgotten, gets another: what it says still counts. */
  prolong(key: LogKey, repeatIntervalMs: number, retentionMs: DurationMs, now: UnixMs): void {
    const found = this.#byKey.get(key);
    const life = lifeMs(repeatIntervalMs, retentionMs);
    if (found !== undefined && found.row.expiresAt < now + life / 2) this.#put({ ...found.row, expiresAt: addMs(now, life) });
  }

  /** The integration was not told after all. */
  retract(key: LogKey): void {
    if (this.#byKey.delete(key)) this.#changed(key);
  }

  #put(row: LogEntryRow): void {
    this.#byKey.set(row.key, kept(row));
    this.#changed(row.key);
  }

  /** Forgets what has expired. */
  gc(now: UnixMs): void {
    for (const [key, { row }] of this.#byKey) {
      if (row.expiresAt > now) continue;
      this.#byKey.delete(key);
      this.#changed(key);
    }
  }
}

const lifeMs = (repeatIntervalMs: number, retentionMs: DurationMs): DurationMs =>
  Math.min(Math.max(2 * repeatIntervalMs, LIFE_MIN_MS), retentionMs) as DurationMs;

const kept = (row: LogEntryRow): Kept => ({ row, entry: { at: row.at, firing: new Set(row.firing), resolved: new Set(row.resolved) } });
