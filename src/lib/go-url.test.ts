import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseGoUrl } from './go-url.ts';

test.each([
  ['', { scheme: '', host: '', user: null, path: '', opaque: '' }],
  ['HTTP://u:p@h:80/a?b#c', { scheme: 'http', host: 'h:80', user: { name: 'u', password: 'p' }, path: '/a', opaque: '' }],
  ['localhost:9090', { scheme: 'localhost', host: '', user: null, path: '', opaque: '9090' }],
  ['unix:///var/run/x.sock', { scheme: 'unix', host: '', user: null, path: '/var/run/x.sock', opaque: '' }],
  ['/a/b', { scheme: '', host: '', user: null, path: '/a/b', opaque: '' }],
  ['http://[::1]:80', { scheme: 'http', host: '[::1]:80', user: null, path: '', opaque: '' }],
])('%s', (text, expected) => {
  expect(parseGoUrl(text)).toEqual(expected);
});

test.each([
  ['://x', 'parse "://x": missing protocol scheme'],
  ['1.2.3.4:80/x', 'parse "1.2.3.4:80/x": first path segment in URL cannot contain colon'],
  ['http://h:x', 'parse "http://h:x": invalid port ":x" after host'],
  ['http://[::1', 'parse "http://[::1": missing \']\' in host'],
  ['http://a b', 'parse "http://a b": invalid character " " in host name'],
  ['http://h/%zz', 'parse "http://h/%zz": invalid URL escape "%zz"'],
  ['http://h\n', 'parse "http://h\\n": net/url: invalid control character in URL'],
])('%s is refused in Go words', (text, error) => {
  expect(parseGoUrl(text)).toEqual({ error });
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ':', '/', '@', '[', ']', '%', '?', '#', ' ', '1') }),
      (text) => void parseGoUrl(text),
    ),
  );
});
