/** A log that is kept, so that a test can read what was said and search it for secrets. */
import type { Clock } from '../../model/clock.ts';
import type { Log, LogFields } from '../../model/log.ts';
import type { UnixMs } from '../../model/time.ts';
import type { ProcessLife } from './sim-crash.ts';

export type LogLine = {
  readonly at: UnixMs;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
};

/** Lines go to `lines` until the process dies. */
export function collectingLog(lines: LogLine[], clock: Clock, life: ProcessLife, bound: LogFields = {}): Log {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      if (life.isAlive) lines.push({ at: clock.now(), level, message, fields: { ...bound, ...fields } });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => collectingLog(lines, clock, life, { ...bound, ...fields }),
  };
}
