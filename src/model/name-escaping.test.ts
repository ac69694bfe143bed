import { expect, test } from 'vitest';
import { escapeName } from './name-escaping.ts';

test.each([
  ['a_b:c1', 'a_b:c1', 'a_b:c1', 'a_b:c1'],
  ['http.status_code', 'http_status_code', 'http_dot_status__code', 'U__http_2e_status__code'],
  ['härte', 'h_rte', 'h__rte', 'U__h_e4_rte'],
  ['1 a', '__a', '____a', 'U___31__20_a'],
  ['😀', '_', '__', 'U___1f600_'],
])('%s is told as %s, %s or %s', (name, underscores, dots, values) => {
  expect([escapeName(name, 'underscores'), escapeName(name, 'dots'), escapeName(name, 'values')]).toEqual([underscores, dots, values]);
  expect(escapeName(name, 'allow-utf-8')).toBe(name);
});
