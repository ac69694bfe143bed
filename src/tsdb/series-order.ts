/**
 * Sorts series by their labels, as Prometheus' labels.Compare orders them: pair by pair, a prefix first. Works on symbol
 * numbers, one label pair after another, and compares strings only between the different values of a pair, so that a
 * label which all series share costs no comparison.
 *
 * Hot path: a selector that returns many series for the first time.
 */
import { slicedSort } from '../lib/sliced-sort.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import type { SeriesTable } from './series-table.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Below this a plain comparison of neighbours is quicker than grouping. */
const SMALL = 12;

/** Sorts slots[from, to) in place; says in between how many series it has moved. */
export function sortByLabels(
  slots: Uint32Array,
  from: number,
  to: number,
  series: SeriesTable,
  symbols: SymbolTable,
): Generator<number, void> {
  return sortRange({ slots, buffer: new Uint32Array(0), keys: new Uint32Array(0), series, symbols }, from, to, 0);
}

export function compareSeries(a: number, b: number, series: SeriesTable, symbols: SymbolTable, firstPair = 0): number {
  const pairs = Math.min(series.pairCount(a), series.pairCount(b));
  for (let pair = firstPair; pair < pairs; pair++) {
    const nameA = series.nameSymbol(a, pair);
    const nameB = series.nameSymbol(b, pair);
    if (nameA !== nameB) return compareUtf8(symbols.text(nameA), symbols.text(nameB));
    const valueA = series.valueSymbol(a, pair);
    const valueB = series.valueSymbol(b, pair);
    if (valueA !== valueB) return compareUtf8(symbols.text(valueA), symbols.text(valueB));
  }
  return series.pairCount(a) - series.pairCount(b);
}

type Sort = {
  readonly slots: Uint32Array;
  /** Scratch of the size of the largest range that was scattered; nested ranges are smaller and sorted afterwards. */
  buffer: Uint32Array;
  keys: Uint32Array;
  readonly series: SeriesTable;
  readonly symbols: SymbolTable;
};

type Group = { readonly nameSymbol: number; readonly valueSymbol: number; count: number; start: number };

function* sortRange(sort: Sort, from: number, to: number, firstPair: number): Generator<number, void> {
  const { slots, series, symbols } = sort;
  let pair = firstPair;
  for (;;) {
    if (to - from < 2) return;
    if (to - from <= SMALL) {
      insertionSort(slots, from, to, series, symbols, pair);
      return;
    }
    if (!isShared(slots, from, to, series, pair)) break;
    pair++;
  }

  // Group by the pair; series without one more pair are prefixes of the others and come first.
  if (sort.keys.length < to - from) {
    sort.keys = new Uint32Array(to - from);
    sort.buffer = new Uint32Array(to - from);
  }
  const grouping: Grouping = { groups: [], byName: new Map() };
  for (let at = from; at < to; at += PIECE) {
    const end = Math.min(at + PIECE, to);
    groupSome(sort, grouping, from, at, end, pair);
    yield end - at;
  }
  const ordered = yield* slicedSort(grouping.groups.slice(), (a, b) => compareGroups(a, b, symbols));
  scatter(sort, grouping.groups, ordered, from, to);
  let sorted = 0;
  for (const { nameSymbol, start, count } of ordered) {
    if (nameSymbol < 0 || count < 2) continue;
    // As its series moved, its start has become its end.
    if (count <= SMALL) {
      insertionSort(slots, start - count, start, series, symbols, pair + 1);
      sorted += count;
      if (sorted < PIECE) continue;
      yield sorted;
      sorted = 0;
    } else yield* sortRange(sort, start - count, start, pair + 1);
  }
}

/** Series that are looked at in one go. */
const PIECE = 4096;

type Grouping = { readonly groups: Group[]; readonly byName: Map<number, Map<number, number>> };

/** Finds the groups of slots[at, end), a part of a range that begins at `from`. */
function groupSome({ slots, series, keys }: Sort, { groups, byName }: Grouping, from: number, at: number, end: number, pair: number): void {
  for (let i = at; i < end; i++) {
    const slot = slots[i]!;
    const isEnded = series.pairCount(slot) <= pair;
    const nameSymbol = isEnded ? -1 : series.nameSymbol(slot, pair);
    const valueSymbol = isEnded ? -1 : series.valueSymbol(slot, pair);
    let byValue = byName.get(nameSymbol);
    if (byValue === undefined) {
      byValue = new Map();
      byName.set(nameSymbol, byValue);
    }
    let group = byValue.get(valueSymbol);
    if (group === undefined) {
      group = groups.length;
      groups.push({ nameSymbol, valueSymbol, count: 0, start: 0 });
      byValue.set(valueSymbol, group);
    }
    groups[group]!.count++;
    keys[i - from] = group;
  }
}

/** Moves the series of a range to their groups. */
function scatter({ slots, keys, buffer }: Sort, groups: readonly Group[], ordered: readonly Group[], from: number, to: number): void {
  let start = from;
  for (const group of ordered) {
    group.start = start;
    start += group.count;
  }
  for (let i = from; i < to; i++) buffer[groups[keys[i - from]!]!.start++ - from] = slots[i]!;
  for (let i = from; i < to; i++) slots[i] = buffer[i - from]!;
}

/** All series of the range have the same pair at this place. */
function isShared(slots: Uint32Array, from: number, to: number, series: SeriesTable, pair: number): boolean {
  const first = slots[from]!;
  if (series.pairCount(first) <= pair) return false;
  const nameSymbol = series.nameSymbol(first, pair);
  const valueSymbol = series.valueSymbol(first, pair);
  for (let i = from + 1; i < to; i++) {
    const slot = slots[i]!;
    if (series.pairCount(slot) <= pair || series.valueSymbol(slot, pair) !== valueSymbol || series.nameSymbol(slot, pair) !== nameSymbol)
      return false;
  }
  return true;
}

function compareGroups(a: Group, b: Group, symbols: SymbolTable): number {
  if (a.nameSymbol < 0 || b.nameSymbol < 0) return a.nameSymbol - b.nameSymbol;
  if (a.nameSymbol !== b.nameSymbol) return compareUtf8(symbols.text(a.nameSymbol), symbols.text(b.nameSymbol));
  return compareUtf8(symbols.text(a.valueSymbol), symbols.text(b.valueSymbol));
}

function insertionSort(slots: Uint32Array, from: number, to: number, series: SeriesTable, symbols: SymbolTable, pair: number): void {
  for (let i = from + 1; i < to; i++) {
    const slot = slots[i]!;
    let at = i;
    while (at > from && compareSeries(slots[at - 1]!, slot, series, symbols, pair) > 0) {
      slots[at] = slots[at - 1]!;
      at--;
    }
    slots[at] = slot;
  }
}
