import { expect, test } from 'vitest';
import { titleCase, trimSpace } from './go-strings.ts';

test.each([
  { text: 'hello wORLD', all: 'Hello World', first: 'Hello WORLD' },
  { text: "it's foo_bar", all: "It's Foo_bar", first: "It's Foo_bar" },
  { text: 'foo-bar/baz', all: 'Foo-Bar/Baz', first: 'Foo-Bar/Baz' },
  { text: '3com x.y', all: '3Com X.y', first: '3Com X.y' },
  { text: 'straße ßa ǆe', all: 'Straße Ssa ǅe', first: 'Straße Ssa ǅe' },
  { text: '', all: '', first: '' },
])('$text in title case', ({ text, all, first }) => {
  expect([titleCase(text, { keepsRest: false }), titleCase(text, { keepsRest: true })]).toEqual([all, first]);
});

test('white space is what Unicode says, without the byte order mark', () => {
  expect(trimSpace('\t\n \u0085\u00a0\u2003a b\u3000\r')).toBe('a b');
  expect(trimSpace('\ufeffa')).toBe('\ufeffa');
});
