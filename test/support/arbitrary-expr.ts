/**
 * Well-typed syntax trees for properties of the parser and the printers, in the shape that parsing their text gives:
 * operands are atoms or in parentheses, matchers in printed order. Spans are all zero; `withoutSpans` forgets those of
 * a parsed tree.
 */
import fc from 'fast-check';
import { compareUtf8 } from '../../src/lib/utf8-order.ts';
import { METRIC_NAME } from '../../src/model/labels.ts';
import { equalMatcher, type Matcher, makeMatcher, matchesValue, printMatcher } from '../../src/model/matcher.ts';
import type {
  AggregateExpr,
  AtModifier,
  BinaryExpr,
  BinaryOp,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  ParenExpr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from '../../src/promql/ast.ts';
import { FUNCTIONS } from '../../src/promql/functions.ts';

const span = { start: 0, end: 0 };
const number = (value: number, isDuration = false): NumberLiteral => ({ kind: 'number', value, isDuration, span });

const seconds = fc.integer({ min: 1, max: 1e9 }).map((ms) => number(ms / 1000, true));
const positive = fc.oneof(
  seconds,
  fc.double({ min: 1e-9, max: 1e300, noNaN: true }).map((value) => number(value)),
  fc.nat().map((value) => number(value)),
);
/** Seconds that Go's durations hold. */
const positiveLength = positive.filter(({ value }) => value > 0 && value < 9e9);
const anyNumber = fc.oneof(
  positive,
  seconds.map(({ value }) => number(-value, true)),
  fc.double().map((value) => number(value)),
);
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('\udcff', '\ufffd', '"\\\n`', ''));
const labelName = fc.oneof(fc.constantFrom('a', 'job', 'by', 'le', 'a.b'), fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }));
const names = fc.uniqueArray(labelName, { maxLength: 3 });
const metricName = fc.constantFrom('foo', 'a:b', '_x9', 'sum', 'offset', 'and', 'fill', 'start', 'step', 'by', 'anchored', 'Foo');

const matcher = fc.oneof(
  fc.tuple(labelName, text).map(([name, value]) => equalMatcher(name, value)),
  fc.tuple(labelName, text).map(([name, value]): Matcher => ({ ...equalMatcher(name, value), op: '!=' })),
  fc.tuple(labelName, fc.constantFrom<'=~' | '!~'>('=~', '!~'), fc.constantFrom('a|b', '.*', 'x+', '(?i)y')).map(([name, op, pattern]) => {
    const made = makeMatcher(name, op, pattern);
    if ('error' in made) throw new Error(made.error);
    return made;
  }),
);

/** A length that binds as tightly as a literal. */
const lengthAtom: fc.Memo<DurationExpr> = fc.memo((depth) => {
  const call = fc.constantFrom<'step' | 'range'>('step', 'range').map((op) => length(op, null, null));
  const wrapped = positiveLength.map((literal) => ({ ...length('+', null, literal), isWrapped: true }));
  if (depth <= 1) return fc.oneof(call, wrapped);
  const binary = lengthSum(depth).map((sum) => ({ ...sum, isWrapped: true }));
  const pair = fc.tuple(fc.constantFrom<'min_of' | 'max_of'>('min_of', 'max_of'), operand(depth), operand(depth));
  return fc.oneof(
    call,
    wrapped,
    binary,
    pair.map(([op, lhs, rhs]) => length(op, lhs, rhs)),
  );
});
const length = (op: DurationExpr['op'], lhs: DurationExpr['lhs'], rhs: DurationExpr['rhs']): DurationExpr => ({
  kind: 'duration',
  op,
  lhs,
  rhs,
  isWrapped: false,
  span,
});
const operand = (depth: number): fc.Arbitrary<DurationExpr | NumberLiteral> => fc.oneof(positiveLength, lengthAtom(depth - 1));
const lengthSum = (depth: number): fc.Arbitrary<DurationExpr> =>
  fc
    .tuple(fc.constantFrom<'+' | '-' | '*' | '/' | '%' | '^'>('+', '-', '*', '/', '%', '^'), operand(depth), operand(depth))
    .map(([op, lhs, rhs]) => length(op, lhs, rhs));
const negative = lengthAtom(2).map((rhs) => length('-', null, rhs));
const rangeExpr = fc.oneof(lengthAtom(2), negative, lengthSum(2));

const milliseconds = fc.integer({ min: 1, max: 1e12 });
const at: fc.Arbitrary<AtModifier | null> = fc.oneof(
  fc.constant(null),
  fc.constantFrom<AtModifier>({ kind: 'start' }, { kind: 'end' }),
  fc.integer({ min: -1e14, max: 1e14 }).map((ms): AtModifier => ({ kind: 'time', ms })),
);
const offset = fc.oneof(
  fc.constant({ offsetMs: 0, offsetExpr: null }),
  fc.integer({ min: -1e12, max: 1e12 }).map((offsetMs) => ({ offsetMs, offsetExpr: null })),
  fc.oneof(lengthAtom(2), negative).map((offsetExpr) => ({ offsetMs: 0, offsetExpr })),
);
const range = fc.oneof(
  milliseconds.map((rangeMs) => ({ rangeMs, rangeExpr: null })),
  rangeExpr.map((expr) => ({ rangeMs: 0, rangeExpr: expr })),
);
const step = fc.oneof(
  fc.constant({ stepMs: 0, stepExpr: null }),
  milliseconds.map((stepMs) => ({ stepMs, stepExpr: null })),
  rangeExpr.map((expr) => ({ stepMs: 0, stepExpr: expr })),
);

