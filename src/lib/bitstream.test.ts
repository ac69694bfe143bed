import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peekBits, putBits, putBits64 } from './bitstream.ts';

const field = fc
  .integer({ min: 1, max: 32 })
  .chain((count) => fc.tuple(fc.constant(count), fc.bigInt({ min: 0n, max: (1n << BigInt(count)) - 1n })));

test('fields are read as they were written, at any place of a buffer that was used before', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.array(field, { maxLength: 60 }), (start, fields) => {
      const bytes = new Uint8Array(start + 300).fill(0xff);
      let at = start * 8;
      for (const [count, value] of fields) at = putBits(bytes, at, Number(value) | 0, count);
      let from = start * 8;
      for (const [count, value] of fields) {
        expect(peekBits(bytes, from) >>> (32 - count)).toBe(Number(value));
        from += count;
      }
      // The rest of the last byte is zero.
      if (at % 8 !== 0) expect(bytes[at >>> 3]! & ((1 << (8 - (at % 8))) - 1)).toBe(0);
    }),
  );
});

test('bits of a value above its count are left out', () => {
  const bytes = new Uint8Array(2);
  expect(putBits(bytes, putBits(bytes, 0, 0, 3), 0xffff, 4)).toBe(7);
  expect([...bytes]).toEqual([0b0001_1110, 0]);
});

test('64 bits go high half first', () => {
  const bytes = new Uint8Array(9);
  putBits64(bytes, 4, 0x12345678, 0x9abcdef0);
  expect([...bytes]).toEqual([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00]);
});

test('bits beyond the buffer read as zero', () => {
  expect(peekBits(Uint8Array.of(0xff), 4) >>> 0).toBe(0xf0000000);
});
