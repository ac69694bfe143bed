/**
 * An expression made ready to run over one time range: start(), end(), range(), step() and duration arithmetic are
 * numbers, `@ start()` is a time, parentheses are gone, and what cannot change from step to step is marked so that it is
 * evaluated once. prometheus/promql/engine.go PreprocessExpr, durations.go. The syntax tree itself is not changed.
 */
import { unreachable } from '../lib/never.ts';
import type { Matcher } from '../model/matcher.ts';
import type {
  AggregateOp,
  AtModifier,
  BinaryOp,
  DurationExpr,
  Expr,
  NumberLiteral,
  Span,
  ValueType,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { walkExpr } from './ast-walk.ts';
import { badQuery } from './query-error.ts';

export type SelectorPlan = {
  readonly kind: 'selector';
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  /** Null: the time of the step. */
  readonly atMs: number | null;
  readonly isAnchored: boolean;
  readonly isSmoothed: boolean;
  /** Only count and sum of native histograms are asked for. */
  readonly statsOnly: boolean;
  readonly span: Span;
};
export type MatrixPlan = { readonly kind: 'matrix'; readonly selector: SelectorPlan; readonly rangeMs: number; readonly span: Span };
export type SubqueryPlan = {
  readonly kind: 'subquery';
  readonly expr: Plan;
  readonly rangeMs: number;
  /** 0: the default resolution. */
  readonly stepMs: number;
  readonly offsetMs: number;
  readonly atMs: number | null;
  readonly span: Span;
};
export type BinaryPlan = {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly lhs: Plan;
  readonly rhs: Plan;
  readonly returnsBool: boolean;
  readonly matching: VectorMatching | null;
  readonly span: Span;
};
export type AggregatePlan = {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Plan;
  readonly param: Plan | null;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
  readonly span: Span;
};
export type CallPlan = {
  readonly kind: 'call';
  readonly name: string;
  readonly returns: ValueType;
  readonly args: readonly Plan[];
  readonly span: Span;
};
export type Plan =
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  /** A + changes no value, but what it stands before is no selector any more: timestamp(+x) is not timestamp(x). */
  | { readonly kind: 'unary'; readonly op: '+' | '-'; readonly expr: Plan; readonly span: Span }
  /** The same at every step: evaluated at the first, then repeated. */
  | { readonly kind: 'invariant'; readonly expr: Plan; readonly span: Span }
  | BinaryPlan
  | AggregatePlan
  | CallPlan
  | SelectorPlan
  | MatrixPlan
  | SubqueryPlan;

export type QueryRange = { readonly startMs: number; readonly endMs: number; readonly stepMs: number };

export function planQuery(expr: Expr, range: QueryRange): Plan {
  const { plan, isInvariant } = planExpr(expr, { range, stats: 'undecided' });
  return isInvariant && mayRepeat(plan) ? invariant(plan) : plan;
}

/** Whether plans of the expression differ with the range: it has duration arithmetic, `@ start()` or functions like start(). */
export function dependsOnRange(expr: Expr): boolean {
  let depends = false;
  walkExpr(expr, (node) => {
    switch (node.kind) {
      case 'call':
        depends ||= queryConstant(node.func.name, { startMs: 0, endMs: 0, stepMs: 0 }) !== null;
        return;
      case 'selector':
        depends ||= node.offsetExpr !== null || hasMovingAt(node.at);
        return;
      case 'matrix':
        depends ||= node.rangeExpr !== null;
        return;
      case 'subquery':
        depends ||= node.offsetExpr !== null || node.rangeExpr !== null || node.stepExpr !== null || hasMovingAt(node.at);
        return;
      default:
    }
  });
  return depends;
}

const hasMovingAt = (at: AtModifier | null): boolean => at !== null && at.kind !== 'time';

/** The plans right below this one, in the order of the text. */
export function childrenOfPlan(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'matrix':
      return [plan.selector];
    case 'unary':
    case 'invariant':
    case 'subquery':
      return [plan.expr];
    case 'binary':
      return [plan.lhs, plan.rhs];
    case 'aggregate':
      return plan.param === null ? [plan.expr] : [plan.expr, plan.param];
    case 'call':
      return plan.args;
    default:
      return unreachable(plan);
  }
}

