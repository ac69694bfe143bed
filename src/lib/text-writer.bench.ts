/** Costs of writing numbers: 10,000 of a kind per run. */
import { bench, describe } from 'vitest';
import { TextWriter } from './text-writer.ts';

const COUNT = 10_000;
/** Steps of hundredths added up, with the error that floats have in it: 47.830000000000005. */
const walk: number[] = [50];
for (let i = 1; i < COUNT; i++) walk.push(Math.abs(walk[i - 1]! + ((i * 7919) % 1001) / 100 - 5));

const kinds: Readonly<Record<string, (i: number) => number>> = {
  'counters of five digits': (i) => (i * 7919) % 100_000,
  'bytes of twelve digits': (i) => 100_000_000_000 + i * 79_190_000,
  'times in seconds': (i) => 1_700_000_000 + i * 15,
  hundredths: (i) => ((i * 7919) % 10_000) / 100,
  microseconds: (i) => ((i * 7919) % 100_000) / 1e6,
  'rates of seventeen digits': (i) => ((i * 7919) % 9000) / 285,
  'a random walk by hundredths': (i) => walk[i]!,
};

describe.each(Object.entries(kinds))('%s', (_, valueAt) => {
  const values = Float64Array.from({ length: COUNT }, (_unused, i) => valueAt(i));
  bench('number', () => {
    const out = new TextWriter(COUNT * 24);
    for (const value of values) out.number(value);
    out.finish();
  });
});
