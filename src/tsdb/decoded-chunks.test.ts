import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highWordOf, lowWordOf } from '../lib/float-bits.ts';
import { SampleColumns, STALE_NAN } from '../model/sample.ts';
import { DecodedChunks } from './decoded-chunks.ts';
import { appendXor, readXorChunk, startXorChunk, XOR_STATE_WORDS, xorChunkBytes } from './xor-chunk.ts';

/** A chunk that can grow. */
class Chunk {
  readonly bytes = new Uint8Array(8192);
  readonly #states = (() => {
    const words = new Uint32Array(XOR_STATE_WORDS);
    return { words, floats: new Float64Array(words.buffer) };
  })();
  readonly minTime: number;
  #time: number;

  constructor(minTime: number) {
    this.minTime = minTime;
    this.#time = minTime;
    startXorChunk(this.#states, 0);
  }

  append(step: number, value: number): void {
    appendXor(this.bytes, 0, this.#states, 0, this.#time, highWordOf(value), lowWordOf(value));
    this.#time += step;
  }

  get end(): number {
    return xorChunkBytes(this.#states, 0);
  }
}

const seen = ({ timestamps, values, length }: SampleColumns): unknown[] =>
  Array.from({ length }, (_, i) => [timestamps[i], highWordOf(values[i]!), lowWordOf(values[i]!)]);

const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.oneof(fc.double(), fc.constantFrom(1, 2, STALE_NAN))), {
  minLength: 1,
  maxLength: 40,
});

test('a chunk reads the same whether it is decoded, kept or followed as it grows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e12 }),
      fc.array(samples, { minLength: 1, maxLength: 5 }),
      fc.nat(3e6),
      fc.nat(3e6),
      (minTime, parts, a, b) => {
        const chunk = new Chunk(minTime);
        const decoded = new DecodedChunks();
        for (const part of parts) {
          for (const [step, value] of part) chunk.append(step, value);
          for (const [from, to] of [
            [-Infinity, Infinity],
            [minTime + a, minTime + a + b],
          ] as const) {
            const expected = new SampleColumns();
            readXorChunk(chunk.bytes, 0, chunk.end, from, to, expected);
            const got = new SampleColumns();
            expect(decoded.read(7, chunk.bytes, 0, chunk.end, minTime, from, to, got)).toBe(true);
            expect(seen(got)).toEqual(seen(expected));
          }
        }
      },
    ),
  );
});

test('a chunk is kept from its second reading on, until its key is forgotten', () => {
  const chunk = new Chunk(1000);
  chunk.append(10, 1);
  const decoded = new DecodedChunks();
  const read = (): boolean => decoded.read(3, chunk.bytes, 0, chunk.end, 1000, 0, 2000, new SampleColumns());
  read();
  expect(decoded.count).toBe(0);
  read();
  expect(decoded.count).toBe(1);
  decoded.forget(3);
  expect(decoded.count).toBe(0);
});

test('a key that another chunk has taken over reads the other chunk', () => {
  const decoded = new DecodedChunks();
  const first = new Chunk(1000);
  const second = new Chunk(5000);
  for (const value of [1, 2, 3]) first.append(10, value);
  second.append(10, 9);
  for (let i = 0; i < 3; i++) decoded.read(-1, first.bytes, 0, first.end, 1000, 0, 1e4, new SampleColumns());
  const got = new SampleColumns();
  decoded.read(-1, second.bytes, 0, second.end, 5000, 0, 1e4, got);
  expect([...got.values.subarray(0, got.length)]).toEqual([9]);
});

test('a corrupt chunk is told, and nothing of it is kept', () => {
  const decoded = new DecodedChunks();
  const chunk = new Chunk(1000);
  for (const value of [1, 2.5, 3]) chunk.append(10, value);
  for (let i = 0; i < 3; i++) expect(decoded.read(1, chunk.bytes, 0, chunk.end - 3, 1000, 0, 1e4, new SampleColumns())).toBe(false);
  expect(decoded.count).toBe(0);
});

test('what does not fit pushes others out, and all still read right', () => {
  const decoded = new DecodedChunks();
  const chunk = new Chunk(1000);
  chunk.append(10, 42);
  for (let round = 0; round < 3; round++) {
    for (let key = 1; key <= 40_000; key++) {
      const got = new SampleColumns(1);
      decoded.read(key, chunk.bytes, 0, chunk.end, 1000, 0, 2000, got);
      if (got.length !== 1 || got.values[0] !== 42) throw new Error(`chunk ${key} reads wrong`);
    }
  }
  expect(decoded.count).toBe(32_768);
});
