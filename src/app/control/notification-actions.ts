/**
 * What people do about a notification, and what providers report of one, brought to the router as steps: on disk before it
 * is answered. The notification is read from its row, so an answer works long after the attempt, over restarts and reloads.
 */
import type { NotificationActions } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { OutboxRepository } from '../../db/outbox-repository.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Delivery } from './delivery.ts';
import type { RouterKeeper } from './router-keeper.ts';

export type NotificationActionsPorts = {
  readonly keeper: Pick<RouterKeeper, 'step'>;
  readonly outbox: Pick<OutboxRepository, 'find'>;
  readonly delivery: Pick<Delivery, 'drop' | 'attemptOver'>;
  readonly crash: CrashPoints;
  /** Told of every acknowledgement that is on disk. */
  readonly acknowledged: () => void;
};

/** `act` rejects when the disk refuses, or a limit does not allow the silence: the person is to be told that nothing was done. */
export function notificationActions({ keeper, outbox, delivery, crash, acknowledged }: NotificationActionsPorts): NotificationActions {
  return {
    act: async (id, action, by) => {
      const found = await outbox.find(id);
      if (found === null) return { kind: 'unknown' };
      const acted = await keeper.step((router, now) => ({ result: router.act(found.row, action, by, now) }));
      crash.hit('action.after-commit');
      if (acted.kind === 'refused') throw new Error(`the silence was refused: ${acted.message}`);
      if (acted.kind === 'done' && action.kind === 'acknowledge') acknowledged();
      return acted;
    },
    report: async (id, report) => {
      // A report may overtake the answer to the attempt that it speaks of: that is waited for, and is on disk then.
      await delivery.attemptOver(id);
      const found = await outbox.find(id);
      if (found === null || FINAL.has(found.state)) return;
      const reported = await keeper.step((router, now) => {
        const result = router.report(found.row, found.state === 'accepted', report, now);
        if (result === 'ignored') return { result };
        const answer = report.message;
        return {
          result,
          settlements: result === 'taken' ? [{ id, state: 'accepted', nextAttemptAt: now, answer }] : [],
          reports: [{ id, state: report.kind, answer }],
        };
      });
      if (reported === 'taken') delivery.drop([id satisfies OutboxId]);
      crash.hit('report.after-commit');
    },
  };
}

/** What no report changes any more. */
const FINAL: ReadonlySet<string> = new Set(['confirmed', 'failed', 'expired']);
