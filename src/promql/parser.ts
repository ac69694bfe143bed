/**
 * PromQL text to syntax tree: precedence climbing over the grammar of prometheus/promql/parser/generated_parser.y.
 * A syntax error ends the parse; what is wrong beyond syntax (unknown functions, misplaced modifiers, types) is
 * gathered. Texts and positions of errors are Prometheus'. Takes any text, in linear time, and throws at none.
 */
import { goFormatF } from '../lib/go-float.ts';
import { goQuote } from '../lib/go-quote.ts';
import { isUtf8LabelName, METRIC_NAME } from '../model/labels.ts';
import { equalMatcher, type Matcher, type MatchOp, makeMatcher } from '../model/matcher.ts';
import { REGEX_SIZE_MAX, REGEX_TOO_LARGE } from '../model/regex.ts';
import type {
  AggregateExpr,
  AggregateOp,
  AtModifier,
  BinaryExpr,
  BinaryOp,
  Expr,
  FunctionSignature,
  MatrixSelector,
  Span,
  SubqueryExpr,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { exceedsDepth } from './ast-walk.ts';
import { checkTypes } from './check.ts';
import { DurationParser, type Length, millisecondsOf } from './duration-parser.ts';
import { FUNCTIONS } from './functions.ts';
import { negated, parseLiteral, startingAt } from './literal.ts';
import type { ParseError } from './parse-error.ts';
import { LABEL_NAMES, METRIC_NAMES, type Token, type TokenKind } from './token.ts';
import { type Context, DEPTH_MAX, parseWith, TOO_DEEP, TokenReader } from './token-reader.ts';

/** Parts of the language that Prometheus has behind feature flags. */
export type ParserOptions = {
  readonly experimentalFunctions: boolean;
  readonly durationExpressions: boolean;
  readonly extendedRangeSelectors: boolean;
  readonly binopFillModifiers: boolean;
};

/** The tree of a query that is correct, types included; or all that is wrong with it, first things first. */
export function parseExpr(text: string, options: ParserOptions): { readonly expr: Expr } | { readonly errors: readonly ParseError[] } {
  const reader = new TokenReader(text, 'query');
  const result = parseWith(reader, () => new Parser(reader, options).parse());
  if ('errors' in result) return result;
  const errors = exceedsDepth(result.value, DEPTH_MAX)
    ? [{ message: TOO_DEEP, span: result.value.span }]
    : checkTypes(result.value, reader.bytes);
  return errors.length === 0 ? { expr: result.value } : { errors };
}

/** A selector alone, as match[] parameters have it: `foo{a="b"}`. It may match everything. */
export function parseMatchers(text: string): { readonly matchers: readonly Matcher[] } | { readonly errors: readonly ParseError[] } {
  const reader = new TokenReader(text, 'query');
  const result = parseWith(reader, () => new Parser(reader, NO_OPTIONS).parseSelectorAlone());
  return 'errors' in result ? result : { matchers: result.value.matchers };
}

const NO_OPTIONS: ParserOptions = {
  experimentalFunctions: false,
  durationExpressions: false,
  extendedRangeSelectors: false,
  binopFillModifiers: false,
};

const PRECEDENCE: Partial<Record<TokenKind, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const LOWEST = 1;
/** A sign binds as `*` does: -1^2 is -(1^2). */
const ABOVE_SIGN = 6;

const AGGREGATE_OPS: ReadonlySet<TokenKind> = new Set<AggregateOp>([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);
const isAggregateOp = (kind: TokenKind): kind is AggregateOp => AGGREGATE_OPS.has(kind);
const OPS_WITH_PARAM: ReadonlySet<AggregateOp> = new Set(['topk', 'bottomk', 'count_values', 'quantile', 'limitk', 'limit_ratio']);
const EXPERIMENTAL_OPS: ReadonlySet<AggregateOp> = new Set(['limitk', 'limit_ratio']);
const EXPRESSION_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>([...METRIC_NAMES, 'number', 'duration', 'string', '(', '{', '+', '-']);
const MATCH_OPS: ReadonlySet<TokenKind> = new Set<TokenKind>(['=', '!=', '=~', '!~']);

const AGGREGATION: Context = { where: 'aggregation', expected: '' };
const OFFSET: Context = { where: 'offset', expected: 'number, duration, step(), or range()' };
const AT: Context = { where: '@', expected: 'timestamp' };
const RANGE: Context = { where: 'subquery or range selector', expected: 'number, duration, step(), or range()' };
const AFTER_RANGE: Context = { where: 'subquery or range', expected: '":" or "]"' };
const STEP: Context = { where: 'subquery selector', expected: 'number, duration, step(), range(), or "]"' };
const AFTER_STEP: Context = { where: 'subquery selector', expected: '"]"' };
const GROUPING: Context = { where: 'grouping opts', expected: '"("' };
const GROUPING_LABEL: Context = { where: 'grouping opts', expected: 'label' };
const AFTER_GROUPING_LABEL: Context = { where: 'grouping opts', expected: '"," or ")"' };
const MATCHER: Context = { where: 'label matching', expected: 'identifier or "}"' };
const MATCHER_OP: Context = { where: 'label matching', expected: 'label matching operator' };
const MATCHER_VALUE: Context = { where: 'label matching', expected: 'string' };
const AFTER_MATCHER: Context = { where: 'label matching', expected: '"," or "}"' };

class Parser {
  readonly #reader: TokenReader;
  readonly #options: ParserOptions;
  readonly #durations: DurationParser;
  /** Of all together: nothing else can run while they are compiled. */
  #regexSize = 0;

  constructor(reader: TokenReader, options: ParserOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#durations = new DurationParser(reader, options);
  }

  parse(): Expr {
    if (this.#reader.peek().kind === 'eof') this.#reader.stop(NOWHERE, 'no expression found in input');
    const expr = this.#expression(LOWEST);
    this.#reader.expect('eof');
    return expr;
  }

  parseSelectorAlone(): VectorSelector {
    const token = this.#reader.peek();
    if (token.kind !== '{' && !METRIC_NAMES.has(token.kind)) this.#reader.unexpected();
    const selector = token.kind === '{' ? this.#selector(null) : this.#selector(this.#reader.advance());
    this.#reader.expect('eof');
    return selector;
  }

  /** Operators of at least this precedence, and all that binds tighter. */
  #expression(minPrecedence: number): Expr {
    const reader = this.#reader;
    reader.enter();
    let expr = this.#operand();
    for (let levels = 0; ; levels++) {
      const token = reader.peek();
      if (levels > DEPTH_MAX) reader.stop(expr.span, TOO_DEEP); // the next one need not be read
      switch (token.kind) {
        case '[':
          expr = this.#range(expr);
          continue;
        case 'offset':
          expr = this.#offset(expr);
          continue;
        case '@':
          expr = this.#at(expr);
          continue;
        case 'anchored':
        case 'smoothed':
          reader.advance();
          expr = this.#extended(expr, token.kind);
          continue;
      }
      const precedence = PRECEDENCE[token.kind];
      if (precedence === undefined || precedence < minPrecedence) break;
      expr = this.#binary(expr, precedence);
    }
    reader.leave();
    return expr;
  }

  #operand(): Expr {
    const reader = this.#reader;
    const token = reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration':
        return parseLiteral(reader);
      case 'string':
        reader.advance();
        return { kind: 'string', value: reader.unquote(token), span: { start: token.start, end: token.end } };
      case '(': {
        reader.advance();
        const expr = this.#expression(LOWEST);
        return { kind: 'paren', expr, span: { start: token.start, end: reader.expect(')').end } };
      }
      case '+':
      case '-': {
        reader.advance();
        const operand = this.#expression(ABOVE_SIGN);
        if (operand.kind === 'number') return startingAt(token.start, token.kind === '-' ? negated(operand) : operand);
        return { kind: 'unary', op: token.kind, expr: operand, span: { start: token.start, end: operand.span.end } };
      }
      case '{':
        return this.#selector(null);
      default:
        return this.#named();
    }
  }

  /** What starts with a word: a call, an aggregation or a selector. */
  #named(): Expr {
    const reader = this.#reader;
    if (!METRIC_NAMES.has(reader.peek().kind)) return reader.unexpected();
    const name = reader.advance();
    switch (name.kind) {
      case 'identifier':
      case 'start':
      case 'end':
      case 'step':
      case 'range':
      case 'min_of':
      case 'max_of':
        if (reader.peek().kind === '(') return this.#call(name);
        break;
      default:
        if (isAggregateOp(name.kind)) {
          const next = reader.peek().kind;
          if (next === '(' || next === 'by' || next === 'without') return this.#aggregation(name.kind, name);
        }
    }
    return this.#selector(name);
  }

  #call(name: Token): Expr {
    const reader = this.#reader;
    const args = this.#arguments();
    const func = FUNCTIONS.get(name.text);
    if (func === undefined) reader.report(name, `unknown function with name ${goQuote(name.text)}`);
    else if (func.isExperimental && !this.#options.experimentalFunctions) {
      reader.report(name, `function ${goQuote(name.text)} is not enabled`);
    }
    return { kind: 'call', func: func ?? UNKNOWN_FUNCTION, args, span: { start: name.start, end: reader.lastClosing } };
  }

  #arguments(): readonly Expr[] {
    const reader = this.#reader;
    reader.expect('(');
    if (reader.accept(')')) return [];
    const args = [this.#expression(LOWEST)];
    for (let comma = reader.accept(','); comma !== null; comma = reader.accept(',')) {
      if (EXPRESSION_STARTS.has(reader.peek().kind)) args.push(this.#expression(LOWEST));
      else reader.report(comma, 'trailing commas not allowed in function call args');
    }
    reader.expect(')');
    return args;
  }

  #aggregation(op: AggregateOp, name: Token): Expr {
    const reader = this.#reader;
    const outer = reader.context;
    reader.context = AGGREGATION;
    let modifier = this.#aggregateModifier();
    const args = this.#arguments();
    let end = reader.lastClosing;
    if (modifier === null) {
      modifier = this.#aggregateModifier();
      // What was looked at to find no modifier may be a closing bracket of the expression around.
      if (modifier !== null || reader.last.kind !== ')') end = reader.lastClosing;
    }
    reader.context = outer;
    return this.#aggregateExpr(op, modifier ?? { isWithout: false, grouping: [] }, args, { start: name.start, end });
  }

  #aggregateModifier(): Pick<AggregateExpr, 'isWithout' | 'grouping'> | null {
    const token = this.#reader.accept('by') ?? this.#reader.accept('without');
    return token === null ? null : { isWithout: token.kind === 'without', grouping: this.#groupingLabels() };
  }

  #aggregateExpr(
    op: AggregateOp,
    modifier: Pick<AggregateExpr, 'isWithout' | 'grouping'>,
    args: readonly Expr[],
    span: Span,
  ): AggregateExpr {
    const hasParam = OPS_WITH_PARAM.has(op);
    const wanted = hasParam ? 2 : 1;
    if (args.length === 0) this.#reader.report(span, 'no arguments for aggregate expression provided');
    else if (EXPERIMENTAL_OPS.has(op) && !this.#options.experimentalFunctions) {
      this.#reader.report(span, `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`);
    } else if (args.length !== wanted) {
      const counts = `expected ${wanted}, got ${args.length}`;
      this.#reader.report(span, `wrong number of arguments for aggregate expression provided, ${counts}`);
    }
    const expr = args[wanted - 1] ?? PLACEHOLDER;
    return { kind: 'aggregate', op, expr, param: (hasParam ? args[0] : null) ?? null, ...modifier, span };
  }

  /** (a, b): the labels of by, without, on, ignoring, group_left and group_right. */
  #groupingLabels(): readonly string[] {
    const reader = this.#reader;
    reader.expect('(', GROUPING);
    const labels: string[] = [];
    while (!reader.accept(')')) {
      labels.push(this.#groupingLabel());
      if (!reader.accept(',') && reader.peek().kind !== ')') reader.unexpected(AFTER_GROUPING_LABEL);
    }
    return labels;
  }

  #groupingLabel(): string {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind !== 'string' && !LABEL_NAMES.has(token.kind)) return reader.unexpected(GROUPING_LABEL);
    reader.advance();
    const label = token.kind === 'string' ? reader.unquote(token) : token.text;
    if (!isUtf8LabelName(label)) reader.report(token, `invalid label name for grouping: ${goQuote(label)}`);
    return label;
  }

  #binary(lhs: Expr, precedence: number): BinaryExpr {
    const reader = this.#reader;
    const op = reader.advance().kind as BinaryOp;
    const returnsBool = reader.accept('bool') !== null;
    const matching = this.#matching();
    const rhs = this.#expression(op === '^' ? precedence : precedence + 1);
    const span = { start: lhs.span.start, end: rhs.span.end };
    if ((matching.fillLeft !== null || matching.fillRight !== null) && !this.#options.binopFillModifiers) {
      reader.report(span, 'binop fill modifiers are experimental and not enabled');
    }
    return { kind: 'binary', op, lhs, rhs, returnsBool, matching, span };
  }

  #matching(): VectorMatching {
    const reader = this.#reader;
    let card: VectorMatching['card'] = 'one-to-one';
    let labels: readonly string[] = [];
    let include: readonly string[] = [];
    const by = reader.accept('on') ?? reader.accept('ignoring');
    if (by !== null) {
      labels = this.#groupingLabels();
      const group = reader.accept('group_left') ?? reader.accept('group_right');
      if (group !== null) {
        card = group.kind === 'group_left' ? 'many-to-one' : 'one-to-many';
        const next = reader.peek().kind;
        // A parenthesis here always starts the labels, never the right side.
        if (next === '(' || !EXPRESSION_STARTS.has(next)) include = this.#groupingLabels();
      }
    }
    return { card, labels, isOn: by?.kind === 'on', include, ...this.#fill() };
  }

  #fill(): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
    const reader = this.#reader;
    const first = reader.accept('fill') ?? reader.accept('fill_left') ?? reader.accept('fill_right');
    if (first === null) return { fillLeft: null, fillRight: null };
    const value = this.#fillValue();
    switch (first.kind) {
      case 'fill_left':
        return { fillLeft: value, fillRight: reader.accept('fill_right') ? this.#fillValue() : null };
      case 'fill_right':
        return { fillLeft: reader.accept('fill_left') ? this.#fillValue() : null, fillRight: value };
      default:
        return { fillLeft: value, fillRight: value };
    }
  }

  #fillValue(): number {
    const reader = this.#reader;
    reader.expect('(');
    const value = this.#signedNumber();
    reader.expect(')');
    return value;
  }

  #signedNumber(): number {
    const sign = this.#reader.accept('-') ?? this.#reader.accept('+');
    const { value } = parseLiteral(this.#reader);
    return sign?.kind === '-' ? -value : value;
  }

  /** `name`, `name{…}` or, without a name, `{…}`. */
  #selector(name: Token | null): VectorSelector {
    const reader = this.#reader;
    const matchers: Matcher[] = [];
    const open = reader.accept('{');
    let end = name?.end ?? 0;
    if (open !== null) {
      let close = reader.accept('}');
      while (close === null) {
        matchers.push(this.#matcher());
        const comma = reader.accept(',');
        close = reader.accept('}');
        if (comma === null && close === null) reader.unexpected(AFTER_MATCHER);
      }
      end = close.end;
    }
    if (name !== null) matchers.push(equalMatcher(METRIC_NAME, name.text));
    return {
      kind: 'selector',
      name: name?.text ?? '',
      matchers,
      offsetMs: 0,
      offsetExpr: null,
      at: null,
      isAnchored: false,
      isSmoothed: false,
      span: { start: name?.start ?? open?.start ?? 0, end },
    };
  }

  #matcher(): Matcher {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind !== 'identifier' && token.kind !== 'string') return reader.unexpected(MATCHER);
    reader.advance();
    const name = token.kind === 'string' ? reader.unquote(token) : token.text;
    const op = reader.peek().kind;
    if (!MATCH_OPS.has(op)) {
      // A string alone is the metric's name.
      return token.kind === 'string' ? equalMatcher(METRIC_NAME, name) : reader.unexpected(MATCHER_OP);
    }
    reader.advance();
    const value = reader.expect('string', MATCHER_VALUE);
    const matcher = makeMatcher(name, op as MatchOp, reader.unquote(value));
    const span = { start: token.start, end: value.end };
    if ('error' in matcher) {
      reader.report(span, matcher.error);
      return equalMatcher(name, '');
    }
    this.#regexSize += matcher.regex?.size ?? 0;
    return this.#regexSize > REGEX_SIZE_MAX ? reader.stop(span, REGEX_TOO_LARGE) : matcher;
  }

  /** `[5m]` or `[5m:1m]` after an expression. */
  #range(expr: Expr): MatrixSelector | SubqueryExpr {
    const reader = this.#reader;
    const outer = reader.context;
    const open = reader.advance();
    reader.context = RANGE;
    const range = this.#durations.parsePositive();
    reader.context = outer;
    if (!reader.accept(':')) return this.#matrix(expr, range, { start: open.start, end: reader.expect(']', AFTER_RANGE).end });
    let step: Length | null = null;
    reader.context = STEP;
    let close = reader.accept(']');
    if (close === null) {
      step = this.#durations.parsePositive();
      close = reader.expect(']', AFTER_STEP);
    }
    reader.context = outer;
    return {
      kind: 'subquery',
      expr,
      rangeMs: literalMs(range),
      rangeExpr: arithmetic(range),
      stepMs: literalMs(step),
      stepExpr: arithmetic(step),
      offsetMs: 0,
      offsetExpr: null,
      at: null,
      span: { start: expr.span.start, end: close.end },
    };
  }

  #matrix(expr: Expr, range: Length, brackets: Span): MatrixSelector {
    const problem = this.#rangeProblem(expr);
    if (problem !== null) this.#reader.report(brackets, problem);
    const span = { start: expr.span.start, end: brackets.end };
    const selector = expr.kind === 'selector' ? expr : { ...ANY_SELECTOR, span: expr.span };
    return { kind: 'matrix', selector, rangeMs: literalMs(range), rangeExpr: arithmetic(range), span };
  }

  #rangeProblem(expr: Expr): string | null {
    if (expr.kind !== 'selector') return 'ranges only allowed for vector selectors';
    if (expr.offsetMs !== 0 || expr.offsetExpr !== null) return 'no offset modifiers allowed before range';
    return expr.at === null ? null : 'no @ modifiers allowed before range';
  }

  #offset(expr: Expr): Expr {
    const reader = this.#reader;
    const outer = reader.context;
    reader.advance();
    reader.context = OFFSET;
    const length = this.#durations.parseOffset();
    reader.context = outer;
    const timed = timedPart(expr);
    if (timed === null) {
      reader.report(expr.span, `offset modifier must be preceded by ${TIMED}`);
      return expr;
    }
    if (timed.offsetMs !== 0 || timed.offsetExpr !== null) {
      reader.report(expr.span, 'offset may not be set multiple times');
      return expr;
    }
    return withTime(expr, { offsetMs: literalMs(length), offsetExpr: arithmetic(length) }, reader.lastClosing);
  }

  #at(expr: Expr): Expr {
    const reader = this.#reader;
    const outer = reader.context;
    reader.advance();
    reader.context = AT;
    const at = this.#atModifier(expr);
    reader.context = outer;
    const timed = timedPart(expr);
    if (timed === null) {
      reader.report(expr.span, `@ modifier must be preceded by ${TIMED}`);
      return expr;
    }
    if (timed.at !== null) {
      reader.report(expr.span, '@ <timestamp> may not be set multiple times');
      return expr;
    }
    return withTime(expr, { at }, reader.lastClosing);
  }

  #atModifier(expr: Expr): AtModifier {
    const reader = this.#reader;
    const token = reader.peek();
    if (token.kind === 'start' || token.kind === 'end') {
      reader.advance();
      reader.expect('(');
      reader.expect(')');
      return { kind: token.kind };
    }
    const seconds = this.#signedNumber();
    if (!(Math.abs(seconds) < 2 ** 63)) {
      // Prometheus prints the number with %f; as it was written it is easier to find.
      const sign = token.kind === '-' || token.kind === '+' ? token.text : '';
      const written = Number.isFinite(seconds) ? sign + reader.last.text : goFormatF(seconds);
      reader.report(expr.span, `timestamp out of bounds for @ modifier: ${written}`);
    }
    return { kind: 'time', ms: Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000) };
  }

  #extended(expr: Expr, modifier: 'anchored' | 'smoothed'): Expr {
    const problem = this.#extendedProblem(expr, modifier);
    if (problem !== null) this.#reader.report(expr.span, problem);
    const flag = modifier === 'anchored' ? { isAnchored: true } : { isSmoothed: true };
    if (expr.kind === 'selector') return { ...expr, ...flag };
    return expr.kind === 'matrix' ? { ...expr, selector: { ...expr.selector, ...flag } } : expr;
  }

  #extendedProblem(expr: Expr, modifier: 'anchored' | 'smoothed'): string | null {
    if (!this.#options.extendedRangeSelectors) return `${modifier} modifier is experimental and not enabled`;
    if (expr.kind === 'subquery') return `${modifier} modifier is not supported for subqueries`;
    if (expr.kind !== 'selector' && expr.kind !== 'matrix') return `${modifier} modifier not implemented`;
    const { isAnchored, isSmoothed } = expr.kind === 'selector' ? expr : expr.selector;
    const isOtherSet = modifier === 'anchored' ? isSmoothed : isAnchored;
    return isOtherSet ? 'anchored and smoothed modifiers cannot be used together' : null;
  }
}

