/**
 * Upper bounds of native histogram buckets. Exponential schemas divide each power of two into 2^schema buckets; bucket 0
 * ends at 1. The bounds inside a power of two are those of prometheus/model/histogram (not the nearest doubles: users see
 * them in answers, and stored bucket bounds must compare equal), so they are built the same way here.
 */
import { CUSTOM_BUCKETS_SCHEMA } from '../../model/histogram.ts';
import { goLdexp } from '../go-math.ts';

export const isExponential = (schema: number): boolean => schema >= -4 && schema <= 8;

/** Ratio of neighbouring bounds: 2^(2^-schema) as double arithmetic gives it by way of e^x. */
const ratio = (schema: number): number => Math.exp(Math.LN2 / 2 ** schema);

/** Bounds in [0.5, 1) per schema from 0 on; every other one is the bound of the schema below. */
const FRACTIONS: readonly Float64Array[] = (() => {
  const bySchema = [new Float64Array([0.5])];
  for (let schema = 1; schema <= 8; schema++) {
    const coarse = bySchema.at(-1) ?? new Float64Array([0.5]);
    const fine = new Float64Array(coarse.length * 2);
    coarse.forEach((bound, i) => {
      fine[2 * i] = bound;
      fine[2 * i + 1] = bound * ratio(schema);
    });
    bySchema.push(fine);
  }
  return bySchema;
})();

/** The bucket that would end at 2^1024 ends at the largest double; the one behind it holds the infinities. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : goLdexp(1, exponent);
  }
  const perPower = 2 ** schema;
  const power = Math.floor(index / perPower);
  const fraction = FRACTIONS[schema]?.[index - power * perPower] ?? Number.NaN;
  return fraction === 0.5 && power === 1024 ? Number.MAX_VALUE : goLdexp(fraction, power + 1);
}

/** Upper bound of bucket `index`; for custom buckets index -1 is -Inf and the last one +Inf. */
export function bucketBound(index: number, schema: number, customValues: readonly number[]): number {
  if (schema !== CUSTOM_BUCKETS_SCHEMA) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return customValues[index] ?? Infinity;
}

/** Index that bucket `index` has in a coarser schema. */
export const coarserIndex = (index: number, from: number, to: number): number => ((index - 1) >> (from - to)) + 1;
