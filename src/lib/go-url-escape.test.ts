import { expect, test } from 'vitest';
import { escapePath, escapeQuery } from './go-url-escape.ts';

test.each([
  ["a b&c=d/!'()*~ü", 'a+b%26c%3Dd%2F%21%27%28%29%2A~%C3%BC'],
  ['\ud800', '%EF%BF%BD'],
])('the query value %j is %s', (text, escaped) => {
  expect(escapeQuery(text)).toBe(escaped);
});

test('a path keeps its slashes and harmless signs', () => {
  expect(escapePath('/a b/$&+,:;=@?#%!')).toBe('/a%20b/$&+,:;=@%3F%23%25%21');
});
