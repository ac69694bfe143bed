import { expect, test } from 'vitest';
import { unixMs } from '../model/time.ts';
import { WriteWatch } from './write-watch.ts';

type Batch = readonly [second: number, writer: 'a' | 'b', outcome: 'stored' | 'lost'];

/** Gaps in seconds, as they are known at `asked`. */
function gapsOf(batches: readonly Batch[], asked: number): readonly string[] {
  let second = 0;
  const watch = new WriteWatch({ now: () => unixMs(second * 1000) });
  const writers = { a: {}, b: {} };
  for (const [at, writer, outcome] of batches) {
    second = at;
    watch.noteBatch(writers[writer], outcome === 'stored');
  }
  second = asked;
  return watch.gaps.map(({ fromMs, toMs }) => `${fromMs / 1000}-${toMs / 1000}`);
}

const every = (step: number, from: number, to: number, outcome: 'stored' | 'lost', writer: 'a' | 'b' = 'a'): readonly Batch[] =>
  Array.from({ length: Math.floor((to - from) / step) }, (_, i) => [from + i * step, writer, outcome] as const);

test.each<{ given: string; batches: readonly Batch[]; asked: number; gaps: readonly string[] }>([
  { given: 'nothing is lost', batches: every(15, 0, 90, 'stored'), asked: 90, gaps: [] },
  {
    given: 'the last batches are lost: from the last good one until now',
    batches: [...every(15, 0, 30, 'stored'), ...every(15, 30, 60, 'lost')],
    asked: 55,
    gaps: ['15-55'],
  },
  {
    given: 'a good one comes again',
    batches: [...every(15, 0, 30, 'stored'), ...every(15, 30, 60, 'lost'), [60, 'a', 'stored']],
    asked: 500,
    gaps: ['15-60'],
  },
  {
    given: 'small batches of another writer are taken meanwhile',
    batches: [
      [0, 'a', 'stored'],
      [1, 'b', 'stored'],
      [60, 'a', 'lost'],
      [61, 'b', 'stored'],
      [70, 'b', 'stored'],
    ],
    asked: 80,
    gaps: ['0-80'],
  },
  {
    given: 'losses of two writers touch',
    batches: [
      [0, 'a', 'stored'],
      [5, 'b', 'stored'],
      [15, 'a', 'lost'],
      [20, 'b', 'lost'],
      [30, 'a', 'stored'],
      [35, 'b', 'stored'],
    ],
    asked: 40,
    gaps: ['0-35'],
  },
  {
    given: 'losses are apart',
    batches: [
      [0, 'a', 'stored'],
      [15, 'a', 'lost'],
      [30, 'a', 'stored'],
      [45, 'a', 'stored'],
      [60, 'a', 'lost'],
    ],
    asked: 61,
    gaps: ['0-30', '45-61'],
  },
  { given: 'the first batch of all is lost', batches: [[10, 'a', 'lost']], asked: 30, gaps: ['10-30'] },
  {
    given: 'a writer that lost something comes no more: until its last batch',
    batches: [
      [0, 'a', 'stored'],
      [15, 'a', 'lost'],
      [30, 'a', 'lost'],
    ],
    asked: 121,
    gaps: ['0-30'],
  },
  {
    given: 'a writer that seldom comes is waited for',
    batches: [
      [0, 'a', 'stored'],
      [600, 'a', 'lost'],
    ],
    asked: 1800,
    gaps: ['0-1800'],
  },
  {
    given: 'the clock was set back',
    batches: [
      [900, 'a', 'stored'],
      [300, 'a', 'lost'],
      [315, 'a', 'stored'],
      [920, 'a', 'stored'],
    ],
    asked: 930,
    gaps: ['300-315'],
  },
])('$given', ({ batches, asked, gaps }) => {
  expect(gapsOf(batches, asked)).toEqual(gaps);
});

test('what is remembered is bounded', () => {
  const batches = Array.from({ length: 1000 }, (_, i): Batch => [i * 100, 'a', i % 3 === 1 ? 'lost' : 'stored']);
  expect(gapsOf(batches, 100_000).length).toBe(64);
});
