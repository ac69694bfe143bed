import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goQuote } from './go-quote.ts';
import { goUnquote } from './go-unquote.ts';

test.each([
  ['"bar"', 'bar'],
  ['"a\\tb\\x41\\101\\u00e9\\U0001f642"', 'a\tbAAé🙂'],
  ['"\\xf0\\x9f\\x99\\x82"', '🙂'],
  ['"\\xf0\\x9f"', null],
  ['"\\w"', null],
  ['"\\ud800"', null],
  ['"\\777"', null],
  ['"\\\'"', null],
  ['"a"b"', null],
  ['"a\nb"', null],
  ['"', null],
  ['bar', null],
])('%s unquotes to %j', (literal, text) => {
  expect(goUnquote(literal)).toBe(text);
});

test('unquoting undoes quoting', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => goUnquote(goQuote(text)) === text));
});
