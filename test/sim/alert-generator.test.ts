/**
 * The test cases of Prometheus' alert generator compliance suite, on simulated time: its samples are written as they would
 * come by remote write, its rule file is read, and at each evaluation the states, values and annotations of all alerts are
 * what the specification says, as are the alerts that are told and the ALERTS series. Without the suite's rule file the
 * cases are skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Labels } from '../../src/model/labels.ts';
import { durationMs } from '../../src/model/time.ts';
import { RuleWorld, START } from '../support/rule-world.ts';

const RULES = join(process.env['CONFORMANCE_DIR'] ?? '../shared/conformance', 'prometheus/alert-generator/rules.yaml');
const WRITE_MS = 15_000;

/** `0x3` repeats the value before it three times. */
const samplesOf = (text: string): readonly number[] => {
  const samples: number[] = [];
  for (const item of text.split(' ')) {
    const repeat = /^0x(\d+)$/.exec(item)?.[1];
    if (repeat === undefined) samples.push(Number(item));
    else for (let i = 0; i < Number(repeat); i++) samples.push(samples.at(-1) ?? 0);
  }
  return samples;
};

type Expected = {
  /** Number of the sample: it holds from the first evaluation at it or after. */
  readonly from: number;
  readonly state: 'pending' | 'firing' | 'inactive';
  readonly value?: number;
  readonly annotations?: Readonly<Record<string, string>>;
};
type AlertCase = {
  readonly rule: string;
  readonly variant?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly Expected[];
};
type Case = {
  readonly group: string;
  readonly input: readonly { readonly labels: Readonly<Record<string, string>>; readonly samples: readonly number[] }[];
  /** Samples of time that are watched. */
  readonly length: number;
  readonly alerts: readonly AlertCase[];
};

const simple = (rule: string, group: string, samples: string, more: Readonly<Record<string, string>> = {}) => ({
  labels: { __name__: 'alert_generator_test_suite', alertname: rule, rulegroup: group, ...more },
  samples: samplesOf(samples),
});
const valueText = (value: number) => ({ description: 'SimpleAlert is firing', summary: `The value is ${value} ${value}` });
const PENDING_SAMPLES = '3 5 0x2 9 0x3 11 0x10 9';
const ZERO_FOR_SAMPLES = '3 5 0x2 9 0x3 15 0x12 9 0x71 11 0x12 9';
const zeroForText = (factor: number) => ({
  description: 'This should immediately fire',
  template_query_test: `Args are: foo bar 99. first_id:101,101:${factor},102:${2 * factor},103:${3 * factor},`,
  template_test: '1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC',
});

