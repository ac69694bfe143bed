import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isUtf8 } from './utf8.ts';

const decodes = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

test('well-formed is what a strict decoder takes', () => {
  const anyBytes = fc.uint8Array({ maxLength: 12 });
  const nearText = fc
    .tuple(fc.string({ unit: 'binary', maxLength: 4 }), anyBytes)
    .map(([text, tail]) => Buffer.from(`${text}${Buffer.from(tail).toString('latin1')}`));
  const leads = fc
    .array(fc.constantFrom(0x41, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x80, 0x90, 0x9f, 0xa0, 0xbf), { maxLength: 6 })
    .map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(fc.oneof(anyBytes, nearText, leads), (bytes) => {
      expect(isUtf8(bytes, 0, bytes.length)).toBe(decodes(bytes));
    }),
  );
});

test('a sequence cut by the end of the range is not well-formed', () => {
  expect(isUtf8(Buffer.from('é'), 0, 1)).toBe(false);
});
