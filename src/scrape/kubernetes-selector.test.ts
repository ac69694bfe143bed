import { expect, test } from 'vitest';
import { checkFieldSelector, checkLabelSelector } from './kubernetes-selector.ts';

test.each(['', 'a=b', 'metadata.name==x,spec.y!=z', 'a=b\\,c'])('%j is a field selector', (selector) => {
  expect(checkFieldSelector(selector)).toBeNull();
});
test('a term without an operator is none', () => {
  expect(checkFieldSelector('a=b,c')).toBe("invalid selector: 'a=b,c'; can't understand 'c'");
});

test.each(['', 'a', '!a', 'a=b', 'a == b', 'x/a!=b', 'a in (b, c),d notin (e)', 'a>1', 'a in ()'])('%j is a label selector', (selector) => {
  expect(checkLabelSelector(selector)).toBeNull();
});
test.each(['=', 'a in b', 'a=b c', 'a,,b', 'a in (b'])('%j is no label selector', (selector) => {
  expect(checkLabelSelector(selector)).toMatch(/^unable to parse requirement: '/);
});
