/** Once an hour: forgets events, notifications, calls and texts that are older than they are kept, in small bites, and frees reply codes. */
import { CronTime } from 'cron';
import { ANSWERABLE_MS } from '../../alerts/notification-action.ts';
import type { StateRepository } from '../../db/state-repository.ts';
import type { TelephoneRepository } from '../../db/telephone-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Log } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import type { ReplyCodes } from './reply-codes.ts';

export type HousekeepingPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly crash: CrashPoints;
  readonly state: StateRepository;
  readonly telephones: Pick<TelephoneRepository, 'forget'>;
  readonly replyCodes: Pick<ReplyCodes, 'recycle'>;
};

const DAY_MS = 86_400_000;
const KEPT_MS = 90 * DAY_MS;
const BITE = 5000;
const SCHEDULE = new CronTime('17 * * * *', 'UTC');

export class Housekeeping {
  readonly #ports: HousekeepingPorts;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(ports: HousekeepingPorts) {
    this.#ports = ports;
  }

  start(): void {
    const { clock } = this.#ports;
    const now = clock.now();
    const next = SCHEDULE.getNextDateFrom(new Date(now), 'UTC').toMillis();
    this.#cancel = clock.after(durationMs(Math.max(1000, next - now)), () => void this.#run());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    const { clock, log, crash, state, telephones, replyCodes } = this.#ports;
    try {
      crash.hit('housekeeping.begin');
      const before = unixMs(clock.now() - KEPT_MS);
      await state.forgetNotifications(before);
      await telephones.forget(unixMs(clock.now() - ANSWERABLE_MS));
      await replyCodes.recycle(clock.now());
      // Between two bites alerts go on their way.
      while (!this.#isStopped && (await state.forgetEvents(before, BITE)) === BITE)
        await new Promise<void>((resolve) => clock.after(durationMs(10), resolve));
      crash.hit('housekeeping.done');
    } catch (error) {
      log.error('old events could not be dropped; tried again in an hour', {
        error: error instanceof Error ? error.message : String(error),
      });
    }
    if (!this.#isStopped) this.start();
  }
}
