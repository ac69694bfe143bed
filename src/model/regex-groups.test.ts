import { expect, test } from 'vitest';
import { compileGroupRegex, expandTemplate, parseTemplate } from './regex-groups.ts';

function expand(source: string, template: string, text: string): string | null {
  const regex = compileGroupRegex(source);
  if ('error' in regex) throw new Error(regex.error);
  const match = regex.match(text);
  return match === null ? null : expandTemplate(parseTemplate(template), match);
}

test.each([
  ['(.*)', '$1-$1', 'ab', 'ab-ab'],
  ['a(.)', '${1}x', 'ab', 'bx'],
  ['a(.)', '$1x', 'ab', ''],
  ['a(?P<rest>.)', '$rest.${rest}', 'ab', 'b.b'],
  ['a(?<rest>.)', '$rest', 'ab', 'b'],
  ['a(b)?', '[$1]', 'a', '[]'],
  // A name may be that of several groups.
  ['(?P<n>a)|(?P<n>b)', '$n-$1-$2', 'b', 'b--b'],
  ['(?P<n>a)(?P<n>b)', '$n', 'ab', 'a'],
  ['ab', '$0$1', 'ab', 'ab'],
  ['ab', '$$1 $ ${ ${} $-', 'ab', '$1 $ ${ ${} $-'],
  ['ab', 'x', 'abc', null],
  ['a.c', 'dot takes newlines', 'a\nc', 'dot takes newlines'],
  ['(a)(b)', '$01$2', 'ab', 'b'],
])('%s with %s makes of %j: %j', (source, template, text, expanded) => {
  expect(expand(source, template, text)).toBe(expanded);
});

test('a bad pattern is an error with text', () => {
  expect(compileGroupRegex('a(')).toHaveProperty('error');
});
