/** A syntax tree as canonical text on one line, as prometheus/promql/parser/printer.go prints it; parses to the same tree. */

import { goFormatF, goFormatG } from '../lib/go-float.ts';
import { goQuote } from '../lib/go-quote.ts';
import { unreachable } from '../lib/never.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { formatDuration } from '../model/duration.ts';
import { isLegacyLabelName, METRIC_NAME } from '../model/labels.ts';
import { printMatcher } from '../model/matcher.ts';
import { durationMs } from '../model/time.ts';
import type {
  AggregateExpr,
  AtModifier,
  BinaryExpr,
  DurationExpr,
  Expr,
  MatrixSelector,
  NumberLiteral,
  SubqueryExpr,
  VectorSelector,
} from './ast.ts';

/** `print` may be given to reuse texts of children that are known already. */
export function printExpr(expr: Expr, print: (child: Expr) => string = printExpr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return readable(goQuote(expr.value));
    case 'paren':
      return `(${print(expr.expr)})`;
    case 'unary':
      return expr.op + print(expr.expr);
    case 'binary':
      return `${print(expr.lhs)} ${printOperator(expr)} ${print(expr.rhs)}`;
    case 'aggregate':
      return `${printAggregation(expr)}(${expr.param === null ? '' : `${print(expr.param)}, `}${print(expr.expr)})`;
    case 'call':
      return `${expr.func.name}(${expr.args.map((arg) => print(arg)).join(', ')})`;
    case 'selector':
      return printSelector(expr) + printAt(expr.at) + printExtension(expr) + printOffset(expr);
    case 'matrix':
      return printMatrix(expr);
    case 'subquery':
      return print(expr.expr) + printSubquerySuffix(expr);
    default:
      return unreachable(expr);
  }
}

/** The operator with its modifiers: `== bool on (a) group_left (b)`. */
export function printOperator({ op, returnsBool, matching }: BinaryExpr): string {
  let text = returnsBool ? `${op} bool` : op;
  if (matching === null) return text;
  const { card, labels, isOn, include, fillLeft, fillRight } = matching;
  const isGrouped = card === 'many-to-one' || card === 'one-to-many';
  if (labels.length > 0 || isOn || isGrouped) text += ` ${isOn ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (isGrouped) text += ` group_${card === 'many-to-one' ? 'left' : 'right'} (${printLabels(include)})`;
  if (fillLeft !== null && fillLeft === fillRight) return `${text} fill (${goFormatG(fillLeft)})`;
  if (fillLeft !== null) text += ` fill_left (${goFormatG(fillLeft)})`;
  if (fillRight !== null) text += ` fill_right (${goFormatG(fillRight)})`;
  return text;
}

/** What stands before the parentheses: `sum by (a) `. */
export function printAggregation({ op, isWithout, grouping }: AggregateExpr): string {
  if (isWithout) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

/** What stands behind the expression: `[5m:1m] @ start() offset 1h`. */
export function printSubquerySuffix(expr: SubqueryExpr): string {
  const step = expr.stepMs !== 0 ? printMs(expr.stepMs) : expr.stepExpr === null ? '' : printLength(expr.stepExpr);
  return `[${printRange(expr)}:${step}]${printAt(expr.at)}${printOffset(expr)}`;
}

/** U+FFFD escaped: the lexer takes a bare one for a broken byte, which Prometheus' printer overlooks. */
const readable = (quoted: string): string => quoted.replaceAll('\ufffd', '\\ufffd');

const printLabels = (labels: readonly string[]): string =>
  labels.map((label) => (isLegacyLabelName(label) ? label : readable(goQuote(label)))).join(', ');

function printSelector({ name, matchers }: VectorSelector): string {
  const texts = matchers
    .filter((matcher) => !(matcher.name === METRIC_NAME && matcher.op === '=' && matcher.value === name && name !== ''))
    .map((matcher) => readable(printMatcher(matcher)))
    .sort(compareUtf8);
  return texts.length === 0 ? name : `${name}{${texts.join(',')}}`;
}

function printMatrix(expr: MatrixSelector): string {
  const { selector } = expr;
  return `${printSelector(selector)}[${printRange(expr)}]${printExtension(selector)}${printAt(selector.at)}${printOffset(selector)}`;
}

const printRange = ({ rangeMs, rangeExpr }: MatrixSelector | SubqueryExpr): string =>
  rangeExpr === null ? printMs(rangeMs) : printLength(rangeExpr);

function printExtension({ isAnchored, isSmoothed }: VectorSelector): string {
  if (isAnchored) return ' anchored';
  return isSmoothed ? ' smoothed' : '';
}

function printAt(at: AtModifier | null): string {
  if (at === null) return '';
  return at.kind === 'time' ? ` @ ${(at.ms / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printOffset({ offsetMs, offsetExpr }: VectorSelector | SubqueryExpr): string {
  if (offsetExpr !== null) return ` offset ${printLength(offsetExpr)}`;
  return offsetMs === 0 ? '' : ` offset ${printMs(offsetMs)}`;
}

function printLength(length: DurationExpr | NumberLiteral): string {
  if (length.kind === 'number') return printNumber(length);
  const text = printArithmetic(length);
  return length.isWrapped ? `(${text})` : text;
}

function printArithmetic({ op, lhs, rhs }: DurationExpr): string {
  if (rhs === null) return `${op}()`;
  if (lhs === null) return (op === '-' ? op : '') + printLength(rhs); // a + stands only for parentheses
  if (op === 'min_of' || op === 'max_of') return `${op}(${printLength(lhs)}, ${printLength(rhs)})`;
  return `${printLength(lhs)} ${op} ${printLength(rhs)}`;
}

const printNumber = ({ value, isDuration }: NumberLiteral): string =>
  isDuration ? printMs(Math.sign(value) * Math.round(Math.abs(value) * 1000)) : goFormatF(value);

const printMs = (ms: number): string => (ms < 0 ? '-' : '') + formatDuration(durationMs(Math.abs(ms)));
