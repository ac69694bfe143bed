import { expect, test } from 'vitest';
import { numberProblem } from './number.ts';

test.each(['+4915112345678', '+15005550006', '+1234567', '+123456789012345'])('%s is a number', (number) => {
  expect(numberProblem(number)).toBeNull();
});

test.each([
  ['+49 151 123-456 78', 'write it without spaces and dashes: "+4915112345678"'],
  ['0049 151 12345678', 'write it with a plus sign: "+4915112345678"'],
  ['4915112345678', 'write it with a plus sign and the country\'s code, in quotes: "+4915112345678"'],
  ['015112345678', 'write it with a plus sign, the country\'s code and the number, in quotes: "+4915112345678"'],
  ['+1234567890123456', 'write it with a plus sign, the country\'s code and the number, in quotes: "+4915112345678"'],
  ['ana', 'write it with a plus sign, the country\'s code and the number, in quotes: "+4915112345678"'],
])('%s is none: %s', (text, hint) => {
  expect(numberProblem(text)).toEqual({ message: `"${text}" is not a telephone number`, hint });
});
