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

/** What is to be said about two samples and an operator. */
type Note = (annotations: Annotations, op: ValueOp, span: Span) => void;

/** Of what is to be said about the pairs of one step, Prometheus says the last only. */
export class LastNotes {
  readonly #byStep = new Map<number, Note>();

  set(step: number, note: Note): void {
    this.#byStep.set(step, note);
  }

  report(annotations: Annotations, op: ValueOp, span: Span): void {
    for (const step of [...this.#byStep.keys()].sort((a, b) => a - b)) this.#byStep.get(step)?.(annotations, op, span);
  }
}

type Operand = FloatHistogram | number;
const typeOf = (value: Operand): 'float' | 'histogram' => (typeof value === 'number' ? 'float' : 'histogram');
export const incompatible =
  (a: Operand, b: Operand): Note =>
  (annotations, op, span) =>
    annotations.incompatibleTypes(typeOf(a), op, typeOf(b), span);

/**
 * Result of an operator with a histogram on either side. Null: no result, a note says why. A comparison yields
 * true or false.
 */
export function computeHistograms(op: ValueOp, a: Operand, b: Operand, notes: LastNotes, step: number): FloatHistogram | boolean | null {
  if (typeof a === 'number' || typeof b === 'number') {
    if (typeof a !== 'number') {
      if (op === '*') return compact(multiply(draftOf(a), b as number));
      if (op === '/') return compact(divide(draftOf(a), b as number));
      if (op === '</') return trimHistogram(a, b as number, 'below');
      if (op === '>/') return trimHistogram(a, b as number, 'above');
    } else if (typeof b !== 'number' && op === '*') {
      return compact(multiply(draftOf(b), a));
    }
    notes.set(step, incompatible(a, b));
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
        notes.set(step, (annotations, _, span) => annotations.incompatibleBucketLayout(op, span));
        return null;
      }
      const operation = op === '+' ? 'addition' : 'subtraction';
      if (op === '-') result.counterResetHint = 'gauge';
      if (combination.hintsCollide) {
        notes.set(step, (annotations, _, span) => annotations.counterResetCollision(operation, span));
        return null;
      }
      if (combination.boundsReconciled) notes.set(step, (annotations, _, span) => annotations.boundsReconciled(operation, span));
      return compact(result);
    }
    default:
      notes.set(step, incompatible(a, b));
      return null;
  }
}
