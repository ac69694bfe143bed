import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitted, segmentCount, sendable } from './segments.ts';

describe('a text is put into the alphabet of GSM where nothing is lost', () => {
  test.each([
    { given: 'CPU > 95.3 % on web-1', sent: 'CPU > 95.3 % on web-1' },
    { given: '“disk” – it’s full…', sent: '"disk" - it\'s full...' },
    { given: 'a\u00a0b\u2009c\td', sent: 'a b c d' },
    { given: 'naïve façade, Łódź', sent: 'naive facade, Lodz' },
    { given: 'Größe über 5 µs', sent: 'Größe über 5 us' },
    { given: 'x ≥ 5 → page', sent: 'x >= 5 -> page' },
    { given: '🔥 disk 👩‍👩‍👧 full 🇩🇪', sent: ' disk  full ' },
    { given: 'one\r\ntwo\u0007', sent: 'one\ntwo' },
    { given: 'диск полон – 🔥', sent: 'диск полон – 🔥' },
    { given: '磁盘已满', sent: '磁盘已满' },
  ])('$given', ({ given, sent }) => {
    expect(sendable(given)).toBe(sent);
  });
});

test.each([
  { text: '', segments: 1 },
  { text: 'x'.repeat(160), segments: 1 },
  { text: 'x'.repeat(161), segments: 2 },
  { text: 'x'.repeat(306), segments: 2 },
  { text: 'x'.repeat(307), segments: 3 },
  { text: '€'.repeat(80), segments: 1 },
  { text: '€'.repeat(81), segments: 2 },
  // The escape and its character stay together: 76 of them fill 152 places.
  { text: '€'.repeat(152), segments: 2 },
  { text: '€'.repeat(153), segments: 3 },
  { text: 'ж'.repeat(70), segments: 1 },
  { text: 'ж'.repeat(71), segments: 2 },
  { text: `ж${'🔥'.repeat(34)}`, segments: 1 },
  { text: `ж${'🔥'.repeat(35)}`, segments: 2 },
])('$# takes $segments segments', ({ text, segments }) => {
  expect(segmentCount(text)).toBe(segments);
});

describe('a text that is too long', () => {
  test('is cut before its tail, which stays whole', () => {
    const text = fitted('x'.repeat(500), '\nReply a 12', 2);
    expect(text).toBe(`${'x'.repeat(306 - 3 - 11)}...\nReply a 12`);
    expect(segmentCount(text)).toBe(2);
  });

  test('is cut between what is seen as one character', () => {
    const family = '👩‍👩‍👧';
    const text = fitted(`ж${family.repeat(50)}`, '', 2);
    expect(text).toMatch(/^ж(👩‍👩‍👧)+\.\.\.$/u);
  });

  test('of 300 KB is cut as soon as one of 300', () => {
    expect(segmentCount(fitted('label '.repeat(50_000), '\nReply', 3))).toBe(3);
  });

  test('never takes more segments than it may, and never loses its tail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.integer({ min: 1, max: 3 }), (head, segments) => {
        const text = fitted(head, '\nReply a 12', segments);
        expect(text.endsWith('\nReply a 12')).toBe(true);
        expect(segmentCount(text)).toBeLessThanOrEqual(segments);
        expect(() => encodeURIComponent(text)).not.toThrow(); // it does for half a character
      }),
    );
  });
});
