import { expect, test } from 'vitest';
import { parseByteSize } from './byte-size.ts';

test.each([
  ['0', 0],
  ['100B', 100],
  ['10KB', 10_240],
  ['10kB', 10_240],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['1GB512MB', 1.5 * 2 ** 30],
  ['-1KB', -1024],
  ['2EB', 2 ** 61],
  ['16EB', { error: 'units: overflow parsing unit' }],
  ['100', { error: 'units: unknown unit  in 100' }],
  ['1xB', { error: 'units: unknown unit xB in 1xB' }],
  ['', { error: 'units: invalid ' }],
  ['KB', { error: 'units: invalid KB' }],
  ['1KB.', { error: 'units: invalid 1KB.' }],
])('%s is %s', (text, expected) => {
  expect(parseByteSize(text)).toEqual(expected);
});
