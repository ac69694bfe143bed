import { expect, test } from 'vitest';
import { compileRe2, namedGroups } from './named-groups.ts';

test.each([
  { source: 'a(b)', text: 'ab', groups: ['b'], names: {} },
  { source: '(?P<a>x)|(y)(?<b>(?:z))', text: 'yz', groups: [null, 'y', 'z'], names: { a: [1], b: [3] } },
  { source: '(?P<a>x)|(?i)(?P<a>y)', text: 'Y', groups: [null, 'Y'], names: { a: [1, 2] } },
  { source: '\\((?P<a>[(?P<b>]\\Q(?P<c>\\E)', text: '(<(?P<c>', groups: ['<(?P<c>'], names: { a: [1] } },
  { source: '\\((?P<a>[(?P<b>]\\Q(?P<a>\\E)|(?P<a>z)', text: '(<(?P<a>', groups: ['<(?P<a>', null], names: { a: [1, 2] } },
])('$source has $names', ({ source, text, groups, names }) => {
  const matcher = compileRe2(source).matcher(text);
  expect(matcher.find()).toBe(true);
  expect(Array.from({ length: matcher.groupCount() }, (_, i) => matcher.group(i + 1))).toEqual(groups);
  expect(Object.fromEntries(namedGroups(source))).toEqual(names);
});