const printedMatcher = (matcher: Matcher): string => printMatcher(matcher).replaceAll('\ufffd', '\\ufffd');

const selector: fc.Arbitrary<VectorSelector> = fc
  .record({
    name: fc.oneof(fc.constant(''), metricName),
    matchers: fc.array(matcher, { maxLength: 3 }),
    time: fc.tuple(at, offset),
    extension: fc.constantFrom(
      { isAnchored: false, isSmoothed: false },
      { isAnchored: true, isSmoothed: false },
      { isAnchored: false, isSmoothed: true },
    ),
  })
  .map(({ name, matchers, time: [at, offset], extension }) => {
    const plain = name === '' ? matchers : matchers.filter((matcher) => matcher.name !== METRIC_NAME);
    if (name === '' && plain.every((matcher) => matchesValue(matcher, ''))) plain.push(equalMatcher('a', 'b'));
    plain.sort((a, b) => compareUtf8(printedMatcher(a), printedMatcher(b)));
    if (name !== '') plain.push(equalMatcher(METRIC_NAME, name));
    return { kind: 'selector', name, matchers: plain, ...offset, at, ...extension, span };
  });
const matrix: fc.Arbitrary<MatrixSelector> = fc
  .tuple(selector, range)
  .map(([selector, range]) => ({ kind: 'matrix', selector, ...range, span }));
const infoSelector = selector.filter(({ name }) => name === '');

const COMPARISONS: readonly BinaryOp[] = ['==', '!=', '<', '<=', '>', '>='];
const SET_OPS: readonly BinaryOp[] = ['and', 'or', 'unless'];
const ARITHMETIC: readonly BinaryOp[] = ['+', '-', '*', '/', '%', '^', 'atan2', '</', '>/'];

const fill = fc.oneof(fc.constant(null), fc.constantFrom(0, 1, -23, 1e21, 0.25, Infinity));
const oneToOne: fc.Arbitrary<VectorMatching> = fc
  .record({ labels: names, isOn: fc.boolean(), fillLeft: fill, fillRight: fill })
  .map((fields) => ({ card: 'one-to-one', include: [], ...fields }));
const grouped: fc.Arbitrary<VectorMatching> = fc
  .record({
    card: fc.constantFrom<VectorMatching['card']>('many-to-one', 'one-to-many'),
    labels: names,
    isOn: fc.boolean(),
    include: names,
    fillLeft: fill,
    fillRight: fill,
  })
  .map((matching) => ({ ...matching, include: matching.include.filter((label) => !matching.labels.includes(label)) }));
const manyToMany: fc.Arbitrary<VectorMatching> = fc
  .record({ labels: names, isOn: fc.boolean() })
  .map((fields) => ({ card: 'many-to-many', include: [], fillLeft: null, fillRight: null, ...fields }));

const AGGREGATE_OPS: readonly AggregateExpr['op'][] = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const OPS_WITH_SCALAR: readonly AggregateExpr['op'][] = ['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio'];

const sign = fc.constantFrom<'+' | '-'>('+', '-');
const paren = (expr: Expr): ParenExpr => ({ kind: 'paren', expr, span });

/** An expression that binds as tightly as a literal does. */
function scalarAtom(depth: number): fc.Arbitrary<Expr> {
  if (depth <= 0) return positive;
  return fc.oneof(positive, call('scalar', depth), scalar(depth - 1).map(paren));
}

function vectorAtom(depth: number): fc.Arbitrary<Expr> {
  if (depth <= 0) return selector;
  return fc.oneof(selector, call('vector', depth), aggregate(depth), vector(depth - 1).map(paren));
}

function scalar(depth: number): fc.Arbitrary<Expr> {
  const operand = scalarAtom(depth);
  return fc.oneof(
    anyNumber,
    operand,
    // A sign before a literal would be part of it.
    fc.tuple(sign, anyNumber.map(paren)).map(([op, expr]): Expr => ({ kind: 'unary', op, expr, span })),
    fc.tuple(fc.constantFrom(...ARITHMETIC), operand, operand).map(([op, lhs, rhs]) => binary(op, lhs, rhs)),
    fc.tuple(fc.constantFrom(...COMPARISONS), operand, operand).map(([op, lhs, rhs]) => binary(op, lhs, rhs, { returnsBool: true })),
  );
}

