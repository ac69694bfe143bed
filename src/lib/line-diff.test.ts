import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff } from './line-diff.ts';

test.each([
  { before: 'a\nb\nc', after: 'a\nb\nc', diff: '  a\n  b\n  c' },
  { before: 'a\nb\nc', after: 'a\nx\nc', diff: '  a\n- b\n+ x\n  c' },
  { before: 'a', after: 'b\na', diff: '+ b\n  a' },
  { before: 'a\nb', after: 'b', diff: '- a\n  b' },
])('$before to $after', ({ before, after, diff }) => {
  expect(lineDiff(before, after)).toBe(diff);
});

test('holds both texts', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before.join('\n'), after.join('\n')).split('\n');
      const side = (not: string): string[] => lines.filter((line) => !line.startsWith(not)).map((line) => line.slice(2));
      expect(side('+')).toEqual(before);
      expect(side('-')).toEqual(after);
    }),
  );
});
