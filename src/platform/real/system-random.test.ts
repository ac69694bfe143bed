import { expect, test } from 'vitest';
import { uuid } from '../../model/random.ts';
import { systemRandom } from './system-random.ts';

test('ids are version 4 UUIDs, each another, over many blocks', () => {
  const ids = Array.from({ length: 5000 }, () => uuid(systemRandom));
  expect(new Set(ids).size).toBe(5000);
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual([]);
});

test.each([0, 1, 16, 4096, 4097, 100_000])('%i bytes are that many, of a memory of their own', (length) => {
  const [first, second] = [systemRandom.bytes(length), systemRandom.bytes(length)];
  expect([first.length, second.length, first.buffer === second.buffer]).toEqual([length, length, false]);
  if (length >= 16) expect(first).not.toEqual(second);
});
