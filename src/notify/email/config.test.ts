import { expect, test } from 'vitest';
import { configError, readIntegration } from '../../../test/support/receiver-bench.ts';

const LEAST = 'to: a@example.org\nfrom: t@example.org\nsmarthost: mail:25';

test.each<{ own: string; is: object }>([
  { own: '', is: { hasChart: true, hasLinks: true } },
  { own: '\ntocsin: {}', is: { hasChart: true, hasLinks: true } },
  { own: '\ntocsin: {chart: false}', is: { hasChart: false, hasLinks: true } },
  { own: '\ntocsin: {links: false, resolve_contract: true}', is: { hasChart: true, hasLinks: false } },
])('what is ours: $own', ({ own, is }) => {
  const { configured } = readIntegration('email', LEAST + own);
  expect(configured?.config).toMatchObject(is);
  expect(configured?.resolveContract).toBe(own.includes('resolve_contract'));
});

test.each([
  ['email', `${LEAST}\ntocsin: {chart: perhaps}`, /perhaps/],
  ['email', `${LEAST}\ntocsin: {charts: true}`, /charts/],
  ['email', `${LEAST}\nchart: true`, /chart/],
  ['webhook', 'url: http://hook/\ntocsin: {chart: true}', /chart/],
] as const)('%s refuses %j', (name, yaml, words) => {
  expect(configError(name, yaml)).toMatch(words);
});
