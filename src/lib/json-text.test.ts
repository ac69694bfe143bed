import { expect, test } from 'vitest';
import { jsonText } from './json-text.ts';
import { decodeUtf8 } from './utf8-bytes.ts';

test.each([
  [decodeUtf8(Uint8Array.of(0x61, 0xff, 0xc5, 0x7a)), '"a\ufffd\ufffdz"'],
  [{ a: ['\ud800'] }, '{"a":["\ufffd"]}'],
  ['\\udcff', '"\\\\udcff"'],
  ['\\\udcff"', '"\\\\\ufffd\\""'],
  ['\u0007😀\ud7ff', '"\\u0007😀\ud7ff"'],
])('%j is written %s', (value, text) => {
  expect(jsonText(value)).toBe(text);
});
