import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonBytes } from './outgoing.ts';

test('half a rune becomes U+FFFD, and what only looks like one stays', () => {
  const sent = (text: string): unknown => JSON.parse(new TextDecoder().decode(jsonBytes({ text })));
  expect(sent('a\udc80b\ud83d')).toEqual({ text: 'a\ufffdb\ufffd' });
  expect(sent('\\udc80 \\\\udc80 😀')).toEqual({ text: '\\udc80 \\\\udc80 😀' });
});

test('whole texts come out as they went in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(new TextDecoder().decode(jsonBytes([text])))).toEqual([text]);
    }),
  );
});