type Planned = { readonly plan: Plan; readonly isInvariant: boolean };
type Scope = {
  readonly range: QueryRange;
  /** Whether selectors below may leave out histogram buckets; one operation on the way that needs them decides. */
  readonly stats: 'undecided' | 'only' | 'never';
};

/** Literals are the same at every step anyway, and range vectors have times of their own. */
const mayRepeat = (plan: Plan): boolean =>
  plan.kind !== 'number' && plan.kind !== 'string' && plan.kind !== 'matrix' && plan.kind !== 'subquery';
const invariant = (expr: Plan): Plan => ({ kind: 'invariant', expr, span: expr.span });
const settled = ({ plan, isInvariant }: Planned): Plan => (isInvariant && mayRepeat(plan) ? invariant(plan) : plan);

/** Functions that look at the evaluation time, so that a fixed argument does not make a fixed result. */
const TIME_DEPENDENT = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);
const STATS_ONLY = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const NEED_BUCKETS = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction']);

function planExpr(expr: Expr, scope: Scope): Planned {
  switch (expr.kind) {
    case 'number':
      return { plan: { kind: 'number', value: expr.value, span: expr.span }, isInvariant: true };
    case 'string':
      return { plan: { kind: 'string', value: expr.value, span: expr.span }, isInvariant: true };
    case 'paren':
      return planExpr(expr.expr, scope);
    case 'unary': {
      const inner = planExpr(expr.expr, scope);
      return { plan: { kind: 'unary', op: expr.op, expr: inner.plan, span: expr.span }, isInvariant: inner.isInvariant };
    }
    case 'binary': {
      const inner: Scope = expr.op === '</' || expr.op === '>/' ? { ...scope, stats: 'never' } : scope;
      const lhs = planExpr(expr.lhs, inner);
      const rhs = planExpr(expr.rhs, inner);
      const isInvariant = lhs.isInvariant && rhs.isInvariant;
      const { op, returnsBool, matching, span } = expr;
      const sides = isInvariant ? { lhs: lhs.plan, rhs: rhs.plan } : { lhs: settled(lhs), rhs: settled(rhs) };
      return { plan: { kind: 'binary', op, ...sides, returnsBool, matching, span }, isInvariant };
    }
    case 'aggregate': {
      const inner = planExpr(expr.expr, scope);
      // The parameter is not asked: it is evaluated at each step of whatever the operand needs.
      const param = expr.param === null ? null : planExpr(expr.param, scope).plan;
      const { op, grouping, isWithout, span } = expr;
      return { plan: { kind: 'aggregate', op, expr: inner.plan, param, grouping, isWithout, span }, isInvariant: inner.isInvariant };
    }
    case 'call': {
      const { name, returns } = expr.func;
      const folded = queryConstant(name, scope.range);
      if (folded !== null) return { plan: { kind: 'number', value: folded, span: expr.span }, isInvariant: true };
      const needsBuckets = scope.stats === 'never' || NEED_BUCKETS.has(name);
      const inner: Scope = { ...scope, stats: needsBuckets ? 'never' : STATS_ONLY.has(name) ? 'only' : scope.stats };
      const args = expr.args.map((arg) => planExpr(arg, inner));
      const areInvariant = args.every((arg) => arg.isInvariant);
      // timestamp() of a selector at a fixed time is fixed; of anything else it is the evaluation time.
      const isInvariant =
        areInvariant && (!TIME_DEPENDENT.has(name) || (name === 'timestamp' && args.every(({ plan }) => plan.kind === 'selector')));
      return {
        plan: { kind: 'call', name, returns, args: args.map((arg) => (isInvariant ? arg.plan : settled(arg))), span: expr.span },
        isInvariant,
      };
    }
    case 'selector': {
      const plan = planSelector(expr, scope);
      return { plan, isInvariant: plan.atMs !== null };
    }
    case 'matrix': {
      const rangeMs = expr.rangeExpr === null ? expr.rangeMs : evaluateDuration(expr.rangeExpr, scope.range, false);
      const selector = planSelector(expr.selector, scope);
      return { plan: { kind: 'matrix', selector, rangeMs, span: expr.span }, isInvariant: selector.atMs !== null };
    }
    case 'subquery': {
      // In this order, and before what is inside: of several wrong durations the first is reported.
      const { range } = scope;
      const offsetMs = expr.offsetExpr === null ? expr.offsetMs : evaluateDuration(expr.offsetExpr, range, true);
      const stepMs = expr.stepExpr === null ? expr.stepMs : evaluateDuration(expr.stepExpr, range, false);
      const rangeMs = expr.rangeExpr === null ? expr.rangeMs : evaluateDuration(expr.rangeExpr, range, false);
      const atMs = resolveAt(expr.at, range);
      const inner = planExpr(expr.expr, { ...scope, stats: 'never' });
      return {
        plan: { kind: 'subquery', expr: settled(inner), rangeMs, stepMs, offsetMs, atMs, span: expr.span },
        isInvariant: atMs !== null,
      };
    }
    default:
      return unreachable(expr);
  }
}

