import { expect, test } from 'vitest';
import { AnswerWriter } from './answer-writer.ts';

const written = (...parts: readonly string[]): Uint8Array => {
  const out = new AnswerWriter();
  for (const part of parts) out.text(part);
  return out.finish();
};

test.each<[name: string, parts: readonly string[]]>([
  ['nothing', []],
  ['less than there is room for', ['a', '', 'bc']],
  ['more than there is room for, and of characters of all lengths', ['é€😀'.repeat(3000), 'x'.repeat(10_000), '\ud800']],
])('gives the bytes of what was written: %s', (_name, parts) => {
  expect(written(...parts)).toEqual(new TextEncoder().encode(parts.join('')));
});

test('keeps no more than twice what was written', () => {
  const out = new AnswerWriter();
  out.reserve(1_000_000);
  out.text('short');
  expect(out.finish().buffer.byteLength).toBeLessThanOrEqual(10);
});