const NOWHERE: Span = { start: 0, end: 0 };
/** Stands where a mistake left nothing; never part of a tree that is handed out. */
const PLACEHOLDER: Expr = { kind: 'number', value: 0, isDuration: false, span: NOWHERE };
const UNKNOWN_FUNCTION: FunctionSignature = { name: '', args: [], variadic: 0, returns: 'none', isExperimental: false };
const ANY_SELECTOR: VectorSelector = {
  kind: 'selector',
  name: '',
  matchers: [],
  offsetMs: 0,
  offsetExpr: null,
  at: null,
  isAnchored: false,
  isSmoothed: false,
  span: NOWHERE,
};

const TIMED = 'an instant vector selector or range vector selector or a subquery';

const literalMs = (length: Length | null): number => (length?.kind === 'number' ? millisecondsOf(length) : 0);
const arithmetic = (length: Length | null) => (length?.kind === 'duration' ? length : null);

/** The node that holds `offset` and `@` of an expression; null where it can have neither. */
function timedPart(expr: Expr): VectorSelector | SubqueryExpr | null {
  if (expr.kind === 'matrix') return expr.selector;
  return expr.kind === 'selector' || expr.kind === 'subquery' ? expr : null;
}

/** The expression, which has a timed part, with that part changed. Of a range selector only the whole grows. */
function withTime(expr: Expr, change: Partial<Pick<VectorSelector, 'offsetMs' | 'offsetExpr' | 'at'>>, end: number): Expr {
  const span = { start: expr.span.start, end };
  if (expr.kind === 'matrix') return { ...expr, selector: { ...expr.selector, ...change }, span };
  return expr.kind === 'selector' || expr.kind === 'subquery' ? { ...expr, ...change, span } : expr;
}
