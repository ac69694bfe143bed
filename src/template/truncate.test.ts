import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runeCount } from '../lib/runes.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';
import { truncateBytes, truncateRunes } from './truncate.ts';

test.each([
  { text: 'hello', max: 5, becomes: 'hello' },
  { text: 'hello!', max: 5, becomes: 'hell…' },
  { text: '🙂🙂🙂🙂🙂', max: 4, becomes: '🙂🙂🙂…' },
  { text: 'hello', max: 3, becomes: 'hel' },
  { text: 'hello', max: 0, becomes: '' },
])('$text in $max runes is $becomes', ({ text, max, becomes }) => {
  expect(truncateRunes(text, max)).toEqual({ text: becomes, isTruncated: becomes !== text });
});

test.each([
  { text: 'hello', max: 4, becomes: 'h…' },
  { text: 'hello', max: 3, becomes: '…' },
  { text: 'hello', max: 2, becomes: '..' },
  { text: '🙂🙂🙂', max: 8, becomes: '🙂…' },
  { text: '🙂🙂🙂', max: 6, becomes: '…' },
])('$text in $max bytes is $becomes', ({ text, max, becomes }) => {
  expect(truncateBytes(text, max)).toEqual({ text: becomes, isTruncated: true });
});

test('no text is longer than asked', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 20 }), (text, max) => {
      expect(runeCount(truncateRunes(text, max).text)).toBeLessThanOrEqual(max);
      expect(utf8Length(truncateBytes(text, max).text)).toBeLessThanOrEqual(max);
    }),
  );
});
