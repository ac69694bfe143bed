import { expect, test } from 'vitest';
import { labelNameOf } from './label-name.ts';

test.each([
  ['job', 'job'],
  ['a+b', 'a+b'],
  ['a%20b', 'a b'],
  ['h%C3%A4rte', 'härte'],
  ['%e4', '\udce4'],
  ['%zz', null],
  ['U__', ''],
  ['U__foo', 'foo'],
  ['U__http_2e_status', 'http.status'],
  ['U__a_2E_b', 'a.b'],
  ['U__a__b', 'a_b'],
  ['U__h_e4_rte', 'härte'],
  ['U__a_1f600_b', 'a😀b'],
  ['U__a%2eb', 'a.b'],
  ['u__a_2e_b', 'u__a_2e_b'],
  ['U__a_', 'U__a_'],
  ['U__a_2e', 'U__a_2e'],
  ['U__a_zz_b', 'U__a_zz_b'],
  ['U__a_d800_b', 'U__a_d800_b'],
  // Six digits are too many, though runes have them.
  ['U__a_00002e_b', 'U__a_00002e_b'],
  ['U__a_10ffff_b', 'U__a_10ffff_b'],
])('%s is %s', (written, name) => {
  expect(labelNameOf(written)).toBe(name);
});
