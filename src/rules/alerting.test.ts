import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOf } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { durationMs, type UnixMs, unixMs } from '../model/time.ts';
import {
  type ActiveAlerts,
  type AlertTimes,
  type AlertTransition,
  byFingerprint,
  evaluateAlerts,
  type Fate,
  missingAlerts,
  type Raised,
  shiftedAlerts,
} from './alerting.ts';

const SECOND = 1000;
const raisedOf = (name: string, value = 1): Raised => {
  const labels = Labels.of({ alertname: 'A', name });
  return { fingerprint: fingerprintOf(labels), labels, annotations: Labels.of({ value: String(value) }), value };
};

type Times = { readonly for?: number; readonly keep?: number; readonly limit?: number };
const timesOf = ({ for: forS = 0, keep = 0 }: Times): AlertTimes => ({
  forMs: durationMs(forS * SECOND),
  keepFiringForMs: durationMs(keep * SECOND),
  retellMs: durationMs(60 * SECOND),
});

const ENDS: Fate = { kind: 'ends', reason: 'condition_false' };

function step(
  before: ActiveAlerts,
  raised: readonly Raised[],
  seconds: number,
  times: Times = {},
  fate: Fate = ENDS,
): { readonly active: ActiveAlerts; readonly transitions: readonly AlertTransition[]; readonly error: string | null } {
  const at = unixMs(seconds * SECOND);
  const begin = (one: Raised): { readonly id: string; readonly activeAt: UnixMs } => ({
    id: `${one.fingerprint}@${seconds}`,
    activeAt: at,
  });
  const all = byFingerprint(raised);
  if (all === null) throw new Error('two of one kind');
  const outcome = evaluateAlerts(before, all, { times: timesOf(times), limit: times.limit ?? 0, at, begin, fate: () => fate });
  if (outcome.kind === 'refused') return { active: before, transitions: [], error: outcome.error };
  return { ...outcome, error: null };
}

const told = ({ kind, alert }: AlertTransition): string => `${kind} ${alert.labels.get('name')}`;
const states = (active: ActiveAlerts): string =>
  Array.from(active.values(), ({ labels, state }) => `${labels.get('name')}:${state}`).join(' ');

/** Evaluates every 30 s; a letter is an element that is there, `-` is none, `!` an evaluation whose missing alerts stay. */
function play(script: string, times: Times): readonly string[] {
  let active: ActiveAlerts = new Map();
  return script.split(' ').map((elements, i) => {
    const names = [...elements].filter((letter) => letter !== '-' && letter !== '!');
    const outcome = step(
      active,
      names.map((name) => raisedOf(name)),
      i * 30,
      times,
      elements.includes('!') ? { kind: 'stays' } : ENDS,
    );
    active = outcome.active;
    return [states(active), ...outcome.transitions.map(told)].filter((text) => text !== '').join(', ');
  });
}

