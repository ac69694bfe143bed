import { posix } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanPath, directoryOf, joinPath } from './file-path.ts';

const paths = fc.string({ unit: fc.constantFrom('a', 'b', '.', '..', '/') });

test('directories and cleaned paths are those of Node', () => {
  fc.assert(
    fc.property(paths, (path) => {
      expect(cleanPath(path)).toBe(posix.normalize(path).replace(/(?<=.)\/$/, ''));
      if (!/\/{2}|\/$/.test(path)) expect(directoryOf(path)).toBe(posix.dirname(path));
    }),
  );
});

test.each([
  ['etc', 'a/../b', 'etc/b'],
  ['etc', '/a', '/a'],
  ['etc', '', ''],
  ['', 'a', 'a'],
  ['.', 'a', 'a'],
])('from %j, %j is %j', (directory, path, expected) => {
  expect(joinPath(directory, path)).toBe(expected);
});
