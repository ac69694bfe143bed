/**
 * Go's sort.Sort, as far as its order can be told: up to 12 elements it sorts by insertion, so that equal ones keep their
 * order, and elements whose comparison contradicts itself (NaN with NaN) come as they do there. Longer ones are sorted
 * stably, where Go promises nothing, and piece by piece.
 */
import { slicedSort } from './sliced-sort.ts';

const INSERTION_MAX = 12;

/** In place; says in between how many items it has moved. `less(a, b)`: a comes before b. */
export function* goSort<T>(items: T[], less: (a: T, b: T) => boolean): Generator<number, T[]> {
  if (items.length > INSERTION_MAX) return yield* slicedSort(items, (a, b) => (less(a, b) ? -1 : less(b, a) ? 1 : 0));
  for (let i = 1; i < items.length; i++) {
    for (let at = i; at > 0; at--) {
      const [before, after] = [items[at - 1] as T, items[at] as T]; // in bounds
      if (!less(after, before)) break;
      items[at - 1] = after;
      items[at] = before;
    }
  }
  return items;
}