const CASES: readonly Case[] = [
  {
    group: 'PendingAndFiringAndResolved',
    input: [
      simple(
        'PendingAndFiringAndResolved_SimpleAlert',
        'PendingAndFiringAndResolved',
        '3 5 0x2 9 0x3 11 0x12 15 0x11 0x20 19 0x15 9 0x19 15 0x24 0x20 8 0x15 0x20',
      ),
    ],
    length: 170,
    alerts: [
      {
        rule: 'PendingAndFiringAndResolved_SimpleAlert',
        labels: { foo: 'bar', rulegroup: 'PendingAndFiringAndResolved' },
        history: [
          { from: 8, state: 'pending', value: 11, annotations: valueText(11) },
          { from: 21, state: 'pending', value: 15, annotations: valueText(15) },
          { from: 32, state: 'firing', value: 15, annotations: valueText(15) },
          { from: 53, state: 'firing', value: 19, annotations: valueText(19) },
          { from: 69, state: 'inactive' },
          { from: 89, state: 'pending', value: 15, annotations: valueText(15) },
          { from: 113, state: 'firing', value: 15, annotations: valueText(15) },
          { from: 134, state: 'inactive' },
        ],
      },
    ],
  },
  {
    group: 'PendingAndResolved_AlwaysInactive',
    input: [
      simple('PendingAndResolved_AlwaysInactive_PendingAlert', 'PendingAndResolved_AlwaysInactive', PENDING_SAMPLES),
      simple('PendingAndResolved_AlwaysInactive_InactiveAlert', 'PendingAndResolved_AlwaysInactive', PENDING_SAMPLES),
    ],
    length: 60,
    alerts: [
      {
        rule: 'PendingAndResolved_AlwaysInactive_PendingAlert',
        labels: { foo: 'bar', rulegroup: 'PendingAndResolved_AlwaysInactive' },
        history: [
          { from: 8, state: 'pending', value: 11, annotations: { description: 'SimpleAlert is firing' } },
          { from: 19, state: 'inactive' },
        ],
      },
      {
        rule: 'PendingAndResolved_AlwaysInactive_InactiveAlert',
        labels: { ba_dum: 'tss', rulegroup: 'PendingAndResolved_AlwaysInactive' },
        history: [],
      },
    ],
  },
  {
    group: 'ZeroFor_SmallFor',
    input: [
      simple('ZeroFor_SmallFor_ZeroFor', 'ZeroFor_SmallFor', ZERO_FOR_SAMPLES),
      simple('ZeroFor_SmallFor_SmallFor', 'ZeroFor_SmallFor', ZERO_FOR_SAMPLES),
      ...[1, 2, 3].map((i) => ({
        labels: {
          __name__: 'alert_generator_test_suite',
          rulegroup: 'ZeroFor_SmallFor',
          for: 'template',
          id: `${100 + i}`,
          __value__: `val${i}`,
        },
        samples: Array.from({ length: 120 }, (_, n) => (n < 28 ? i : 2 * i)),
      })),
    ],
    length: 127,
    alerts: [
      {
        rule: 'ZeroFor_SmallFor_ZeroFor',
        labels: { foo: 'bar', rulegroup: 'ZeroFor_SmallFor' },
        history: [
          { from: 8, state: 'firing', value: 15, annotations: zeroForText(1) },
          { from: 21, state: 'inactive' },
          { from: 93, state: 'firing', value: 11, annotations: zeroForText(2) },
          { from: 106, state: 'inactive' },
        ],
      },
      {
        rule: 'ZeroFor_SmallFor_SmallFor',
        labels: { ba_dum: 'tss', rulegroup: 'ZeroFor_SmallFor' },
        history: [
          { from: 8, state: 'pending', value: 15 },
          {
            from: 10,
            state: 'firing',
            value: 15,
            annotations: {
              description: 'This should fire after an interval',
              template_test: 'This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. .',
            },
          },
          { from: 21, state: 'inactive' },
        ],
      },
    ],
  },
  {
    group: 'NewAlerts_OrderCheck',
    input: [
      simple('NewAlerts_OrderCheck_Rule1', 'NewAlerts_OrderCheck', '1 0x7 11 0x64 9 0x20', { variant: 'one' }),
      simple('NewAlerts_OrderCheck_Rule1', 'NewAlerts_OrderCheck', '1 0x31 11 0x32 9 0x20', { variant: 'two' }),
    ],
    length: 90,
    alerts: [
      {
        rule: 'NewAlerts_OrderCheck_Rule1',
        variant: 'one',
        labels: { foo: 'bar', rulegroup: 'NewAlerts_OrderCheck', variant: 'one' },
        history: [
          { from: 8, state: 'pending', value: 11 },
          { from: 20, state: 'firing', value: 11, annotations: { description: 'This should produce more alerts later' } },
          { from: 73, state: 'inactive' },
        ],
      },
      {
        rule: 'NewAlerts_OrderCheck_Rule1',
        variant: 'two',
        labels: { foo: 'bar', rulegroup: 'NewAlerts_OrderCheck', variant: 'two' },
        history: [
          { from: 32, state: 'pending', value: 11 },
          { from: 44, state: 'firing', value: 11 },
          { from: 65, state: 'inactive' },
        ],
      },
      {
        rule: 'NewAlerts_OrderCheck_Rule2',
        labels: { ba_dum: 'tss', foo: 'baz', rulegroup: 'NewAlerts_OrderCheck', alertstate: 'firing' },
        history: [
          {
            from: 44,
            state: 'firing',
            value: 2,
            annotations: { description: 'Based on ALERTS. Old alertname was NewAlerts_OrderCheck_Rule1. foo was bar.' },
          },
          { from: 65, state: 'inactive' },
        ],
      },
    ],
  },
];

