/** The judge of the scenarios itself: what is as expected passes, and everything else is named. */
import { expect, test } from 'vitest';
import { type Body, judge } from './judge.ts';
import type { Expectation, Scenario } from './scenario.ts';

const ZERO_MS = 1_700_000_000_000;
const time = (seconds: number): string => new Date(ZERO_MS + seconds * 1000).toISOString();

const alert = (name: string, end?: number) => ({
  status: end === undefined ? 'firing' : 'resolved',
  labels: { alertname: name },
  annotations: {},
  startsAt: time(1),
  endsAt: end === undefined ? '0001-01-01T00:00:00Z' : time(end),
});
const body = (t: number, ...alerts: readonly ReturnType<typeof alert>[]): Body => ({
  t,
  collector: 'hook',
  json: { receiver: 'r', alerts },
});
const wanted = (name: string, more: Partial<Expectation> & { readonly end?: number } = {}): Expectation => {
  const { end, ...rest } = more;
  const one = { labels: { alertname: name }, start: 1, ...(end === undefined ? {} : { end }) };
  return { collector: 'hook', between: [2, 3], alerts: [one], ...rest };
};
const scenario = (...expected: readonly Expectation[]): Scenario => ({ id: 'x', config: '', steps: [], expect: expected });

test.each([
  { given: 'what is wanted, in its window', expects: [wanted('a')], came: [body(2.5, alert('a'))], wrong: [] },
  { given: 'a resolve at its time', expects: [wanted('a', { end: 2 })], came: [body(2.5, alert('a', 2.1))], wrong: [] },
  {
    given: 'two of a kind, one for each window',
    expects: [wanted('a', { between: [2, 4] }), wanted('a')],
    came: [body(2.5, alert('a')), body(3.5, alert('a'))],
    wrong: [],
  },
  { given: 'what comes after the end', expects: [wanted('a')], came: [body(2.5, alert('a')), body(3.5, alert('b'))], wrong: [] },
  { given: 'a moment too early for sharp clocks', expects: [wanted('a')], came: [body(1.96, alert('a'))], wrong: [] },
  { given: 'nothing', expects: [wanted('a')], came: [], wrong: [/nothing came/] },
  { given: 'too early', expects: [wanted('a')], came: [body(1.9, alert('a'))], wrong: [/did not come/, /not expected/] },
  { given: 'one for two', expects: [wanted('a'), wanted('a')], came: [body(2.5, alert('a'))], wrong: [/did not come/] },
  { given: 'one too many', expects: [wanted('a')], came: [body(2.5, alert('a')), body(2.6, alert('a'))], wrong: [/not expected/] },
  { given: 'a firing for a resolve', expects: [wanted('a', { end: 2 })], came: [body(2.5, alert('a'))], wrong: [/no {/, /not expected/] },
  { given: 'a resolve too late', expects: [wanted('a', { end: 2 })], came: [body(2.5, alert('a', 2.3))], wrong: [/no {/, /not/] },
  { given: 'one alert more', expects: [wanted('a')], came: [body(2.5, alert('a'), alert('b'))], wrong: [/2 alerts instead of 1/, /not/] },
  {
    given: 'the wrong order where it matters',
    expects: [wanted('a', { ordered: true, alerts: [{ labels: { alertname: 'a' } }, { labels: { alertname: 'b' } }] })],
    came: [body(2.5, alert('b'), alert('a'))],
    wrong: [/not in its place/, /not expected/],
  },
  {
    given: 'another receiver',
    expects: [wanted('a', { payload: { receiver: 'other' } })],
    came: [body(2.5, alert('a'))],
    wrong: [/receiver is "r"/, /not expected/],
  },
  {
    given: 'something in a silence',
    expects: [wanted('a', { alerts: [] }), wanted('b')],
    came: [body(2.5, alert('b'))],
    wrong: [/nothing expected/],
  },
])('$given', ({ expects, came, wrong }) => {
  const problems = judge(scenario(...expects), came, ZERO_MS);
  expect(problems).toEqual(wrong.map((pattern) => expect.stringMatching(pattern)));
});
