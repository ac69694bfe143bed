import { expect, test } from 'vitest';
import type { Answer } from '../../api/prometheus-v1/backend.ts';
import type { LabelsAnswer } from '../protocol.ts';
import { LabelsAnswers } from './labels-answers.ts';

const REQUEST = { fromMs: 10, toMs: 20, selectors: [], limit: 0, name: 'job' };
const HOLDS = { version: 7, fromMs: 5, toMs: 15 };
const text = (answer: Answer<{ readonly body: Uint8Array }>): string =>
  answer.kind === 'gave' ? new TextDecoder().decode(answer.gives.body) : answer.error.message;

/** An engine whose answers are numbered. */
function engine(given: Partial<LabelsAnswer> = {}) {
  let asked = 0;
  return async (): Promise<Answer<LabelsAnswer>> => ({
    kind: 'gave',
    gives: { body: new TextEncoder().encode(`answer ${++asked}`), holds: HOLDS, ...given },
  });
}

test('an answer is given again until labels have changed', async () => {
  const answers = new LabelsAnswers();
  const ask = engine();
  const find = async (): Promise<string> => text(await answers.find('labelValues', REQUEST, ask));
  expect([await find(), await find()]).toEqual(['answer 1', 'answer 1']);
  answers.changed(8);
  expect(await find()).toBe('answer 2');
});

test('whoever is given an answer may give its memory away', async () => {
  const answers = new LabelsAnswers();
  const ask = engine();
  for (let i = 0; i < 3; i++) {
    const answer = await answers.find('labelValues', REQUEST, ask);
    expect(text(answer)).toBe('answer 1');
    if (answer.kind === 'gave') answer.gives.body.fill(0);
  }
});

test.each([
  ['other times that overlap those it holds for', { ...REQUEST, fromMs: 15, toMs: 99 }, 'answer 1'],
  ['later times', { ...REQUEST, fromMs: 16, toMs: 99 }, 'answer 2'],
  ['earlier times', { ...REQUEST, fromMs: 0, toMs: 4 }, 'answer 2'],
  ['another label', { ...REQUEST, name: 'instance' }, 'answer 2'],
  ['selectors', { ...REQUEST, selectors: ['up'] }, 'answer 2'],
  ['a limit', { ...REQUEST, limit: 3 }, 'answer 2'],
])('%s', async (_what, request, expected) => {
  const answers = new LabelsAnswers();
  const ask = engine();
  await answers.find('labelValues', REQUEST, ask);
  expect(text(await answers.find('labelValues', request, ask))).toBe(expected);
});

test.each([
  ['an answer that holds for nothing else', engine({ holds: null })],
  ['one that takes much memory', engine({ body: new Uint8Array(300_000) })],
])('%s is not kept', async (_what, ask) => {
  const answers = new LabelsAnswers();
  await answers.find('labelNames', REQUEST, ask);
  let isAsked = false;
  await answers.find('labelNames', REQUEST, () => {
    isAsked = true;
    return ask();
  });
  expect(isAsked).toBe(true);
});

test('an answer that was under way when labels changed is not kept', async () => {
  const answers = new LabelsAnswers();
  const ask = engine();
  const first = await answers.find('labelValues', REQUEST, () => {
    answers.changed(8);
    return ask();
  });
  expect(text(first)).toBe('answer 1');
  expect(text(await answers.find('labelValues', REQUEST, ask))).toBe('answer 2');
});

test('a refusal is not kept', async () => {
  const answers = new LabelsAnswers();
  const refused = await answers.find('labelValues', REQUEST, async () => ({
    kind: 'refused',
    error: { type: 'unavailable', message: 'not now' },
  }));
  expect(text(refused)).toBe('not now');
  expect(text(await answers.find('labelValues', REQUEST, engine()))).toBe('answer 1');
});

test('what is kept is bounded: the oldest goes first', async () => {
  const answers = new LabelsAnswers();
  const find = async (name: string): Promise<boolean> => {
    let isAsked = false;
    await answers.find('labelValues', { ...REQUEST, name }, () => {
      isAsked = true;
      return engine({ body: new Uint8Array(200_000) })();
    });
    return isAsked;
  };
  for (let i = 0; i < 30; i++) await find(`label_${i}`);
  expect([await find('label_29'), await find('label_20'), await find('label_0')]).toEqual([false, false, true]);
});
