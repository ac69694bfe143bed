import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewOf } from '../lib/bytes.ts';
import type { SeriesRef } from '../model/storage.ts';
import { ScrapeCache } from './scrape-cache.ts';

/** A scrape of series given by name; `stored`: it commits. Returns what must get a stale marker. */
function scrape(cache: ScrapeCache<string>, names: readonly string[], stored = true): readonly number[] {
  cache.begin();
  for (const name of names) {
    const key = viewOf(Buffer.from(name));
    const found = cache.find(key, 0, key.byteLength);
    const entry = found < 0 ? cache.add(key, 0, key.byteLength, refOf(name)) : found;
    expect(cache.ref(entry)).toBe(refOf(name));
    if (found >= 0) cache.visit(entry);
    cache.track(entry);
  }
  const gone = stored ? cache.gone() : cache.allBefore();
  if (stored) cache.succeed();
  else cache.fail();
  return gone.toSorted((a, b) => a - b);
}

/** Names of one letter and spellings of it (a, a', a'') are one series. */
const refOf = (name: string): SeriesRef => name.charCodeAt(0) as SeriesRef;
const spelled = (...refs: number[]): string => refs.map((ref) => String.fromCharCode(ref)).join('');

test('what is gone is what a set of series says, whatever the order, the spelling and the failures', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-j]'{0,2}$/), { maxLength: 12 });
  const scrapes = fc.array(fc.record({ names, stored: fc.boolean() }), { maxLength: 12 });
  fc.assert(
    fc.property(scrapes, (all) => {
      const cache = new ScrapeCache<string>();
      let before = new Set<number>();
      for (const { names, stored } of all) {
        const now = new Set<number>(names.map(refOf));
        const expected = [...before].filter((ref) => !stored || !now.has(ref)).toSorted((a, b) => a - b);
        expect(spelled(...scrape(cache, names, stored))).toBe(spelled(...expected));
        before = stored ? now : new Set();
      }
    }),
  );
});

test('series owed their markers by a scrape that could not be stored get them later', () => {
  const cache = new ScrapeCache<string>();
  scrape(cache, ['a', 'b']);
  cache.begin();
  cache.abandon();
  expect(spelled(...scrape(cache, ['b', 'c']))).toBe('a');
  expect(spelled(...scrape(cache, ['b', 'c']))).toBe('');
});

test('forgotten spellings are not found, and their series still end', () => {
  const cache = new ScrapeCache<string>();
  scrape(cache, ['a', 'b']);
  cache.forget();
  expect(cache.size).toBe(0);
  expect(spelled(...scrape(cache, ["b'"]))).toBe('a');
});

test('the series that came next last time is expected next', () => {
  const cache = new ScrapeCache<string>();
  scrape(cache, ['a', 'b', 'c']);
  scrape(cache, ['c', 'a', 'b']);
  cache.begin();
  const order: string[] = [];
  for (let entry = cache.expected(); entry >= 0 && order.length < 3; entry = cache.expected()) {
    order.push(spelled(cache.ref(entry)));
    cache.visit(entry);
  }
  expect(order.join('')).toBe('cab');
});

test('what a good scrape no longer exposes takes no room, however many names there were', () => {
  const cache = new ScrapeCache<string>();
  for (let round = 0; round < 50; round++)
    scrape(
      cache,
      Array.from({ length: 200 }, (_, i) => `x${round}-${i}`),
    );
  expect(cache.size).toBe(200);
  expect(cache.keys.byteLength).toBeLessThan(10_000);
});

test('failing scrapes with new names each time are cut', () => {
  const cache = new ScrapeCache<string>();
  scrape(cache, ['a']);
  for (let round = 0; round < 50; round++)
    scrape(
      cache,
      Array.from({ length: 200 }, (_, i) => `x${round}-${i}`),
      false,
    );
  expect(cache.size).toBeLessThan(1500);
});

test('a metadata line is kept with what it says, and is no series', () => {
  const cache = new ScrapeCache<string>();
  const line = viewOf(Buffer.from('# HELP a b'));
  cache.begin();
  cache.addLine(line, 0, line.byteLength, 'b');
  cache.succeed();
  cache.begin();
  expect(cache.expected()).toBe(-1);
  expect(cache.line(cache.find(line, 0, line.byteLength))).toBe('b');
});
