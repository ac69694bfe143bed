import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goQuote } from './go-quote.ts';
import { goUnquote } from './go-unquote.ts';

test.each([
  ['"bar"', 'bar'],
  ['"a\\tb\\x41\\101\\u00e9\\U0001f642"', 'a\tbAAé🙂'],
  ['"\\xf0\\x9f\\x99\\x82"', '🙂'],
  ['"\\xf0\\x9f"', '\udcf0\udc9f'],
  ['"\\w"', null],
  ['"\\777"', null],
  ['"\\\'"', null],
  ['"a"b"', null],
  ['"a\nb"', null],
  ['"', null],
  ['bar', null],
])('%s unquotes to %j', (literal, text) => {
  expect(goUnquote(literal)).toBe(text);
});

test('a surrogate is replaced as Prometheus does, or refused as strconv does', () => {
  expect(goUnquote('"\\ud800"')).toBe('\ufffd');
  expect(goUnquote('"\\ud800"', 'refuse')).toBeNull();
  expect(goUnquote('"\\\\ud800"', 'refuse')).toBe('\\ud800');
});

test('unquoting undoes quoting', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => goUnquote(goQuote(text)) === text));
});
