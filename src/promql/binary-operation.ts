/**
 * Operators on two samples: prometheus/promql/engine.go scalarBinop, vectorElemBinop. Floats are computed without
 * allocation; where a histogram takes part, what it means is looked at case by case.
 */
import { unreachable } from '../lib/never.ts';
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

/** Arithmetic; for comparisons 1 or 0. Hot path. */
export function computeFloats(op: ValueOp, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return goPow(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '<':
      return a < b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '</':
    case '>/':
      throw new Error(`BUG: ${op} of floats`);
    default:
      return unreachable(op);
  }
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
