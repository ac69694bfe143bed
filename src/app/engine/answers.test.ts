/** The statistics and warnings in answers of the query API, as Prometheus' web/api/v1/api.go gives them. */
import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import type { QueryLimits } from '../../api/prometheus-v1/backend.ts';
import { Labels } from '../../model/labels.ts';
import { unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import { parserOptions } from '../config/engine-config.ts';
import { instantAnswer, rangeAnswer } from './answers.ts';
import { QueryService } from './query-service.ts';

const NOW = 1_767_225_600_000;
const PER_STEP = ['promql-per-step-stats'];
const LIMITS: QueryLimits = { timeoutMs: null, lookbackDeltaMs: null, limit: 0, stats: 'none', warnings: [] };

/** Two series with a sample each minute until now. */
function queriesOf(features: readonly string[]): QueryService {
  const store = new MemoryQueryable();
  for (const i of ['0', '1']) for (let ago = 10; ago >= 0; ago--) store.append(Labels.of({ __name__: 'x', i }), NOW - ago * 60_000, ago);
  return new QueryService({
    clock: new SimClock({ start: unixMs(NOW) }),
    queryable: store,
    limits: { lookbackDeltaMs: 300_000, timeoutMs: 60_000, concurrencyMax: 1, samplesMax: 1000 },
    features,
    parser: parserOptions(features),
    subqueryStepMs: 60_000,
  });
}

type Body = { readonly data: { readonly stats?: { readonly samples: object } }; readonly warnings?: readonly string[] };
const bodyOf = ({ body }: { readonly body: Uint8Array }): Body => JSON.parse(new TextDecoder().decode(body)) as Body;

/** The members of `samples` as they are written, in order. */
async function samplesOf(
  query: string,
  limits: Partial<QueryLimits>,
  how: { readonly features?: readonly string[]; readonly isRange?: boolean } = {},
): Promise<string> {
  const { features = PER_STEP, isRange = false } = how;
  const request = { ...LIMITS, ...limits, query };
  const answer = isRange
    ? await rangeAnswer(queriesOf(features), { ...request, fromMs: NOW - 90_500, toMs: NOW, stepMs: 30_250 }, { isCanceled: false })
    : await instantAnswer(queriesOf(features), { ...request, atMs: NOW }, { isCanceled: false });
  const { stats } = bodyOf(answer).data;
  return stats === undefined ? 'none' : JSON.stringify(stats.samples);
}

test.each([
  { asks: 'nothing', limits: {}, gives: 'none' },
  {
    asks: 'basic ones',
    limits: { stats: 'basic' },
    gives: '{"totalQueryableSamples":6,"samplesRead":6,"peakSamples":5}',
  },
  {
    asks: 'all',
    limits: { stats: 'all' },
    gives:
      '{"totalQueryableSamplesPerStep":[[1767225600,6]],"totalQueryableSamples":6,"samplesReadPerStep":[[1767225600,6]],"samplesRead":6,"peakSamples":5}',
  },
  {
    asks: 'all without the feature',
    limits: { stats: 'all' },
    features: [],
    gives: '{"totalQueryableSamples":6,"samplesRead":6,"peakSamples":5}',
  },
  {
    asks: 'all over a range',
    limits: { stats: 'all' },
    isRange: true,
    gives:
      '{"totalQueryableSamplesPerStep":[[1767225509.5,6],[1767225539.75,6],[1767225570,6]],"totalQueryableSamples":18,' +
      '"samplesReadPerStep":[[1767225509.5,6],[1767225539.75,0],[1767225570,2]],"samplesRead":8,"peakSamples":9}',
  },
  {
    asks: 'basic ones over a range',
    limits: { stats: 'basic' },
    isRange: true,
    gives: '{"totalQueryableSamples":18,"samplesRead":8,"peakSamples":9}',
  },
] as const)('who asks for $asks is told $gives', async ({ limits, gives, ...how }) => {
  expect(await samplesOf('count_over_time(x[3m])', limits, how)).toBe(gives);
});

test.each([
  { query: '"text"', samples: '"totalQueryableSamplesPerStep":[[1767225600,0]]' },
  { query: '1', samples: '"totalQueryableSamplesPerStep":[[1767225600,0]]' },
  { query: 'x[2m]', samples: '"samplesReadPerStep":[[1767225600,4]]' },
])('an instant query has one step: $query has $samples', async ({ query, samples }) => {
  expect(await samplesOf(query, { stats: 'all' })).toContain(samples);
});

test.each([
  { query: 'x', limits: {}, warnings: undefined },
  { query: 'x', limits: { warnings: ['of the request'] }, warnings: ['of the request'] },
  { query: 'x', limits: { limit: 1, warnings: ['of the request'] }, warnings: ['results truncated due to limit', 'of the request'] },
])('warnings about the request come last: $warnings', async ({ query, limits, warnings }) => {
  const answer = await instantAnswer(queriesOf([]), { ...LIMITS, ...limits, query, atMs: NOW }, { isCanceled: false });
  expect(bodyOf(answer).warnings).toEqual(warnings);
});

test.each([
  { query: 'nope(1) + sum("x")', timeoutMs: 0, error: 'invalid parameter "query": 1:1: parse error: unknown function with name "nope"' },
  { query: 'x', timeoutMs: 0, error: 'context deadline exceeded' },
  { query: 'x', timeoutMs: -1, error: 'context deadline exceeded' },
])('$query in $timeoutMs ms is refused: $error', async ({ query, timeoutMs, error }) => {
  const answer = instantAnswer(queriesOf([]), { ...LIMITS, query, timeoutMs, atMs: NOW }, { isCanceled: false });
  await expect(answer).rejects.toMatchObject({ message: error });
});
