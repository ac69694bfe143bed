import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { sampleLine, typeLine } from './exposition-text.ts';

test.each([
  [{ __name__: 'up', instance: 'a:1', job: 'x' }, 1, 'up{instance="a:1",job="x"} 1 5\n'],
  [{ __name__: 'up' }, 1_000_000, 'up{instance=""} 1e+06 5\n'],
  [{ __name__: 'up', a: '"\\\n\t\u200bü' }, Number.POSITIVE_INFINITY, 'up{a="\\"\\\\\\n\t\u200bü",instance=""} +Inf 5\n'],
  [{ __name__: 'a.b', 'c d': 'e' }, -0.5, '{"a.b","c d"="e",instance=""} -0.5 5\n'],
])('%j of %d is written %s', (labels, value, line) => {
  expect(sampleLine(Labels.of(labels), { value, atMs: 5 }, 'allow-utf-8')).toBe(line);
});

test('names are told as the reader asks for them', () => {
  expect(sampleLine(Labels.of({ __name__: 'a.b', 'c d': 'e' }), { value: 1, atMs: 5 }, 'underscores')).toBe(
    'a_b{c_d="e",instance=""} 1 5\n',
  );
  expect([typeLine('a.b', 'allow-utf-8'), typeLine('a.b', 'dots')]).toEqual(['# TYPE "a.b" untyped\n', '# TYPE a_dot_b untyped\n']);
});
