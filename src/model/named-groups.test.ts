import { expect, test } from 'vitest';
import { namedGroups, withoutNames } from './named-groups.ts';

test.each([
  { source: 'a(b)', bare: 'a(b)', names: {} },
  { source: '(?P<a>x)|(y)(?<b>(?:z))', bare: '(x)|(y)((?:z))', names: { a: [1], b: [3] } },
  { source: '(?P<a>x)|(?i)(?P<a>y)', bare: '(x)|(?i)(y)', names: { a: [1, 2] } },
  { source: '\\((?P<a>[(?P<b>]\\Q(?P<c>\\E)', bare: '\\(([(?P<b>]\\Q(?P<c>\\E)', names: { a: [1] } },
])('$source has $names', ({ source, bare, names }) => {
  expect(withoutNames(source)).toBe(bare);
  expect(Object.fromEntries(namedGroups(source))).toEqual(names);
});
