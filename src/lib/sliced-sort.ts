/**
 * A stable sort for those who may not hold their thread for as long as a million comparisons take: it goes on piece by
 * piece, and says in between how many items it has moved.
 */

/** Sorted at once. */
const RUN = 4096;

/** In place; returns `items`. */
export function* slicedSort<T>(items: T[], compare: (a: T, b: T) => number): Generator<number, T[]> {
  if (items.length <= RUN) return items.sort(compare);
  for (let from = 0; from < items.length; from += RUN) {
    const run = items.slice(from, from + RUN).sort(compare);
    for (let i = 0; i < run.length; i++) items[from + i] = run[i]!; // in bounds, as below
    yield run.length;
  }
  let source = items;
  let target = new Array<T>(items.length);
  for (let width = RUN; width < items.length; width *= 2) {
    for (let from = 0; from < items.length; from += 2 * width) {
      const middle = Math.min(from + width, items.length);
      const end = Math.min(from + 2 * width, items.length);
      let moved = 0;
      for (let i = from, j = middle, at = from; at < end; at++) {
        const takesFirst = j === end || (i < middle && compare(source[i]!, source[j]!) <= 0);
        target[at] = takesFirst ? source[i++]! : source[j++]!;
        if (++moved < RUN) continue;
        yield moved;
        moved = 0;
      }
    }
    [source, target] = [target, source];
  }
  if (source !== items) for (let i = 0; i < items.length; i++) items[i] = source[i]!;
  return items;
}