describe('an alert', () => {
  test.each([
    { rule: 'S1: is pending first where `for` is set', for: 60, script: 'a', becomes: ['a:pending'] },
    { rule: 'S1: fires at once where it is not', for: 0, script: 'a', becomes: ['a:firing, firing a'] },
    {
      rule: 'S2: fires when `for` has passed',
      for: 60,
      script: 'a a a a',
      becomes: ['a:pending', 'a:pending', 'a:firing, firing a', 'a:firing'],
    },
    { rule: 'S3: with a short `for` fires at the next evaluation', for: 15, script: 'a a', becomes: ['a:pending', 'a:firing, firing a'] },
    { rule: 'S4: that was pending goes in silence', for: 60, script: 'a a -', becomes: ['a:pending', 'a:pending', ''] },
    { rule: 'S4: that fired resolves at once', for: 0, script: 'a -', becomes: ['a:firing, firing a', 'resolved a'] },
    {
      rule: 'S5: that comes again is a new one',
      for: 30,
      script: 'a a - a a',
      becomes: ['a:pending', 'a:firing, firing a', 'resolved a', 'a:pending', 'a:firing, firing a'],
    },
    {
      rule: 'goes its way alone',
      for: 30,
      script: 'a ab b',
      becomes: ['a:pending', 'a:firing b:pending, firing a', 'b:firing, firing b, resolved a'],
    },
    {
      rule: 'is kept by keep_firing_for, which begins anew',
      for: 0,
      keep: 60,
      script: 'a - - a - - -',
      becomes: ['a:firing, firing a', 'a:firing', 'a:firing', 'a:firing', 'a:firing', 'a:firing', 'resolved a'],
    },
    { rule: 'that is pending is not kept', for: 60, keep: 60, script: 'a -', becomes: ['a:pending', ''] },
    {
      rule: 'stays as it is where its fate says so',
      for: 60,
      script: 'a a !- !- a a !- -',
      becomes: ['a:pending', 'a:pending', 'a:pending', 'a:pending', 'a:firing, firing a', 'a:firing', 'a:firing', 'resolved a'],
    },
  ])('$rule', ({ script, becomes, ...times }) => {
    expect(play(script, times)).toEqual(becomes);
  });

  test('S6: has the value and annotations of the last evaluation, pending and firing', () => {
    let { active } = step(new Map(), [raisedOf('a', 1)], 0, { for: 30 });
    active = step(active, [raisedOf('a', 2)], 15, { for: 30 }).active;
    expect([...active.values()]).toMatchObject([{ state: 'pending', value: 2, annotations: Labels.of({ value: '2' }) }]);
    active = step(active, [raisedOf('a', 3)], 30, { for: 30 }).active;
    active = step(active, [raisedOf('a', 4)], 45, { for: 30 }).active;
    expect([...active.values()]).toMatchObject([
      { state: 'firing', value: 4, annotations: Labels.of({ value: '4' }), activeAt: 0, firedAt: 30_000 },
    ]);
  });

  test('tells of other annotations once a minute, of the same never', () => {
    let { active, transitions } = step(new Map(), [raisedOf('a', 0)], 0);
    const seen: string[] = [];
    for (let seconds = 15; seconds <= 150; seconds += 15) {
      ({ active, transitions } = step(active, [raisedOf('a', Math.min(seconds, 100))], seconds));
      seen.push(...transitions.map(({ kind, alert }) => `${seconds} ${kind} ${alert.annotations.get('value')}`));
    }
    expect(seen).toEqual(['60 updated 60', '120 updated 100']);
  });

  test('that the router must be told of is told once, also while keep_firing_for keeps it', () => {
    const fired = step(new Map(), [raisedOf('a')], 0, { keep: 600 }).active;
    const untold = new Map(Array.from(fired, ([fingerprint, alert]) => [fingerprint, { ...alert, told: null }]));
    for (const raised of [[raisedOf('a')], []]) {
      const first = step(untold, raised, 15, { keep: 600 });
      expect(first.transitions.map(told)).toEqual(['updated a']);
      expect(step(first.active, raised, 30, { keep: 600 }).transitions).toEqual([]);
    }
  });

  test('more than the limit change nothing; as many as the limit are fine', () => {
    const { active } = step(new Map(), [raisedOf('a')], 0, { limit: 1 });
    const over = step(active, [raisedOf('b'), raisedOf('c')], 30, { limit: 1 });
    expect(over).toEqual({ active, transitions: [], error: 'exceeded limit of 1 with 2 alerts' });
    expect(step(active, [raisedOf('b')], 30, { limit: 1 }).error).toBe(null);
  });

  test('two elements that make one alert are no alert', () => {
    expect(byFingerprint([raisedOf('a', 1), raisedOf('a', 2)])).toBe(null);
  });

  test('a longer `for` after a reload does not take back what fires; a shorter one counts from the beginning', () => {
    const { active } = step(new Map(), [raisedOf('a')], 0, { for: 0 });
    expect(play('a', { for: 0 })).toEqual(['a:firing, firing a']);
    expect(states(step(active, [raisedOf('a')], 30, { for: 600 }).active)).toBe('a:firing');
    const pending = step(new Map(), [raisedOf('a')], 0, { for: 600 }).active;
    expect(step(pending, [raisedOf('a')], 30, { for: 30 }).transitions.map(told)).toEqual(['firing a']);
  });

  test('a jump of the clock does not count towards `for` and keep_firing_for', () => {
    const hour = durationMs(3_600_000);
    const pending = step(new Map(), [raisedOf('a')], 0, { for: 60 }).active;
    const next = step(shiftedAlerts(pending, hour), [raisedOf('a')], 3630, { for: 60 });
    expect(states(next.active)).toBe('a:pending');
    expect(step(next.active, [raisedOf('a')], 3660, { for: 60 }).transitions.map(told)).toEqual(['firing a']);
    const fired = step(new Map(), [raisedOf('a')], 0, { keep: 60 }).active;
    const kept = step(fired, [], 30, { keep: 60 }).active;
    expect(states(step(shiftedAlerts(kept, hour), [], 3660, { keep: 60 }).active)).toBe('a:firing');
  });
});

