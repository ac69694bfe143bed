import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinHeap } from './heap.ts';

test('items come out in order, whatever order they went in, pushes and pops mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('pop' as const))), (steps) => {
      const heap = new MinHeap<number>((a, b) => a < b);
      let model: number[] = [];
      for (const step of steps) {
        if (step === 'pop') {
          expect(heap.pop()).toBe(model[0]);
          model = model.slice(1);
        } else {
          heap.push(step);
          model = [...model, step].sort((a, b) => a - b);
        }
        expect(heap.peek()).toBe(model[0]);
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});
