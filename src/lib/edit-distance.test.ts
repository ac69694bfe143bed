import { expect, test } from 'vitest';
import { editDistance, nearestWord } from './edit-distance.ts';

test.each([
  ['', 'abc', 3],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
])('from %j to %j it is %i', (a, b, expected) => {
  expect(editDistance(a, b)).toBe(expected);
});

test.each([
  ['recievers', 'receivers'],
  ['SCRAPE_INTERVAL', 'scrape_interval'],
  ['foo', null],
])('%s means %s', (word, expected) => {
  expect(nearestWord(word, ['receivers', 'route', 'scrape_interval'])).toBe(expected);
});
