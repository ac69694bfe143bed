/**
 * A query laid out over several lines (prometheus/promql/parser/prettier.go): what fits in the line width stays on one
 * line, what does not is split at its outermost parts, each indented by two blanks more.
 */
import { unreachable } from '../lib/never.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';
import type { Expr } from './ast.ts';
import { printAggregation, printExpr, printOperator, printSubquerySuffix } from './printer.ts';

const LINE_WIDTH = 100;

/** `maxWidth` is in bytes, without indentation. */
export function prettyExpr(expr: Expr, maxWidth = LINE_WIDTH): string {
  // Each node's width is asked for; without memory that would print the leaves once per level.
  const texts = new Map<Expr, string>();
  const print = (node: Expr): string => {
    const known = texts.get(node);
    if (known !== undefined) return known;
    const text = printExpr(node, print);
    texts.set(node, text);
    return text;
  };
  const fits = (node: Expr): boolean => {
    const text = print(node);
    return text.length <= maxWidth && utf8Length(text) <= maxWidth;
  };

  /** At level 0 the text goes on in a line that is begun already, and nothing is indented. */
  const pretty = (node: Expr, level: number): string => {
    const indent = '  '.repeat(level);
    switch (node.kind) {
      case 'number':
      case 'string':
      case 'selector':
      case 'matrix':
        return indent + print(node);
      case 'unary':
        return indent + node.op + pretty(node.expr, level).trim();
      case 'subquery':
        return fits(node) ? print(node) : pretty(node.expr, level) + printSubquerySuffix(node);
      case 'paren':
        return fits(node) ? indent + print(node) : `${indent}(\n${pretty(node.expr, level + 1)}\n${indent})`;
      case 'call': {
        if (fits(node)) return indent + print(node);
        const args = node.args.map((arg) => pretty(arg, level + 1)).join(',\n');
        return `${indent}${node.func.name}(\n${args}\n${indent})`;
      }
      case 'aggregate': {
        if (fits(node)) return indent + print(node);
        const param = node.param === null ? '' : `${pretty(node.param, level + 1)},\n`;
        return `${indent}${printAggregation(node)}(\n${param}${pretty(node.expr, level + 1)}\n${indent})`;
      }
      case 'binary':
        if (fits(node)) return indent + print(node);
        return `${pretty(node.lhs, level + 1)}\n${indent}${printOperator(node)}\n${pretty(node.rhs, level + 1)}`;
      default:
        return unreachable(node);
    }
  };
  return pretty(expr, 0);
}
