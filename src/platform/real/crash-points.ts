/** Crash points of a real process: `TOCSIN_CRASH_AT=label:n` kills it, as kill -9 would, at the nth pass of a label. For chaos tests. */
import { type CrashPoints, noCrashPoints } from '../../model/crash-point.ts';

export function crashPointsFrom(environment: (name: string) => string | undefined, kill = killSelf): CrashPoints {
  const plan = environment('TOCSIN_CRASH_AT');
  if (plan === undefined) return noCrashPoints;
  const [label, count = '1'] = plan.split(':');
  let remaining = Number(count);
  return {
    hit: (passed) => {
      if (passed === label && --remaining === 0) kill();
    },
  };
}

const killSelf = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
