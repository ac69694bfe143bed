/**
 * Whether what rules did is what they do on the samples that were recorded: each rule's expression is asked again at the
 * times of its evaluations, `for` and `keep_firing_for` are counted anew, and ALERTS must have said the same. Only for a
 * stretch without disturbances; an alert is compared from where its state follows from the stretch alone.
 */
import type { Rule } from './scenario.ts';
import { stamp } from './stamp.ts';
import { keyOf } from './truth.ts';

/** A sample counts from when it is stored, which may be after an evaluation at its time: the same a moment before must hold too. */
export const UNSTORED_MS = 15_000;

/** For each alert the times of evaluations at which something is so. */
export type Times = ReadonlyMap<string, ReadonlySet<number>>;

export type Recorded = {
  readonly evaluationsMs: readonly number[];
  /** The expression holds by the samples of then, and by those of a moment before. */
  readonly holds: Times;
  readonly heldBefore: Times;
  readonly pending: Times;
  readonly firing: Times;
};

type Answer = {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
};

/** From the answer of query_range, whose times are shifted back by `shiftMs`. */
export function timesIn(json: string, { name }: Rule, shiftMs = 0): Times {
  const times = new Map<string, Set<number>>();
  for (const { metric, values } of (JSON.parse(json) as Answer).data.result) {
    const key = keyOf({ ...metric, alertname: name });
    const known = times.get(key) ?? new Set();
    for (const [seconds] of values) known.add(Math.round(seconds * 1000) + shiftMs);
    times.set(key, known);
  }
  return times;
}

/** The first difference; null: there is none. */
export function differenceIn({ name, forMs, keepFiringMs }: Rule, recorded: Recorded): string | null {
  const { evaluationsMs, holds, heldBefore, pending, firing } = recorded;
  const [beginMs = 0] = evaluationsMs;
  for (const key of new Set([...holds.keys(), ...pending.keys(), ...firing.keys()])) {
    let activeAt: number | null = null;
    let missingAt: number | null = null;
    let isFiring = false;
    /** What was before the stretch does not matter any more. */
    let isKnown = false;
    for (const at of evaluationsMs) {
      const was = firing.get(key)?.has(at) === true ? 'firing' : pending.get(key)?.has(at) === true ? 'pending' : 'inactive';
      const isHolding = holds.get(key)?.has(at) === true;
      if (isHolding !== (heldBefore.get(key)?.has(at) === true)) {
        // Either may have been seen: it begins anew.
        activeAt = null;
        missingAt = null;
        isKnown = false;
        continue;
      }
      if (isHolding) {
        activeAt ??= at;
        missingAt = null;
        isFiring = at - activeAt >= forMs;
        isKnown ||= isFiring;
      } else {
        missingAt ??= at;
        isFiring &&= at - missingAt < keepFiringMs;
        if (!isFiring) activeAt = null;
        isKnown ||= at - missingAt >= keepFiringMs;
      }
      const is = isFiring ? 'firing' : isHolding ? 'pending' : 'inactive';
      if (isKnown && is !== was)
        return `${key} of ${name} was ${was} at ${stamp(at - beginMs)} of the stretch, and on the recorded samples it is ${is}`;
    }
  }
  return null;
}
