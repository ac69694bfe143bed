import { expect, test } from 'vitest';
import { asFolder, extendUrl, joinUrl } from './url-field.ts';

test.each([
  ['http://x', 'http://x/'],
  ['http://x/api/', 'http://x/api/'],
  ['http://x/api?a=b/', 'http://x/api/?a=b/'],
])('%s with a slash at the end of its path is %s', (address, folder) => {
  expect(asFolder(address)).toBe(folder);
});

test.each([
  ['http://x/api/', 'v2', 'http://x/api/v2'],
  ['http://x/api/?a=b', 'v2', 'http://x/api/v2?a=b'],
])('%s extended by %s is %s', (address, path, whole) => {
  expect(extendUrl(address, path)).toBe(whole);
});

test.each([
  ['http://x', 'issue', 'http://x/issue'],
  ['http://x/api//', '/issue', 'http://x/api/issue'],
  ['http://x/api/?a=b', 'issue', 'http://x/api/issue?a=b'],
])('%s and %s joined are %s', (address, path, whole) => {
  expect(joinUrl(address, path)).toBe(whole);
});
