import { expect, test } from 'vitest';
import { alignColumns } from './tab-writer.ts';

// Expected texts are what Go's tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) writes.
test.each([
  { given: 'no tabs', text: 'a\nbb\n', aligned: 'a\nbb\n' },
  { given: 'a table of which every cell ends at a tab', text: 'A\tBee\t\nlong\tc\t\n', aligned: 'A     Bee  \nlong  c    \n' },
  { given: 'text after the last tab', text: 'Status:\tready\nName:\tx\n', aligned: 'Status:  ready\nName:    x\n' },
  { given: 'an empty column', text: 'a\t\tb\nc\t\td\n', aligned: 'a    b\nc    d\n' },
  { given: 'a line without columns between two blocks', text: 'a\tb\nlonger\tb\n\nx\ty\n', aligned: 'a       b\nlonger  b\n\nx  y\n' },
  { given: 'lines with fewer columns', text: 'a\tb\tc\t\naaa\tbb\nx\tyyy\tz\t\n', aligned: 'a    b  c  \naaa  bb\nx    yyy  z  \n' },
  { given: 'wide characters', text: 'über\tx\n🔥\ty\n', aligned: 'über  x\n🔥     y\n' },
  { given: 'nothing', text: '', aligned: '' },
])('aligns $given', ({ text, aligned }) => {
  expect(alignColumns(text)).toBe(aligned);
});
