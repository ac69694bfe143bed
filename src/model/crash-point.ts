/** Labelled places where a crash is interesting. Does nothing in production; the simulator and chaos runs stop the process there. */
export type CrashLabel =
  | 'evaluate.before-commit'
  | 'evaluate.after-commit'
  | 'flush.begin'
  | 'flush.before-commit'
  | 'flush.after-commit'
  | 'outbox.before-claim'
  | 'outbox.after-claim'
  | 'send.after-response'
  | 'send.after-commit'
  | 'action.after-commit'
  | 'report.after-commit'
  | 'silence.after-commit'
  | 'reload.parsed'
  | 'reload.half'
  | 'reload.done'
  | 'wal.append'
  | 'wal.before-sync'
  | 'wal.checkpoint'
  | 'migrate.step';

export interface CrashPoints {
  hit(label: CrashLabel): void;
}

export const noCrashPoints: CrashPoints = { hit: () => {} };
