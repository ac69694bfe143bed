import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64 } from './base64.ts';

test('it undoes the encoding of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes);
    }),
  );
});

test.each(['a', 'ab', '=aaa', 'a===', 'a b=', '%%%%'])('%j is not base64', (text) => {
  expect(decodeBase64(text)).toBeNull();
});
