import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { bufferCollector, discard } from './garbage-collection.ts';

const MEGABYTE = 1024 * 1024;
const buffersMade = (): number => process.memoryUsage().arrayBuffers;

test('a discarded buffer is gone, and its memory with it', () => {
  const before = buffersMade();
  const bytes = new Uint8Array(50 * MEGABYTE);
  expect(buffersMade() - before).toBeGreaterThanOrEqual(50 * MEGABYTE);
  discard(bytes.buffer);
  expect(bytes.byteLength).toBe(0);
  expect(buffersMade() - before).toBeLessThan(MEGABYTE);
});

test('buffers that nobody holds do not pile up, those that somebody holds stay', () => {
  const collect = bufferCollector();
  const held: Uint8Array[] = [];
  const before = getHeapStatistics().external_memory;
  let most = 0;
  for (let i = 0; i < 60; i++) {
    const bytes = new Uint8Array(MEGABYTE).fill(i);
    if (i % 20 === 0) held.push(bytes);
    collect();
    most = Math.max(most, getHeapStatistics().external_memory - before);
  }
  expect(most).toBeLessThan(20 * MEGABYTE);
  expect(held.map((bytes) => bytes[MEGABYTE - 1])).toEqual([0, 20, 40]);
});
