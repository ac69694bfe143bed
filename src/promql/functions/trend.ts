/** Where a gauge is going: deriv, predict_linear, double_exponential_smoothing. Floats only. */
import { formatFloat } from '../../lib/go-strconv.ts';
import { kahanAdd } from '../kahan.ts';
import { executionError } from '../query-error.ts';
import type { RangeKernel } from '../range-kernel.ts';
import type { RangeWindow } from '../range-window.ts';

/** Two floats are the least; histograms beside any are ignored with an info. */
function trendOf(w: RangeWindow, compute: (w: RangeWindow) => number): boolean {
  if (w.floatLength > 0 && w.histogramLength > 0) w.annotations.histogramIgnoredInMixedRange(w.metricName, w.span);
  if (w.floatLength < 2) return false;
  w.value = compute(w);
  w.histogram = null;
  return true;
}

/** Least squares; `slope` per second, the value of the line at `interceptMs`. */
function linearRegression(w: RangeWindow, interceptMs: number): { readonly slope: number; readonly intercept: number } {
  const { floats, floatTimes, floatFrom, floatTo } = w;
  const first = floats[floatFrom]!;
  let isConstant = true;
  let sumX = 0;
  let lostX = 0;
  let sumY = 0;
  let lostY = 0;
  let sumXY = 0;
  let lostXY = 0;
  let sumX2 = 0;
  let lostX2 = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    const y = floats[i]!; // in bounds: the window lies inside the columns
    if (i > floatFrom && y !== first) isConstant = false;
    const x = (floatTimes[i]! - interceptMs) / 1000;
    lostX = kahanAdd(x, sumX, lostX);
    sumX += x;
    lostY = kahanAdd(y, sumY, lostY);
    sumY += y;
    lostXY = kahanAdd(x * y, sumXY, lostXY);
    sumXY += x * y;
    lostX2 = kahanAdd(x * x, sumX2, lostX2);
    sumX2 += x * x;
  }
  if (isConstant) return Math.abs(first) === Infinity ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  sumX += lostX;
  sumY += lostY;
  sumXY += lostXY;
  sumX2 += lostX2;
  const n = floatTo - floatFrom;
  const covariance = sumXY - (sumX * sumY) / n;
  const varianceX = sumX2 - (sumX * sumX) / n;
  const slope = covariance / varianceX;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

function predict(w: RangeWindow): number {
  const { slope, intercept } = linearRegression(w, w.atMs);
  return slope * w.params[0]! + intercept;
}

function smooth(w: RangeWindow): number {
  const smoothing = w.params[0]!;
  const trendFactor = w.params[1]!;
  const { floats, floatFrom, floatTo } = w;
  let before = 0;
  let level = floats[floatFrom]!;
  let trend = floats[floatFrom + 1]! - level;
  for (let i = floatFrom + 1; i < floatTo; i++) {
    if (i > floatFrom + 1) trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
    const next = smoothing * floats[i]! + (1 - smoothing) * (level + trend);
    before = level;
    level = next;
  }
  return level;
}

function checkFactor(name: string, factor: number): void {
  if (factor > 0 && factor < 1) return;
  if (Number.isNaN(factor)) return; // compares as neither, in Prometheus too
  const bounds = name === 'smoothing' ? '0 < sf < 1' : '0 < tf < 1';
  throw executionError(`invalid ${name} factor. Expected: ${bounds}, got: ${formatFloat(factor, 'f', 6)}`);
}

export const TREND: Readonly<Record<string, RangeKernel>> = {
  // The time zero lies near the samples: sums of squares of Unix times would lose digits.
  deriv: { compute: (w) => trendOf(w, () => linearRegression(w, w.floatTimes[w.floatFrom]!).slope) },
  predict_linear: { compute: (w) => trendOf(w, predict) },
  double_exponential_smoothing: {
    compute: (w) => {
      checkFactor('smoothing', w.params[0]!);
      checkFactor('trend', w.params[1]!);
      return trendOf(w, smooth);
    },
  },
};
