/**
 * The syntax tree of PromQL. Node kinds and fields are those of Prometheus' promql/parser/ast.go. Positions are byte
 * offsets [start, end) into the UTF-8 text; durations are milliseconds. Immutable: rewriting makes new nodes.
 */
import type { Matcher } from '../model/matcher.ts';

export type ValueType = 'none' | 'scalar' | 'vector' | 'matrix' | 'string';
export type Span = { readonly start: number; readonly end: number };

export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or'
  | 'unless'
  | '</'
  | '>/';
export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export type NumberLiteral = {
  readonly kind: 'number';
  readonly value: number /** Written as a duration. */;
  readonly isDuration: boolean;
  readonly span: Span;
};
export type StringLiteral = { readonly kind: 'string'; readonly value: string; readonly span: Span };
export type ParenExpr = { readonly kind: 'paren'; readonly expr: Expr; readonly span: Span };
export type UnaryExpr = { readonly kind: 'unary'; readonly op: '+' | '-'; readonly expr: Expr; readonly span: Span };

export type VectorMatching = {
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  readonly labels: readonly string[];
  /** True for on(…), false for ignoring(…) and for neither. */
  readonly isOn: boolean;
  /** Labels of group_left(…) and group_right(…). */
  readonly include: readonly string[];
  readonly fillLeft: number | null;
  readonly fillRight: number | null;
};
export type BinaryExpr = {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly returnsBool: boolean;
  /** Null unless both sides are vectors. */
  readonly matching: VectorMatching | null;
  readonly span: Span;
};
export type AggregateExpr = {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param: Expr | null;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
  readonly span: Span;
};
export type Call = { readonly kind: 'call'; readonly func: FunctionSignature; readonly args: readonly Expr[]; readonly span: Span };

/** Arithmetic on durations: `[5m * 2]`, `offset step()`. A bare length is not an expression but `rangeMs` and its like. */
export type DurationExpr = {
  readonly kind: 'duration';
  readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'min_of' | 'max_of';
  readonly lhs: DurationExpr | NumberLiteral | null;
  readonly rhs: DurationExpr | NumberLiteral | null;
  /** Written in parentheses. */
  readonly isWrapped: boolean;
  readonly span: Span;
};

/** `@`: a time, or the start or end of the query. */
export type AtModifier = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'start' } | { readonly kind: 'end' };

export type VectorSelector = {
  readonly kind: 'selector';
  /** '' when the selector has no name of its own. */
  readonly name: string;
  /** With the __name__ matcher last, where a name is given. */
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | null;
  readonly at: AtModifier | null;
  readonly isAnchored: boolean;
  readonly isSmoothed: boolean;
  readonly span: Span;
};
export type MatrixSelector = {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
  readonly span: Span;
};
export type SubqueryExpr = {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeMs: number;
  readonly rangeExpr: DurationExpr | null;
  /** 0: the default resolution. */
  readonly stepMs: number;
  readonly stepExpr: DurationExpr | null;
  readonly offsetMs: number;
  readonly offsetExpr: DurationExpr | null;
  readonly at: AtModifier | null;
  readonly span: Span;
};

export type Expr =
  | NumberLiteral
  | StringLiteral
  | ParenExpr
  | UnaryExpr
  | BinaryExpr
  | AggregateExpr
  | Call
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr;

export type FunctionSignature = {
  readonly name: string;
  readonly args: readonly ValueType[];
  /** 0: exact. n > 0: the last argument may be absent or come n times more. -1: any number of times. */
  readonly variadic: number;
  readonly returns: ValueType;
  readonly isExperimental: boolean;
};
