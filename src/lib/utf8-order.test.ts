import { expect, test } from 'vitest';
import { compareUtf8, sortUtf8 } from './utf8-order.ts';

test.each([
  [['b', 'a', 'ab', '']],
  [['host-10', 'host-2', 'Host', 'é', '~']],
  [['\ue000', '\uffff', '\ud7ff', 'z']],
  [['\u{10000}', '\ue000', '\uffff', '\u{10ffff}', 'a\u{10000}', 'a\uffff']],
])('%j is sorted as its bytes are', (texts) => {
  const byBytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([sortUtf8([...texts]), [...texts].sort(compareUtf8)]).toEqual([byBytes, byBytes]);
});
