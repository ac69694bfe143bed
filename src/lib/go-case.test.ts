import { expect, test } from 'vitest';
import { goToLower, goToUpper } from './go-case.ts';

test.each([
  ['Foo-BAR 1', 'foo-bar 1', 'FOO-BAR 1'],
  ['Straße', 'straße', 'STRAßE'],
  ['ΑΣ', 'ασ', 'ΑΣ'],
  ['İ', 'i', 'İ'],
  ['𐐀', '𐐨', '𐐀'],
])('%s is %s in lower and %s in upper case', (text, lower, upper) => {
  expect([goToLower(text), goToUpper(text)]).toEqual([lower, upper]);
});
