import { expect, test } from 'vitest';
import { expandVariables } from './expand-env.ts';

test.each([
  ['$A', '<A>'],
  ['${A}b', '<A>b'],
  ['$A_1-', '<A_1>-'],
  ['$$A', '<$>A'],
  ['$1a', '<1>a'],
  ['a$', 'a$'],
  ['${}x', 'x'],
  ['${A', 'A'],
  ['a-b', 'a-b'],
])('%s becomes %s', (text, expected) => {
  expect(expandVariables(text, (name) => `<${name}>`)).toBe(expected);
});
