/**
 * An expression for those elements only that have certain labels: `rate(x[5m])` for `job="api"` is
 * `rate(x{job="api"}[5m])`, which reads a few series instead of all. Selectors get the matchers wherever an element of the
 * result is made of series that have its labels, and stay as they are where that is not sure; so the elements asked for
 * have the values that they have in the whole, and others may still be among them.
 */
import { unreachable } from '../lib/never.ts';
import type { Matcher } from '../model/matcher.ts';
import type { Call, Expr, VectorSelector } from '../promql/ast.ts';

/** `matchers`: on labels of the result, not on the name. */
export function narrowed(expr: Expr, matchers: readonly Matcher[]): Expr {
  if (matchers.length === 0) return expr;
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr;
    case 'selector':
      return narrowedSelector(expr, matchers);
    case 'matrix':
      return { ...expr, selector: narrowedSelector(expr.selector, matchers) };
    case 'paren':
    case 'unary':
    case 'subquery':
      return { ...expr, expr: narrowed(expr.expr, matchers) };
    case 'binary': {
      const { matching } = expr;
      // Beside a scalar, and where both sides match by all their labels, the result has these. A scalar stays as it is.
      const keepsLabels =
        matching === null ||
        (!matching.isOn &&
          matching.labels.length === 0 &&
          matching.include.length === 0 &&
          matching.fillLeft === null &&
          matching.fillRight === null);
      return keepsLabels ? { ...expr, lhs: narrowed(expr.lhs, matchers), rhs: narrowed(expr.rhs, matchers) } : expr;
    }
    case 'aggregate': {
      if (expr.op === 'count_values') return expr;
      const grouping = new Set(expr.grouping);
      return {
        ...expr,
        expr: narrowed(
          expr.expr,
          matchers.filter(({ name }) => grouping.has(name) !== expr.isWithout),
        ),
      };
    }
    case 'call':
      return narrowedCall(expr, matchers);
    default:
      return unreachable(expr);
  }
}

/** They make labels, or say what is not there. */
const OTHER_LABELS: ReadonlySet<string> = new Set([
  'absent',
  'absent_over_time',
  'histogram_quantiles',
  'info',
  'label_join',
  'label_replace',
]);

function narrowedCall(call: Call, matchers: readonly Matcher[]): Expr {
  if (call.func.returns === 'scalar' || OTHER_LABELS.has(call.func.name)) return call;
  // Of classic histograms all buckets are needed.
  const kept = call.func.name.startsWith('histogram_') ? matchers.filter(({ name }) => name !== 'le') : matchers;
  return { ...call, args: call.args.map((arg) => narrowed(arg, kept)) };
}

/** The name's matcher comes last. */
const narrowedSelector = (selector: VectorSelector, matchers: readonly Matcher[]): VectorSelector => ({
  ...selector,
  matchers: [...matchers, ...selector.matchers],
});
