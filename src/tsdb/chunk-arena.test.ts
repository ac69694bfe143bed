import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkArena } from './chunk-arena.ts';

type Step = { readonly bytes: number } | { readonly free: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ bytes: fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.integer({ min: 1, max: 400_000 })) }),
  fc.record({ free: fc.nat() }),
);

test('no chunk is touched by another, and what is freed is used again', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const arena = new ChunkArena();
      const live: { address: number; bytes: number; mark: number }[] = [];
      const check = ({ address, bytes, mark }: (typeof live)[number]): void => {
        const slab = arena.slab(address);
        const start = arena.start(address);
        expect([slab[start], slab[start + bytes - 1]]).toEqual([mark, mark]);
      };
      for (const [i, one] of steps.entries()) {
        if ('bytes' in one) {
          const address = arena.allocate(one.bytes);
          expect(arena.capacity(address)).toBeGreaterThanOrEqual(one.bytes);
          const mark = i % 251;
          arena.slab(address).fill(mark, arena.start(address), arena.start(address) + one.bytes);
          live.push({ address, bytes: one.bytes, mark });
        } else if (live.length > 0) {
          const [chunk] = live.splice(one.free % live.length, 1);
          check(chunk!);
          arena.free(chunk!.address);
        }
      }
      live.forEach(check);
      for (const { address } of live) arena.free(address);
      expect(arena.usedBytes).toBe(0);
      expect(arena.reservedBytes).toBeLessThan(5 * 1024 * 1024); // a few spare slabs
    }),
    { numRuns: 60 },
  );
});

test('a slot wastes little', () => {
  const arena = new ChunkArena();
  for (const bytes of [1, 40, 250, 300, 1000, 5000, 100_000]) {
    expect(arena.capacity(arena.allocate(bytes))).toBeLessThanOrEqual(Math.max(16, bytes * 1.28));
  }
});

test('memory stays where it is when the same amount comes and goes', () => {
  const arena = new ChunkArena();
  const ring: number[] = [];
  for (let i = 0; i < 200_000; i++) {
    ring.push(arena.allocate(100 + ((i * 7) % 300)));
    if (ring.length > 5000) arena.free(ring.shift()!);
  }
  expect(arena.reservedBytes).toBeLessThan(30 * 1024 * 1024);
});
