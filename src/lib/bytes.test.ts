import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashBytes, sameBytes, viewOf } from './bytes.ts';

test('ranges are the same when their bytes are, and hash the same then', () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  fc.assert(
    fc.property(bytes, bytes, fc.nat(5), fc.nat(5), (head, other, before, after) => {
      const a = viewOf(head);
      const moved = viewOf(Uint8Array.from([...new Array<number>(before).fill(1), ...head, ...new Array<number>(after).fill(2)]));
      expect(sameBytes(a, 0, moved, before, head.length)).toBe(true);
      expect(hashBytes(moved, before, before + head.length)).toBe(hashBytes(a, 0, head.length));
      if (other.length === head.length) expect(sameBytes(a, 0, viewOf(other), 0, head.length)).toBe(Buffer.compare(head, other) === 0);
    }),
  );
});

test('ranges of zeros of different length hash differently', () => {
  const zeros = viewOf(new Uint8Array(9));
  expect(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8].map((length) => hashBytes(zeros, 0, length))).size).toBe(9);
});
