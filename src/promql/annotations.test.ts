import { expect, test } from 'vitest';
import { Annotations } from './annotations.ts';

const span = (start: number) => ({ start, end: start + 1 });

test('equal texts are kept once, where they were seen last', () => {
  const annotations = new Annotations();
  annotations.possibleNonCounter('a', span(3));
  annotations.possibleNonCounter('a', span(7));
  annotations.invalidQuantile(Number.NaN, span(0));
  expect(annotations.print('info', 'a query of one line')).toEqual([
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "a" (1:8)',
  ]);
  expect(annotations.print('warning', 'a')).toEqual(['PromQL warning: quantile value should be between 0 and 1, got NaN (1:1)']);
});

test('a position counts lines and bytes', () => {
  const annotations = new Annotations();
  annotations.counterResetCollision('addition', span(9));
  expect(annotations.print('warning', 'ä +\n  sum(x)')).toEqual([
    'PromQL warning: conflicting counter resets during histogram addition (2:5)',
  ]);
});

test('forced monotonicity tells all that was forced', () => {
  const annotations = new Annotations();
  annotations.forcedMonotonicity('', span(0), 60_000, { minBucket: 1, maxBucket: 5, maxDiff: 0.125 });
  annotations.forcedMonotonicity('', span(4), 0, { minBucket: 0.5, maxBucket: 1, maxDiff: 12345 });
  expect(annotations.print('info', 'q + q')[0]).toContain(
    ', from buckets 0.5 to 5, with a max diff of 1.2e+04, over 2 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:1)',
  );
});

test('a difference half way between two of its digits is told as the even one', () => {
  const annotations = new Annotations();
  annotations.forcedMonotonicity('', span(0), 0, { minBucket: 1, maxBucket: 1, maxDiff: 105 });
  expect(annotations.print('info', 'q')[0]).toContain(', with a max diff of 1e+02, ');
});

test('overlapping starts are counted, at the place of the first', () => {
  const annotations = new Annotations();
  for (let i = 0; i < 3; i++) annotations.startTimeOverlap('m', span(i));
  expect(annotations.print('warning', 'q+q')).toEqual([
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "m" (3 occurrences) (1:1)',
  ]);
});
