/**
 * Operators on two samples: prometheus/promql/engine.go scalarBinop, vectorElemBinop. Floats are computed without
 * allocation; where a histogram takes part, what it means is looked at case by case.
 */
import type { FloatHistogram } from '../model/histogram.ts';
import type { Annotations } from './annotations.ts';
import type { BinaryOp, Span } from './ast.ts';
import { goPow } from './go-math.ts';
import { add, compact, divide, draftOf, equalHistograms, multiply, subtract } from './histogram/histogram-draft.ts';
import { trimHistogram } from './histogram/histogram-trim.ts';

export type ValueOp = Exclude<BinaryOp, 'and' | 'or' | 'unless'>;

export function isComparison(op: BinaryOp): boolean {
  return op === '==' || op === '!=' || op === '<' || op === '<=' || op === '>' || op === '>=';
}

/** Arithmetic makes another metric of its operands; comparison and trimming do not. */
export function makesNewMetric(op: BinaryOp): boolean {
  return op === '+' || op === '-' || op === '*' || op === '/' || op === '^' || op === '%' || op === 'atan2';
}

/** Arithmetic; for comparisons 1 or 0. Hot path: asked for once, called for every pair of samples. */
export const floatOperation = (op: ValueOp): FloatOperation => FLOAT_OPERATIONS[op];

export type FloatOperation = (a: number, b: number) => number;

const FLOAT_OPERATIONS: Readonly<Record<ValueOp, FloatOperation>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': goPow,
  atan2: Math.atan2,
  '==': (a, b) => (a === b ? 1 : 0),
  '!=': (a, b) => (a !== b ? 1 : 0),
  '<': (a, b) => (a < b ? 1 : 0),
  '<=': (a, b) => (a <= b ? 1 : 0),
  '>': (a, b) => (a > b ? 1 : 0),
  '>=': (a, b) => (a >= b ? 1 : 0),
  '</': neverTrimmed,
  '>/': neverTrimmed,
};

function neverTrimmed(): never {
  throw new Error('BUG: floats are not trimmed');
}

/**
 * Result of an operator with a histogram on either side. Null: no result, an annotation says why. A comparison yields
 * true or false.
 */
export function computeHistograms(
  op: ValueOp,
  a: FloatHistogram | number,
  b: FloatHistogram | number,
  annotations: Annotations,
  span: Span,
): FloatHistogram | boolean | null {
  if (typeof a === 'number' || typeof b === 'number') {
    if (typeof a !== 'number') {
      if (op === '*') return compact(multiply(draftOf(a), b as number));
      if (op === '/') return compact(divide(draftOf(a), b as number));
      if (op === '</') return trimHistogram(a, b as number, 'below');
      if (op === '>/') return trimHistogram(a, b as number, 'above');
    } else if (typeof b !== 'number' && op === '*') {
      return compact(multiply(draftOf(b), a));
    }
    annotations.incompatibleTypes(typeof a === 'number' ? 'float' : 'histogram', op, typeof b === 'number' ? 'float' : 'histogram', span);
    return null;
  }
  switch (op) {
    case '==':
      return equalHistograms(a, b);
    case '!=':
      return !equalHistograms(a, b);
    case '+':
    case '-': {
      const result = draftOf(a);
      const combination = op === '+' ? add(result, b) : subtract(result, b);
      if (combination === null) {
        annotations.incompatibleBucketLayout(op, span);
        return null;
      }
      const operation = op === '+' ? 'addition' : 'subtraction';
      if (op === '-') result.counterResetHint = 'gauge';
      // Prometheus reports the last of the two.
      if (combination.boundsReconciled) annotations.boundsReconciled(operation, span);
      else if (combination.hintsCollide) annotations.counterResetCollision(operation, span);
      return compact(result);
    }
    default:
      annotations.incompatibleTypes('histogram', op, 'histogram', span);
      return null;
  }
}
