import { expect, test } from 'vitest';
import { isIpAddress, splitHostPort } from './go-net.ts';

test.each([
  { text: 'a.example:80', split: { host: 'a.example', port: '80' } },
  { text: '[::1]:80', split: { host: '::1', port: '80' } },
  { text: ':80', split: { host: '', port: '80' } },
  { text: 'a:', split: { host: 'a', port: '' } },
  { text: 'a', split: null },
  { text: '::1', split: null },
  { text: '[::1]', split: null },
  { text: '[::1]x:80', split: null },
  { text: '[a:80', split: null },
  { text: 'a]:80', split: null },
])('$text splits as in Go', ({ text, split }) => {
  expect(splitHostPort(text)).toEqual(split);
});

test('addresses are told from names', () => {
  const addresses = ['192.0.2.1', '::', '::1', '2001:db8::1', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1', '2001:0DB8::'];
  const names = [
    '192.0.2',
    '192.0.2.256',
    '192.0.2.01',
    '1.2.3.4.',
    ':',
    ':::',
    '1::2::3',
    '12345::',
    'fe80::1%eth0',
    '1:2:3:4:5:6:7',
    'a.b',
    '',
  ];
  expect(addresses.filter((text) => !isIpAddress(text))).toEqual([]);
  expect(names.filter(isIpAddress)).toEqual([]);
});
