import { expect, test } from 'vitest';
import { pathnameOf, searchOf } from './request-url.ts';

test.each([
  'http://h/',
  'http://h:9099/api/v1/query?query=up&time=1',
  'http://h/a?b=c/d?e',
  'http://h/a?',
  'http://h/a#f',
  'http://h/a#f?g',
  'http://h/a?b#f?g#h',
  'https://[::1]:9099/x//y?z=%23',
])('%s is cut as a URL parser cuts it', (url) => {
  const parsed = new URL(url);
  expect([pathnameOf(url), searchOf(url)]).toEqual([parsed.pathname, parsed.search.slice(1)]);
});
