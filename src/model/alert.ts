/** An alert as the router knows it, whoever raised it. Resolved means: it has an end and the end is not after now. */
import type { Fingerprint } from './fingerprint.ts';
import type { Labels } from './labels.ts';
import type { UnixMs } from './time.ts';

export type Alert = {
  readonly fingerprint: Fingerprint;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: UnixMs;
  /** When it ended or, for an external alert, will end unless it is sent again. Null: open, ends only by a message. */
  readonly endsAt: UnixMs | null;
  readonly updatedAt: UnixMs;
  readonly generatorUrl: string;
  /** The end came from resolve_timeout, not from the sender. */
  readonly isTimeout: boolean;
  /** 'rule': one of our own rules, resolved by its transition only. 'external': came by POST /api/v2/alerts. */
  readonly origin: 'rule' | 'external';
  /** Why it ended, where that is known. */
  readonly resolveReason: ResolveReason | null;
};

export type ResolveReason = 'condition_false' | 'data_missing' | 'rule_removed' | 'sender_resolved' | 'sender_silent';

export const isResolvedAt = (alert: Pick<Alert, 'endsAt'>, now: UnixMs): boolean => alert.endsAt !== null && alert.endsAt <= now;