/** One alert as it stands after an evaluation. */
type Seen = {
  readonly at: number;
  readonly state: Expected['state'];
  readonly value: number | null;
  readonly annotations: Readonly<Record<string, string>>;
};

async function watch({ group, input, length, alerts }: Case): Promise<{
  readonly world: RuleWorld;
  readonly seen: readonly (readonly Seen[])[];
  readonly told: readonly string[];
}> {
  const world = new RuleWorld();
  const seen = alerts.map((): Seen[] => []);
  const told: string[] = [];
  world.onReport = ({ groupKey, at, changes }) => {
    if (!groupKey.endsWith(`;${group}`)) return;
    const rules = world.manager.status().find(({ name }) => name === group)?.rules ?? [];
    alerts.forEach(({ rule, variant }, i) => {
      const alert = rules
        .find(({ name }) => name === rule)
        ?.alerts.find(({ labels }) => variant === undefined || labels['variant'] === variant);
      seen[i]?.push({ at, state: alert?.state ?? 'inactive', value: alert?.value ?? null, annotations: alert?.annotations ?? {} });
    });
    told.push(
      ...changes.map(({ kind, labels, startsAt, endsAt }) => `${at} ${kind} ${Labels.fromSorted(labels).key()} ${startsAt} ${endsAt}`),
    );
  };
  await world.apply(readFileSync(RULES, 'utf8'));
  await world.advance(WRITE_MS - ((world.clock.now() - START) % WRITE_MS));
  const first = world.clock.now();
  for (let n = 0; n < length; n++) {
    const appender = world.tsdb.appender();
    for (const { labels, samples } of input) {
      const value = samples[n];
      if (value !== undefined) appender.append(appender.series(Labels.of(labels)), world.clock.now(), value);
    }
    appender.commit();
    await world.advance(durationMs(WRITE_MS));
  }
  // Times as sample numbers would be: 0 is the first.
  const shifted = seen.map((all) => all.map((one) => ({ ...one, at: one.at - first })));
  return { world, seen: shifted, told: told.map((text) => text.replaceAll(/\b\d{13}\b/g, (ms) => String(Number(ms) - first))) };
}

describe.skipIf(!existsSync(RULES))(existsSync(RULES) ? 'the alert generator suite' : `the alert generator suite: no ${RULES}`, () => {
  test.each(CASES)('$group', async (one) => {
    const { world, seen, told } = await watch(one);
    const expectedTold: string[] = [];
    one.alerts.forEach(({ rule, labels, history }, i) => {
      const evaluations = seen[i] ?? [];
      expect(evaluations.length).toBeGreaterThanOrEqual(Math.floor(one.length / 2));
      const slot = (sample: number): number => evaluations.find(({ at }) => at >= sample * WRITE_MS)?.at ?? Number.NaN;
      for (const { at, ...is } of evaluations) {
        const step = history.findLast(({ from }) => at >= from * WRITE_MS && at >= slot(from));
        const { from: _, ...wanted } = step ?? { from: 0, state: 'inactive' as const };
        expect({ rule, at, ...is }).toMatchObject({ rule, at, ...wanted });
      }
      const key = Labels.of({ ...labels, alertname: rule }).key();
      let startsAt = 0;
      history.forEach(({ from, state, annotations }, k) => {
        const before = history[k - 1];
        if (state === 'firing' && before?.state !== 'firing') startsAt = slot(from);
        const isTold = state === 'firing' && (before?.state !== 'firing' || annotations !== before.annotations);
        if (isTold) expectedTold.push(`${slot(from)} firing ${key} ${startsAt} null`);
        if (state === 'inactive' && before?.state === 'firing')
          expectedTold.push(`${slot(from)} resolved ${key} ${startsAt} ${slot(from)}`);
      });
      // ALERTS has a sample for each evaluation at which the alert is active, in the state of then.
      for (const state of ['pending', 'firing'] as const) {
        const name = Labels.of({ ...labels, __name__: 'ALERTS', alertname: rule, alertstate: state }).toString();
        const written = (world.samples('ALERTS')[name] ?? []).filter((sample) => !sample.endsWith('stale'));
        expect(written).toHaveLength(evaluations.filter((evaluation) => evaluation.state === state).length);
      }
    });
    expect(told.toSorted()).toEqual(expectedTold.toSorted());
  });
});
