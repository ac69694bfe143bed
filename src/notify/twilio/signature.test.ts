import { expect, test } from 'vitest';
import { signedForms, signedText } from './signature.ts';

test.each([
  { params: [], signed: 'https://x/a?b=1' },
  {
    params: [
      ['b', '2'],
      ['a', '1'],
    ],
    signed: 'https://x/a?b=1a1b2',
  },
  // By code unit: capitals before _ before small letters.
  {
    params: [
      ['b', '1'],
      ['_', '2'],
      ['A', '3'],
      ['a', '4'],
    ],
    signed: 'https://x/a?b=1A3_2a4b1',
  },
  {
    params: [
      ['To', 'b'],
      ['To', 'a'],
      ['To', 'b'],
    ],
    signed: 'https://x/a?b=1ToaTob',
  },
  {
    params: [
      ['Empty', ''],
      ['Body', 'a b&c=ü'],
    ],
    signed: 'https://x/a?b=1Bodya b&c=üEmpty',
  },
] as const)('$params', ({ params, signed }) => {
  expect(signedText('https://x/a?b=1', params)).toBe(signed);
});

test.each([
  ['https://x/a', 'https://x:443/a'],
  ['http://x', 'http://x:80'],
  ['https://x:8443/a?b=c:1', 'https://x/a?b=c:1'],
])('%s may be signed as %s', (url, other) => {
  expect(signedForms(url)).toEqual([url, other]);
});
