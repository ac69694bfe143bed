import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, runeWidth, utf8Length } from './utf8-bytes.ts';

test('any bytes survive being text', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(encodeUtf8(decodeUtf8(bytes))).toEqual(bytes);
    }),
  );
});

test('well-formed text is encoded as everywhere', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(encodeUtf8(text)).toEqual(bytes);
      expect(decodeUtf8(bytes)).toBe(text);
    }),
  );
});

test.each([
  [[0x61, 0xff, 0x62], 'a\udcffb'],
  [[0xe2, 0x82], '\udce2\udc82'],
  [[0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
])('bytes %j are the text %j', (bytes, text) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toBe(text);
});

test('half of a rune is not mistaken for a byte', () => {
  expect(encodeUtf8('\ud83d\udcff')).toEqual(new TextEncoder().encode('\ud83d\udcff'));
  expect(encodeUtf8('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
});

test('the length is that of the bytes', () => {
  const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));
  const anyEscaped = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array().map(decodeUtf8), anyText);
  fc.assert(
    fc.property(anyEscaped, (text) => {
      expect(utf8Length(text)).toBe(encodeUtf8(text).length);
    }),
  );
});

test('a width is that of the well-formed rune, or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (rune) => {
      const bytes = new TextEncoder().encode(rune);
      expect(runeWidth(bytes, 0)).toBe(bytes.length);
      if (bytes.length > 1) expect([runeWidth(bytes, 1), runeWidth(bytes.subarray(0, -1), 0)]).toEqual([0, 0]);
    }),
  );
});
