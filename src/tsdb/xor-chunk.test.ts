import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highWordOf, lowWordOf } from '../lib/float-bits.ts';
import { SampleColumns, STALE_NAN } from '../model/sample.ts';
import { appendXor, readXorChunk, startXorChunk, XOR_STATE_WORDS, xorChunkBytes, xorChunkCount } from './xor-chunk.ts';

type Sample = readonly [timestamp: number, value: number];

/** Encodes at an odd place of a dirty buffer, as in an arena. */
function encode(samples: readonly Sample[]): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
  const bytes = new Uint8Array(samples.length * 20 + 100).fill(0xff);
  const start = 7;
  const words = new Uint32Array(XOR_STATE_WORDS * 2);
  const states = { words, floats: new Float64Array(words.buffer) };
  startXorChunk(states, XOR_STATE_WORDS);
  for (const [t, v] of samples) appendXor(bytes, start, states, XOR_STATE_WORDS, t, highWordOf(v), lowWordOf(v));
  expect(xorChunkCount(states, XOR_STATE_WORDS)).toBe(samples.length);
  return { bytes, start, end: start + xorChunkBytes(states, XOR_STATE_WORDS) };
}

function decode(
  { bytes, start, end }: ReturnType<typeof encode>,
  fromMs = -Infinity,
  toMs = Infinity,
): readonly (readonly [number, string])[] {
  const columns = new SampleColumns(2);
  expect(readXorChunk(bytes, start, end, fromMs, toMs, columns)).toBe(true);
  return Array.from({ length: columns.length }, (_, i) => [columns.timestamps[i]!, bits(columns.values[i]!)]);
}

const bits = (value: number): string => `${highWordOf(value).toString(16)}:${lowWordOf(value).toString(16)}`;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the bytes are those of the format, worked out by hand', () => {
  const { bytes, start, end } = encode([
    [1000, 1],
    [1015, 1],
    [1030, 2],
  ]);
  const expected = [
    '0003', // samples
    'd00f', // varint 1000
    '3ff0000000000000', // 1.0
    '0f', // uvarint 15
    // Same value 0 | delta of delta 0 | 1.0 ^ 2.0 = 7ff0…: new window 11, leading 00001, significant 001011, eleven ones
    '3097ffc0',
  ];
  expect(hex(bytes.subarray(start, end))).toBe(expected.join(''));
});

const value = fc.oneof(
  fc.double(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0, -0, STALE_NAN, Number.NaN, Infinity, 1e300, 5e-324),
);
const delta = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.constantFrom(8191, 8192, 8193, 8194, 65535, 65536, 65537, 524287, 524288, 524289, 2 ** 31, 2 ** 33, 2 ** 40),
  fc.integer({ min: 1, max: 600_000 }),
);
const series = fc
  .tuple(fc.integer({ min: -(2 ** 48), max: 2 ** 48 }), fc.array(fc.tuple(delta, value), { minLength: 1, maxLength: 140 }))
  .map(([first, steps]) => {
    let timestamp = first;
    return steps.map(([step, v]): Sample => [(timestamp += step), v]);
  });

test('what is appended is read, bit by bit', () => {
  fc.assert(
    fc.property(series, (samples) => {
      expect(decode(encode(samples))).toEqual(samples.map(([t, v]) => [t, bits(v)]));
    }),
    { numRuns: 400 },
  );
});

test('a range reads the samples within it', () => {
  fc.assert(
    fc.property(series, fc.nat(140), fc.nat(140), (samples, a, b) => {
      const from = samples[Math.min(a, samples.length - 1)]![0];
      const to = samples[Math.min(b, samples.length - 1)]![0];
      expect(decode(encode(samples), from, to).map(([t]) => t)).toEqual(samples.map(([t]) => t).filter((t) => t >= from && t <= to));
    }),
  );
});

test('a damaged chunk is told or misread, and never throws', () => {
  fc.assert(
    fc.property(series, fc.nat(), fc.nat(255), fc.nat(), (samples, at, byte, cut) => {
      const chunk = encode(samples);
      const length = chunk.end - chunk.start;
      chunk.bytes[chunk.start + (at % length)] = byte;
      const columns = new SampleColumns();
      readXorChunk(chunk.bytes, chunk.start, chunk.end, -Infinity, Infinity, columns);
      columns.clear();
      readXorChunk(chunk.bytes, chunk.start, chunk.start + (cut % length), -Infinity, Infinity, columns);
    }),
  );
});