function planSelector(expr: VectorSelector, { range, stats }: Scope): SelectorPlan {
  return {
    kind: 'selector',
    matchers: expr.matchers,
    offsetMs: expr.offsetExpr === null ? expr.offsetMs : evaluateDuration(expr.offsetExpr, range, true),
    atMs: resolveAt(expr.at, range),
    isAnchored: expr.isAnchored,
    isSmoothed: expr.isSmoothed,
    statsOnly: stats === 'only',
    span: expr.span,
  };
}

function resolveAt(at: AtModifier | null, { startMs, endMs }: QueryRange): number | null {
  if (at === null) return null;
  switch (at.kind) {
    case 'time':
      return at.ms;
    case 'start':
      return startMs;
    case 'end':
      return endMs;
    default:
      return unreachable(at);
  }
}

/** In seconds; null for every function but the four that only tell about the query. */
function queryConstant(name: string, { startMs, endMs, stepMs }: QueryRange): number | null {
  switch (name) {
    case 'start':
      return startMs / 1000;
    case 'end':
      return endMs / 1000;
    case 'range':
      return (endMs - startMs) / 1000;
    case 'step':
      return startMs === endMs ? 0 : stepMs / 1000;
    default:
      return null;
  }
}

/** A Go duration holds this many seconds. */
const SECONDS_MAX = 2 ** 63 / 1e9;

/** Milliseconds, cut towards zero. */
function evaluateDuration(expr: DurationExpr, range: QueryRange, mayBeNegative: boolean): number {
  const seconds = durationSeconds(expr, range);
  const at = `${expr.span.start}:${expr.span.end}`;
  if (!Number.isFinite(seconds)) throw badQuery(`${at}: duration is NaN or infinite`);
  if (seconds <= 0 && !mayBeNegative) throw badQuery(`${at}: duration must be greater than 0`);
  if (Math.abs(seconds) > SECONDS_MAX) throw badQuery(`${at}: duration is out of range`);
  return Math.trunc(seconds * 1000);
}

function durationSeconds(expr: DurationExpr | NumberLiteral, range: QueryRange): number {
  if (expr.kind === 'number') return expr.value;
  const lhs = expr.lhs === null ? 0 : durationSeconds(expr.lhs, range);
  const rhs = expr.rhs === null ? 0 : durationSeconds(expr.rhs, range);
  switch (expr.op) {
    case 'step':
      return range.stepMs / 1000;
    case 'range':
      return (range.endMs - range.startMs) / 1000;
    case 'min_of':
      return Math.min(lhs, rhs);
    case 'max_of':
      return Math.max(lhs, rhs);
    case '+':
      return lhs + rhs;
    case '-':
      return lhs - rhs;
    case '*':
      return lhs * rhs;
    case '/':
      if (rhs === 0) throw badQuery(`${expr.span.start}:${expr.span.end}: division by zero`);
      return lhs / rhs;
    case '%':
      if (rhs === 0) throw badQuery(`${expr.span.start}:${expr.span.end}: modulo by zero`);
      return lhs % rhs;
    case '^':
      return lhs ** rhs;
    default:
      return unreachable(expr.op);
  }
}
