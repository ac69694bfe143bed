/**
 * Text in aligned columns, as Go's text/tabwriter lays it out with spaces and a padding of two: a cell ends at a tab, and
 * the cells of one column that stand in neighbouring lines get the width of the widest. What follows the last tab of a
 * line belongs to no column. Widths are counted in code points. Leaves out Go's flags, HTML filtering and tabs as padding.
 */
import { runeCount } from './runes.ts';

const PADDING = 2;

export function alignColumns(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  layOut(lines, widths, { from: 0, to: lines.length }, 0);
  return lines.map((cells, i) => cells.map((cell, column) => padded(cell, widths[i]?.[column] ?? 0)).join('')).join('\n');
}

/** Sets the width of `column` for each run of lines in the range that have such a column, then of the columns right of it. */
function layOut(lines: readonly (readonly string[])[], widths: number[][], range: { from: number; to: number }, column: number): void {
  const isCell = (i: number): boolean => column < (lines[i]?.length ?? 0) - 1;
  for (let from = range.from; from < range.to; from++) {
    if (!isCell(from)) continue;
    let to = from;
    let width = 0;
    for (; to < range.to && isCell(to); to++) width = Math.max(width, runeCount(lines[to]?.[column] ?? '') + PADDING);
    for (let i = from; i < to; i++) widths[i]?.push(width);
    layOut(lines, widths, { from, to }, column + 1);
    from = to;
  }
}

const padded = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - runeCount(cell)));
