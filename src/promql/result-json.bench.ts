/** Costs of writing answers: 100 series of an hour in steps of 15 s. */
import { bench, describe } from 'vitest';
import { TextWriter } from '../lib/text-writer.ts';
import { Labels } from '../model/labels.ts';
import type { QueryValue } from './engine.ts';
import { sizeOfQueryData, writeQueryData } from './result-json.ts';

const SERIES = 100;
const STEPS = 241;
const STEP_MS = 15_000;
const END_MS = 1_700_000_000_000;
const mixed = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 12;

function walk(count: number): Float64Array {
  let value = 50;
  return Float64Array.from({ length: count }, (_, i) => (value = Math.abs(value + (mixed(i) % 1001) / 100 - 5)));
}

const kinds: Readonly<Record<string, Float64Array>> = {
  'random walks by hundredths': walk(SERIES * STEPS),
  'rates of seventeen digits': Float64Array.from({ length: SERIES * STEPS }, (_, i) => (mixed(i) % 9000) / 285),
  'the same in four steps each': Float64Array.from({ length: SERIES * STEPS }, (_, i) => (mixed(i >> 2) % 9000) / 285),
  hundredths: Float64Array.from({ length: SERIES * STEPS }, (_, i) => (mixed(i) % 10_000) / 100),
  'whole numbers of six digits': Float64Array.from({ length: SERIES * STEPS }, (_, i) => mixed(i)),
};

describe.each(Object.entries(kinds))('%s', (_, values) => {
  const timestamps = Float64Array.from({ length: STEPS }, (_unused, i) => END_MS - (STEPS - 1 - i) * STEP_MS);
  const value: QueryValue = {
    kind: 'matrix',
    series: Array.from({ length: SERIES }, (_unused, i) => ({
      labels: Labels.of({ __name__: 'queue_length', instance: `host-${i}:9100`, job: 'worker' }),
      dropsName: false,
      timestamps,
      values: values.subarray(i * STEPS, (i + 1) * STEPS),
      histograms: null,
    })),
  };
  bench('matrix', () => {
    const out = new TextWriter(sizeOfQueryData(value));
    for (const steps = writeQueryData(out, value); steps.next().done !== true; );
    out.finish();
  });
});
