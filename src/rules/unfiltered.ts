/**
 * The expression behind a condition: `rate(x[5m])` of `rate(x[5m]) > 3`. When the element of a firing alert is missing
 * from the condition's result, this tells a condition that became false (the element is still here) from data that went
 * away. Comparisons are taken away where they filter by a number; between two vectors they become `bool`, which keeps
 * the labels of the result and loses no element; below aggregations and functions likewise. Of `a unless b` a stays, of
 * topk() what it chose from. Values do not matter, so count_values(), which makes labels of them, cannot be asked.
 */
import { unreachable } from '../lib/never.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { AggregateExpr, BinaryExpr, BinaryOp, Call, Expr } from '../promql/ast.ts';
import { labelsOfAbsent } from '../promql/functions/absent.ts';

export type Unfiltered = {
  /** Gives every element whose data is there; null where no expression does. */
  readonly expr: Expr | null;
  /** What absent() raises: elements that end when data comes, not when it goes. */
  readonly absences: readonly Labels[];
};

const UNKNOWN: Unfiltered = { expr: null, absences: [] };
const isUnknown = ({ expr, absences }: Unfiltered): boolean => expr === null && absences.length === 0;
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '<=', '>', '>=']);
/** They choose among the elements below them. */
const CHOICES: ReadonlySet<AggregateExpr['op']> = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio']);

export function unfiltered(expr: Expr): Unfiltered {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
    case 'matrix':
      return { expr, absences: [] };
    case 'paren': {
      const inner = unfiltered(expr.expr);
      return { ...inner, expr: inner.expr === null ? null : { ...expr, expr: inner.expr } };
    }
    case 'unary':
    case 'subquery':
      return above(expr.expr, (inner) => ({ ...expr, expr: inner }));
    case 'binary':
      return unfilteredBinary(expr);
    case 'aggregate':
      if (expr.op === 'count_values') return UNKNOWN;
      return above(expr.expr, (inner) => (CHOICES.has(expr.op) ? inner : { ...expr, expr: inner }));
    case 'call':
      return unfilteredCall(expr);
    default:
      return unreachable(expr);
  }
}

/** What an operation makes of elements is not what absent() raised any more. */
function above(expr: Expr, make: (inner: Expr) => Expr): Unfiltered {
  const inner = unfiltered(expr);
  return inner.expr === null ? UNKNOWN : { expr: make(inner.expr), absences: [] };
}

function unfilteredBinary(expr: BinaryExpr): Unfiltered {
  const lhs = unfiltered(expr.lhs);
  const rhs = unfiltered(expr.rhs);
  switch (expr.op) {
    case 'unless':
      return lhs;
    case 'and':
      // Where the right side cannot be asked, it is taken to be a condition.
      if (lhs.expr === null || rhs.expr === null) return lhs;
      return { expr: { ...expr, lhs: lhs.expr, rhs: rhs.expr }, absences: lhs.absences };
    case 'or': {
      if (isUnknown(lhs) || isUnknown(rhs)) return UNKNOWN;
      const both = lhs.expr !== null && rhs.expr !== null ? { ...expr, lhs: lhs.expr, rhs: rhs.expr } : (lhs.expr ?? rhs.expr);
      return { expr: both, absences: [...lhs.absences, ...rhs.absences] };
    }
    default:
  }
  if (COMPARISONS.has(expr.op) && !expr.returnsBool) {
    if (expr.matching === null) return isScalar(expr.lhs) ? rhs : lhs;
    if (lhs.expr === null || rhs.expr === null) return UNKNOWN;
    return { expr: { ...expr, lhs: lhs.expr, rhs: rhs.expr, returnsBool: true }, absences: [] };
  }
  if (lhs.expr === null || rhs.expr === null) return UNKNOWN;
  return { expr: { ...expr, lhs: lhs.expr, rhs: rhs.expr }, absences: [] };
}

function unfilteredCall(call: Call): Unfiltered {
  if (call.func.name === 'absent' || call.func.name === 'absent_over_time')
    return { expr: null, absences: [labelsOfAbsent(matchersOf(call.args[0]))] };
  const args: Expr[] = [];
  for (const arg of call.args) {
    const { expr } = unfiltered(arg);
    if (expr === null) return UNKNOWN;
    args.push(expr);
  }
  return { expr: { ...call, args }, absences: [] };
}

function matchersOf(arg: Expr | undefined): Parameters<typeof labelsOfAbsent>[0] {
  switch (arg?.kind) {
    case 'paren':
      return matchersOf(arg.expr);
    case 'selector':
      return arg.matchers;
    case 'matrix':
      return arg.selector.matchers;
    default:
      return null;
  }
}

/** Of the two sides of a comparison that is not between vectors. */
export const isScalar = (expr: Expr): boolean => {
  switch (expr.kind) {
    case 'number':
      return true;
    case 'paren':
    case 'unary':
      return isScalar(expr.expr);
    case 'binary':
      return isScalar(expr.lhs) && isScalar(expr.rhs);
    case 'call':
      return expr.func.returns === 'scalar';
    default:
      return false;
  }
};

/** Tells, for the alerts of one rule at one evaluation, why they are missing. */
export class MissingReasons {
  readonly #hidden: ReadonlySet<string>;
  readonly #present: ReadonlySet<string> | null;
  readonly #absences: ReadonlySet<string>;

  /** `present`: the elements of `source.expr`, null where they are not known. `ruleLabels`: they hide what the element had. */
  constructor(source: Unfiltered, present: readonly Labels[] | null, ruleLabels: readonly string[]) {
    this.#hidden = new Set([METRIC_NAME, 'alertname', ...ruleLabels]);
    this.#absences = new Set(source.absences.map((labels) => this.#keyOf(labels)));
    this.#present = present === null ? null : new Set(present.map((labels) => this.#keyOf(labels)));
  }

  reasonOf(alert: Labels): 'condition_false' | 'data_missing' {
    const key = this.#keyOf(alert);
    if (this.#present === null || this.#present.has(key) || this.#absences.has(key)) return 'condition_false';
    return 'data_missing';
  }

  #keyOf(labels: Labels): string {
    return labels.filter((name) => !this.#hidden.has(name)).key();
  }
}
