/**
 * Functions of single values: abs, round, clamp, trigonometry … Histograms have no such value and drop out.
 * Hot path: one call per sample, in place.
 */
import { asScalar, asVector, type Value } from '../evaluation.ts';
import { goLog, goLog2, goLog10, goMax, goMin } from '../go-math.ts';
import { ABSENT, FLOAT, type SeriesBlock } from '../series-block.ts';
import { type CallSite, settleNameless, type VectorFunction } from '../vector-function.ts';

/** Replaces each float by f(float, step); a step at which f is not asked has no result. */
function* mapFloats(
  site: CallSite,
  f: (value: number, step: number) => number,
  isAsked?: (step: number) => boolean,
): Generator<void, Value> {
  const block = asVector(site.args[0]);
  const { steps } = block;
  for (let row = 0; row < block.rows; row++) {
    mapRow(block, row * steps, f, isAsked);
    if (site.evaluation.isSliceOver(steps)) yield;
  }
  return yield* settleNameless(site, block);
}

/** Apart from the generator around it, which V8 optimizes late. */
function mapRow(
  { kinds, values, steps }: SeriesBlock,
  from: number,
  f: (value: number, step: number) => number,
  isAsked: ((step: number) => boolean) | undefined,
): void {
  for (let step = 0, cell = from; step < steps; step++, cell++) {
    if (kinds[cell] === FLOAT && (isAsked === undefined || isAsked(step)))
      values[cell] = f(values[cell]!, step); // in bounds
    else kinds[cell] = ABSENT;
  }
}

const simple =
  (f: (value: number) => number): VectorFunction =>
  (site) =>
    mapFloats(site, f);

function clamp(site: CallSite, min: Float64Array | null, max: Float64Array | null): Generator<void, Value> {
  return mapFloats(
    site,
    (value, step) => goMax(min?.[step] ?? -Infinity, goMin(max?.[step] ?? Infinity, value)),
    (step) => !((max?.[step] ?? Infinity) < (min?.[step] ?? -Infinity)),
  );
}

/** Ties go up. Multiplying by the inverse is what Prometheus does, and rounds less. */
function round(site: CallSite): Generator<void, Value> {
  const nearest = site.args[1] === undefined ? null : asScalar(site.args[1]);
  return mapFloats(site, (value, step) => {
    const inverse = 1 / (nearest?.[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}

const scalars =
  (f: (a: number, b: number) => number): VectorFunction =>
  ({ args }) => {
    const a = asScalar(args[0]);
    const b = asScalar(args[1]);
    return { kind: 'scalar', values: a.map((value, step) => f(value, b[step] ?? Number.NaN)) };
  };

export const MATH: Readonly<Record<string, VectorFunction>> = {
  abs: simple(Math.abs),
  ceil: simple(Math.ceil),
  floor: simple(Math.floor),
  exp: simple(Math.exp),
  sqrt: simple(Math.sqrt),
  ln: simple(goLog),
  log2: simple(goLog2),
  log10: simple(goLog10),
  sin: simple(Math.sin),
  cos: simple(Math.cos),
  tan: simple(Math.tan),
  asin: simple(Math.asin),
  acos: simple(Math.acos),
  atan: simple(Math.atan),
  sinh: simple(Math.sinh),
  cosh: simple(Math.cosh),
  tanh: simple(Math.tanh),
  asinh: simple(Math.asinh),
  acosh: simple(Math.acosh),
  atanh: simple(Math.atanh),
  rad: simple((value) => (value * Math.PI) / 180),
  deg: simple((value) => (value * 180) / Math.PI),
  sgn: simple((value) => (value < 0 ? -1 : value > 0 ? 1 : value)),
  round,
  clamp: (site) => clamp(site, asScalar(site.args[1]), asScalar(site.args[2])),
  clamp_min: (site) => clamp(site, asScalar(site.args[1]), null),
  clamp_max: (site) => clamp(site, null, asScalar(site.args[1])),
  max_of: scalars(goMax),
  min_of: scalars(goMin),
  pi: ({ range }) => ({ kind: 'scalar', values: new Float64Array(range.steps).fill(Math.PI) }),
};