function vector(depth: number): fc.Arbitrary<Expr> {
  const operand = vectorAtom(depth);
  const anyOp = fc.constantFrom(...ARITHMETIC, ...COMPARISONS);
  return fc.oneof(
    operand,
    fc.tuple(sign, operand).map(([op, expr]): Expr => ({ kind: 'unary', op, expr, span })),
    fc.tuple(anyOp, operand, operand, fc.oneof(oneToOne, grouped)).map(([op, lhs, rhs, matching]) => binary(op, lhs, rhs, { matching })),
    fc
      .tuple(fc.constantFrom(...SET_OPS), operand, operand, manyToMany)
      .map(([op, lhs, rhs, matching]) => binary(op, lhs, rhs, { matching })),
    fc.tuple(anyOp, operand, scalarAtom(depth)).map(([op, lhs, rhs]) => binary(op, lhs, rhs)),
    fc
      .tuple(fc.constantFrom(...COMPARISONS), scalarAtom(depth), operand)
      .map(([op, lhs, rhs]) => binary(op, lhs, rhs, { returnsBool: true })),
  );
}

const binary = (op: BinaryOp, lhs: Expr, rhs: Expr, more: Partial<Pick<BinaryExpr, 'returnsBool' | 'matching'>> = {}): BinaryExpr => ({
  kind: 'binary',
  op,
  lhs: swallowsOperator(lhs) ? paren(lhs) : lhs,
  rhs,
  returnsBool: false,
  matching: null,
  ...more,
  span,
});

/** `foo offset (5m) + 3` is an offset of 5m + 3. */
const swallowsOperator = (expr: Expr): boolean => expr.kind === 'selector' && expr.offsetExpr?.isWrapped === true;

function aggregate(depth: number): fc.Arbitrary<AggregateExpr> {
  const grouping = fc.oneof(
    names.map((grouping) => ({ grouping, isWithout: false })),
    names.map((grouping) => ({ grouping, isWithout: true })),
  );
  const string = text.map((value): Expr => ({ kind: 'string', value, span }));
  return fc.oneof(
    fc
      .tuple(fc.constantFrom(...AGGREGATE_OPS), vector(depth - 1), grouping)
      .map(([op, expr, by]): AggregateExpr => ({ kind: 'aggregate', op, expr, param: null, ...by, span })),
    fc
      .tuple(fc.constantFrom(...OPS_WITH_SCALAR), scalar(depth - 1), vector(depth - 1), grouping)
      .map(([op, param, expr, by]): AggregateExpr => ({ kind: 'aggregate', op, expr, param, ...by, span })),
    fc
      .tuple(string, vector(depth - 1), grouping)
      .map(([param, expr, by]): AggregateExpr => ({ kind: 'aggregate', op: 'count_values', expr, param, ...by, span })),
  );
}

function call(returns: 'scalar' | 'vector', depth: number): fc.Arbitrary<Expr> {
  const candidates = [...FUNCTIONS.values()].filter((func) => func.returns === returns);
  return fc.constantFrom(...candidates).chain((func) => {
    const most = func.variadic < 0 ? func.args.length + 2 : func.args.length - 1 + Math.max(func.variadic, 1);
    const least = func.variadic === 0 ? func.args.length : func.args.length - 1;
    return fc.integer({ min: least, max: func.variadic === 0 ? least : most }).chain((count) => {
      const types = Array.from({ length: count }, (_, i) => func.args[i] ?? func.args.at(-1) ?? 'none');
      const args = types.map((type, i) => (func.name === 'info' && i === 1 ? infoSelector : ofType(type, depth - 1)));
      return fc.tuple(...args).map((args): Expr => ({ kind: 'call', func, args, span }));
    });
  });
}

function ofType(type: ValueType, depth: number): fc.Arbitrary<Expr> {
  switch (type) {
    case 'scalar':
      return scalar(depth);
    case 'vector':
      return vector(depth);
    case 'string':
      return text.map((value): Expr => ({ kind: 'string', value, span }));
    default:
      return fc.oneof(matrix, subquery(depth));
  }
}

/** Prometheus' lexer takes the colon of a subquery only after some number. */
const subqueryRange = range.filter(({ rangeExpr }) => rangeExpr === null || hasNumber(rangeExpr));
const hasNumber = (part: DurationExpr | NumberLiteral | null): boolean =>
  part !== null && (part.kind === 'number' || hasNumber(part.lhs) || hasNumber(part.rhs));

function subquery(depth: number): fc.Arbitrary<Expr> {
  return fc
    .tuple(vectorAtom(depth), subqueryRange, step, at, offset)
    .map(([expr, range, step, at, offset]): Expr => ({ kind: 'subquery', expr, ...range, ...step, ...offset, at, span }));
}

const DEPTH = 2;

export const arbitraryExpr: fc.Arbitrary<Expr> = fc.oneof(
  ofType('scalar', DEPTH),
  ofType('vector', DEPTH),
  ofType('matrix', DEPTH),
  ofType('string', DEPTH),
);

/** The tree as plain data, without spans and compiled expressions. */
export function withoutSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutSpans);
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'span' && key !== 'regex')
      .map(([key, value]) => [key, withoutSpans(value)]),
  );
}
