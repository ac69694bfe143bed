import { describe, expect, test } from 'vitest';
import { hashBytes, viewOf } from '../lib/bytes.ts';
import type { SeriesRef } from '../model/storage.ts';
import { SpellingCache } from './spelling-cache.ts';

/** Spellings as they lie in a request: in the midst of other bytes. */
function open(bounds: { readonly entriesMax?: number; readonly bytesMax?: number } = {}) {
  const cache = new SpellingCache(bounds);
  const within = <T>(spelling: string, use: (bytes: DataView, from: number, to: number) => T): T =>
    use(viewOf(Buffer.from(`<${spelling}>`)), 1, 1 + spelling.length);
  return {
    get: (spelling: string) => within(spelling, (bytes, from, to) => cache.get(bytes, from, to)),
    set: (spelling: string, ref: number) => within(spelling, (bytes, from, to) => cache.set(bytes, from, to, ref as SeriesRef)),
  };
}

test('what was set is found, many and of every length', () => {
  const { get, set } = open();
  const spellings = Array.from({ length: 5000 }, (_, i) => `${'y'.repeat(i % 300)}${i}`);
  for (const [i, spelling] of spellings.entries()) set(spelling, i + 1);
  expect(spellings.filter((spelling, i) => get(spelling) !== i + 1)).toEqual([]);
  expect(get('z')).toBeNull();
});

test('a series that came again has its new ref', () => {
  const { get, set } = open();
  set('a', 1);
  set('a', 2);
  expect(get('a')).toBe(2);
});

describe('a cache that is full', () => {
  test.each([
    { of: 'entries', bounds: { entriesMax: 2 } },
    { of: 'bytes', bounds: { bytesMax: 2 } },
  ])('of $of forgets what was not used while it filled again', ({ bounds }) => {
    const { get, set } = open(bounds);
    for (const [i, spelling] of ['a', 'b', 'c'].entries()) set(spelling, i + 1);
    expect(get('b')).toBe(2);
    set('d', 4);
    expect([get('a'), get('b'), get('d')]).toEqual([null, 2, 4]);
  });

  test('finds the newer ref of what is in both of its tables', () => {
    const { get, set } = open({ entriesMax: 1 });
    set('a', 1);
    set('b', 2);
    set('a', 3);
    expect(get('a')).toBe(3);
  });
});

test('of spellings that are to lie at the same place some are kept, and no other ones are in their way', () => {
  const { get, set } = open();
  const isFirst = (spelling: string): boolean => (hashBytes(viewOf(Buffer.from(spelling)), 0, spelling.length) & 127) === 0;
  const colliding = Array.from({ length: 200_000 }, (_, i) => `${i}`)
    .filter(isFirst)
    .slice(0, 100);
  for (const [i, spelling] of colliding.entries()) set(spelling, i + 1);
  set('other', 1000);
  expect(colliding.filter((spelling, i) => get(spelling) === i + 1)).toHaveLength(64);
  expect(colliding.filter((spelling) => get(spelling) === null)).toHaveLength(36);
  expect(get('other')).toBe(1000);
});
