import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from './finish.ts';
import { snappyBytesMax, snappyCompress, snappyDecompress, snappyDecompressInParts } from './snappy.ts';

function compress(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyBytesMax(bytes.length));
  return out.slice(0, snappyCompress(bytes, out));
}

test('what is compressed is decompressed', () => {
  const repetitive = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(300)).map(([bytes, times]) => {
    const all = new Uint8Array(bytes.length * times);
    for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
    return all;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 5000 }), repetitive), (bytes) => {
      expect(snappyDecompress(compress(bytes), bytes.length)).toEqual(bytes);
    }),
  );
});

test.each([
  { of: 'nothing', bytes: [], error: 'has no valid length' },
  { of: 'a length beyond the bound', bytes: [0xff, 0xff, 0xff, 0x7f, 0], error: 'at most 1000 are taken' },
  { of: 'a length that so few bytes cannot expand to', bytes: [0xe0, 0x07, 0x00, 0x61], error: 'cannot hold the 992 it declares' },
  { of: 'a copy from before the beginning', bytes: [4, 0x01, 0x05], error: 'is corrupt' },
])('$of is refused', ({ bytes, error }) => {
  expect(snappyDecompress(Uint8Array.from(bytes), 1000)).toEqual({ error: expect.stringContaining(error) });
});

test('in parts comes out what comes out at once, whatever became of the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(9), fc.option(fc.tuple(fc.nat(), fc.nat(255))), (bytes, times, change) => {
      const compressed = compress(Uint8Array.from({ length: bytes.length * times }, (_, i) => bytes[i % bytes.length] ?? 0));
      if (change !== null) compressed[change[0] % compressed.length] = change[1];
      const used = new Uint8Array(2000).fill(7);
      expect(finish(snappyDecompressInParts(compressed, 10_000, { room: used, partBytes: 64 }))).toEqual(
        snappyDecompress(compressed, 10_000),
      );
    }),
    { numRuns: 500 },
  );
});

test('no input throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void snappyDecompress(bytes, 10_000)),
    { numRuns: 500 },
  );
});
