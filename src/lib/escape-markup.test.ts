import { expect, test } from 'vitest';
import { escapeMarkup } from './escape-markup.ts';

test.each([
  ['plain ü 😀', 'plain ü 😀'],
  [`<a href="x" title='y'>&`, '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;'],
  ['line\n\ttab', 'line\n\ttab'],
  ['\u0000\u001B[31m', '\uFFFD\uFFFD[31m'],
  ['half \uD83D of a pair', 'half \uFFFD of a pair'],
])('%j is %j', (text, markup) => {
  expect(escapeMarkup(text)).toBe(markup);
});
