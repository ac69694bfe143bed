/** Labelled places where a crash is interesting. Does nothing in production; the simulator and chaos runs stop the process there. */
export const CRASH_LABELS = [
  // A start, in order.
  'start.locked',
  'migrate.begin',
  'migrate.done',
  'start.opened',
  'start.orphaned',
  'engine.replayed',
  'engine.ready',
  'start.enqueued',
  'start.done',
  // From an evaluation to its transaction.
  'evaluate.report',
  'evaluate.before-commit',
  'evaluate.after-commit',
  // A step of the router; those of `commit` are within the transaction.
  'group.timer-set',
  'flush.begin',
  'flush.before-commit',
  'commit.begun',
  'commit.settle',
  'commit.outbox',
  'commit.events',
  'commit.claim',
  'flush.after-commit',
  // A notification on its way out.
  'outbox.before-claim',
  'outbox.after-claim',
  'send.before-bytes',
  'request.sent',
  'request.answered',
  'send.after-response',
  'send.after-commit',
  'inbox.stored',
  // What people and providers were promised.
  'action.after-commit',
  'report.after-commit',
  'alerts.after-commit',
  'silence.before-commit',
  'silence.after-commit',
  'silence.expired',
  // A reload, in order.
  'reload.read',
  'reload.parsed',
  'reload.half',
  'reload.receivers',
  'reload.done',
  // The log of the time-series database.
  'wal.segment',
  'wal.append',
  'wal.appended',
  'wal.before-sync',
  'wal.after-sync',
  'head.dropped',
  'wal.checkpoint',
  'wal.checkpoint-renamed',
  'wal.truncate',
  'housekeeping.begin',
  'housekeeping.done',
  // A stop, in order.
  'stop.begin',
  'stop.engine',
  'stop.keeper',
  'stop.closed',
] as const;

export type CrashLabel = (typeof CRASH_LABELS)[number];

export interface CrashPoints {
  hit(label: CrashLabel): void;
}

export const noCrashPoints: CrashPoints = { hit: () => {} };