describe('the alerts of a rule', () => {
  /** What the documentation says, one alert at a time, over its whole history. */
  function naive(present: readonly boolean[], times: Required<Omit<Times, 'limit'>>): readonly string[] {
    const said: string[] = [];
    let since: number | null = null; // element there, without a gap that ended the alert
    let firing = false;
    let goneSince: number | null = null;
    present.forEach((isThere, i) => {
      const at = i * 30;
      if (isThere) {
        goneSince = null;
        since ??= at;
        if (!firing && at - since >= times.for) {
          firing = true;
          said.push(`${at} firing`);
        }
        return;
      }
      if (firing) {
        goneSince ??= at;
        if (at - goneSince < times.keep) return;
        said.push(`${at} resolved`);
      }
      firing = false;
      since = null;
      goneSince = null;
    });
    return said;
  }

  test('do each what one alone would do', () => {
    const history = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 });
    const seconds = fc.constantFrom(0, 10, 30, 45, 60, 120);
    fc.assert(
      fc.property(fc.array(history, { minLength: 1, maxLength: 4 }), seconds, seconds, (histories, forS, keep) => {
        const times = { for: forS, keep };
        const length = Math.max(...histories.map((one) => one.length));
        const said = histories.map((): string[] => []);
        let active: ActiveAlerts = new Map();
        for (let i = 0; i < length; i++) {
          const raised = histories.flatMap((one, k) => (one[i] === true ? [raisedOf(String(k))] : []));
          const outcome = step(active, raised, i * 30, times);
          active = outcome.active;
          for (const { kind, alert } of outcome.transitions) said[Number(alert.labels.get('name'))]?.push(`${i * 30} ${kind}`);
        }
        const padded = histories.map((one) => Array.from({ length }, (_, i) => one[i] === true));
        expect(said).toEqual(padded.map((one) => naive(one, times)));
      }),
    );
  });

  test('are asked for their fate exactly when they are missing and nothing keeps them', () => {
    const script = fc.array(fc.tuple(fc.subarray(['a', 'b', 'c']), fc.boolean()), { maxLength: 20 });
    fc.assert(
      fc.property(script, fc.constantFrom(0, 60), fc.constantFrom(0, 60), (steps, forS, keep) => {
        const times = timesOf({ for: forS, keep });
        let active: ActiveAlerts = new Map();
        steps.forEach(([names, stays], i) => {
          const at = unixMs(i * 30 * SECOND);
          const raised = byFingerprint(names.map((name) => raisedOf(name))) ?? new Map();
          const missing = missingAlerts(active, raised, times, at).map(({ id }) => id);
          const asked: string[] = [];
          const outcome = evaluateAlerts(active, raised, {
            times,
            limit: 0,
            at,
            begin: ({ fingerprint }) => ({ id: `${fingerprint}@${i}`, activeAt: at }),
            fate: ({ id }) => {
              asked.push(id);
              return stays ? { kind: 'stays' } : ENDS;
            },
          });
          expect(asked).toEqual(missing);
          if (outcome.kind !== 'evaluated') throw new Error('refused without a limit');
          for (const alert of outcome.active.values()) expect(alert.firedAt !== null).toBe(alert.state === 'firing');
          active = outcome.active;
        });
      }),
    );
  });
});
