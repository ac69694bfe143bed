import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printMatcher } from '../model/matcher.ts';
import type { Expr } from './ast.ts';
import { formatParseError } from './parse-error.ts';
import { type ParserOptions, parseExpr, parseMatchers } from './parser.ts';
import { prettyExpr } from './prettier.ts';
import { printExpr } from './printer.ts';

const NONE: ParserOptions = {
  experimentalFunctions: false,
  durationExpressions: false,
  extendedRangeSelectors: false,
  binopFillModifiers: false,
};
const ALL: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  binopFillModifiers: true,
};

function errorsOf(text: string, options = ALL): readonly string[] {
  const result = parseExpr(text, options);
  return 'errors' in result ? result.errors.map((error) => formatParseError(text, error)) : [];
}

function parsed(text: string): Expr {
  const result = parseExpr(text, ALL);
  if ('expr' in result) return result.expr;
  throw new Error(errorsOf(text).join('\n'));
}

/** The text with brackets around each operation, as it was understood. */
function grouped(expr: Expr): string {
  switch (expr.kind) {
    case 'binary':
      return `<${grouped(expr.lhs)} ${expr.op} ${grouped(expr.rhs)}>`;
    case 'unary':
      return `<${expr.op}${grouped(expr.expr)}>`;
    default:
      return printExpr(expr);
  }
}

test.each([
  ['a + b * c', '<a + <b * c>>'],
  ['a - b - c', '<<a - b> - c>'],
  ['a ^ b ^ c', '<a ^ <b ^ c>>'],
  ['-a ^ b', '<-<a ^ b>>'],
  ['-a * b', '<<-a> * b>'],
  ['2 ^ -1 * 3', '<<2 ^ -1> * 3>'],
  ['a or b and c == d + e * f ^ g', '<a or <b and <c == <d + <e * <f ^ g>>>>>>'],
  ['a and b unless c', '<<a and b> unless c>'],
  ['a % b atan2 c', '<<a % b> atan2 c>'],
  ['a + b offset 5m', '<a + b offset 5m>'],
  ['-a @ 1', '<-a @ 1.000>'],
  ['foo offset 5m - 8', '<foo offset 5m - 8>'],
  ['foo offset (5m) - 8', 'foo offset (5m) - 8'],
  ['foo offset -2 ^ 2', '<foo offset -2s ^ 2>'],
])('%s binds as %s', (text, structure) => {
  expect(grouped(parsed(text))).toBe(structure);
});

test.each(['and', 'by', 'without', 'offset', 'start', 'step', 'range', 'anchored', 'sum', 'fill', 'max_of', 'inflight', 'nano'])(
  'a metric may be named %s',
  (name) => {
    expect(parsed(name)).toMatchObject({ kind: 'selector', name });
    expect(parsed(`sum(${name}{a="b"}[5m:]) == ${name}`.replace('sum(', 'count_over_time('))).toMatchObject({
      kind: 'binary',
      rhs: { name },
    });
  },
);

test.each([
  ['{"my.metric", "a.b"="c"}', '{"a.b"="c",__name__="my.metric"}'],
  [`{'it''s'}`, null],
  ["{'it\\'s'}", `{__name__="it's"}`],
  ['sum by ("a.b", c) (x)', 'sum by ("a.b", c) (x)'],
  ['SUM(x) BY (a)', 'sum by (a) (x)'],
  ['x # a comment\n + # another\n y', 'x + y'],
  ['x{a="b" # inside braces\n}', 'x{a="b"}'],
  ['x[5m] @ end() offset 1d', 'x[5m] @ end() offset 1d'],
  ['x[90] offset 1.5', 'x[1m30s] offset 1s500ms'],
  ['1h30m', '1h30m'],
  ['"\\xe2\\x82\\xac\\x00"', '"€\\x00"'],
  ['x[25h]', 'x[1d1h]'],
  ['x[200d1ms]', 'x[200d1ms]'],
  ['a + on () group_left b', 'a + on () group_left () b'],
  ['a + fill_right (-1) fill_left (2) b', 'a + fill_left (2) fill_right (-1) b'],
])('%s is printed %s', (text, printed) => {
  if (printed === null) expect(errorsOf(text)).not.toEqual([]);
  else expect(printExpr(parsed(text))).toBe(printed);
});

describe('errors', () => {
  test.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation'],
    ['rate(foo bar)', '1:10: parse error: unexpected identifier "bar"'],
    ['foo\n  + ü', "2:5: parse error: unexpected character: 'ü'"],
    ['"ü" + )', "1:9: parse error: unexpected right parenthesis ')'"],
    ['foo offset bar', '1:12: parse error: unexpected identifier "bar" in offset, expected number, duration, step(), or range()'],
    ['foo @ bar', '1:7: parse error: unexpected identifier "bar" in @, expected timestamp'],
    ['foo[5m 5m]', '1:8: parse error: unexpected duration "5m" in subquery or range, expected ":" or "]"'],
    ['foo[5m:5m 5m]', '1:11: parse error: unexpected duration "5m" in subquery selector, expected "]"'],
    ['foo{a="b" c="d"}', '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
    ['foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `(`'],
    ['foo{a!~"b)|(c"}', '1:5: parse error: error parsing regexp: unexpected ): `b)|(c`'],
    ['foo + group_left bar', '1:7: parse error: unexpected <group_left>'],
    ['sum by (without) (x)', '1:9: parse error: unexpected <without> in grouping opts, expected label'],
    ['a ^ "a long string"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
    ['foo "a long string"', '1:5: parse error: unexpected string "\\"a long st"...'],
    ['foo[1h:] @ 5 @ 6', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['foo @ 1e20', '1:1: parse error: timestamp out of bounds for @ modifier: 1e20'],
    ['foo @ -Inf', '1:1: parse error: timestamp out of bounds for @ modifier: -Inf'],
    ['1e999', '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range'],
    ['foo offset NaN', '1:12: parse error: duration out of range'],
    ['foo[step():1m]', '1:12: parse error: unexpected colon before duration in duration expression'],
  ])('%s: %s', (text, first) => {
    const [error] = errorsOf(text);
    expect(error).toBe(first);
  });

  test('all type errors are reported, those of operands before those of operators', () => {
    expect(errorsOf('rate(foo) + sum("x") or floor(1, 2)')).toEqual([
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
      '1:17: parse error: expected type instant vector in aggregation expression, got string',
      '1:25: parse error: expected 1 argument(s) in call to "floor", got 2',
      '1:31: parse error: expected type instant vector in call to function "floor", got scalar',
    ]);
  });

  test('a syntax error ends the parse, a mistake beyond syntax does not', () => {
    expect(errorsOf('nope(1) + foo offset 1m offset 2m + )')).toEqual([
      '1:1: parse error: unknown function with name "nope"',
      '1:11: parse error: offset may not be set multiple times',
      "1:38: parse error: unexpected right parenthesis ')'",
    ]);
  });

  test.each([
    ['limitk(1, foo)', 'limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions'],
    ['mad_over_time(foo[5m])', 'function "mad_over_time" is not enabled'],
    ['foo[5m] anchored', 'anchored modifier is experimental and not enabled'],
    ['foo smoothed', 'smoothed modifier is experimental and not enabled'],
    ['a + fill (0) b', 'binop fill modifiers are experimental and not enabled'],
    ['foo[1m + 1m]', 'experimental duration expression is not enabled'],
    ['foo offset -step()', 'experimental duration expression is not enabled'],
  ])('without options %s is refused: %s', (text, message) => {
    expect(errorsOf(text, NONE)[0]).toMatch(message);
    expect(errorsOf(text)).toEqual([]);
  });
});

const nested = (open: string, inner: string, close: string) => (n: number) => open.repeat(n) + inner + close.repeat(n);

describe('hostile input', () => {
  const words = fc.constantFrom(
    ...'foo sum rate by without on ignoring group_left fill offset bool start step min_of anchored and 5 5m 1e3 0x1f "a" \'b\' `c` ( ) [ ] { } , + - * / ^ == != =~ @ : # \\ \n " ü \ufffd \udcff'.split(
      ' ',
    ),
    ' ',
  );
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
  );

  test('nothing throws, and what is wrong lies inside the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const result = parseExpr(text, ALL);
        if ('expr' in result) return;
        expect(result.errors.length).toBeGreaterThan(0);
        for (const error of result.errors) expect(formatParseError(text, error)).toMatch(/^(\d+:\d+|unknown position): parse error: ./);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['parentheses', nested('(', '1', ')')],
    ['signs', nested('-', 'a', '')],
    ['a left chain', nested('a + ', 'a', '')],
    ['a right chain', nested('a ^ ', 'a', '')],
    ['calls', nested('abs(', 'a', ')')],
    ['aggregations', nested('sum(', 'a', ')')],
    ['duration functions', (n: number) => `a[${'min_of('.repeat(n)}1m${', 2m)'.repeat(n)}]`],
    ['a duration chain', (n: number) => `a[${'1m + '.repeat(n)}1m]`],
    ['subqueries', nested('max_over_time(', 'a', '[5m:])')],
  ])('%s may be deep, and are refused when too deep', (_, text) => {
    const deep = parseExpr(text(240), ALL);
    if ('errors' in deep) throw new Error(errorsOf(text(240)).join('\n'));
    expect(printExpr(deep.expr).length).toBeGreaterThan(240);
    expect(prettyExpr(deep.expr, 10).length).toBeGreaterThan(240);
    for (const n of [10_000, 100_000]) expect(errorsOf(text(n))[0]).toMatch('expression is more than 500 levels deep');
  });

  const MEGABYTE = 1 << 20;
  test.each([
    ['open parentheses', '('.repeat(MEGABYTE)],
    ['digits', '1'.repeat(MEGABYTE)],
    ['separated digits', '1_'.repeat(MEGABYTE / 2)],
    ['units', `a[${'1s'.repeat(MEGABYTE / 2)}]`],
    ['an open string', `"${'\\x41'.repeat(MEGABYTE / 4)}`],
    ['ranges of ranges', `a${'[5m]'.repeat(MEGABYTE / 4)}`],
    ['offsets of offsets', `a${' offset 5m'.repeat(MEGABYTE / 10)}`],
    ['a label in on and group_left', `a + on(${'a,'.repeat(MEGABYTE / 4)}) group_left(${'a,'.repeat(MEGABYTE / 4)}) b`],
    ['names that are no modifiers', `a + ${'fill '.repeat(MEGABYTE / 5)}`],
    ['a left chain', `a${'+a'.repeat(MEGABYTE / 2)}`],
    ['patterns', `a{${'b=~"c.*",'.repeat(MEGABYTE / 9)}}`],
    ['words, ten times', `sum by (${'a,'.repeat(MEGABYTE * 5)}a) (a)`],
  ])('a megabyte of %s is refused promptly', (_, text) => {
    expect(parseExpr(text, ALL)).toHaveProperty('errors');
  });

  test.each([
    ['comments', `${'# a\n'.repeat(MEGABYTE / 4)}1`],
    ['matchers', `a{${'a="b",'.repeat(MEGABYTE / 6)}}`],
    ['arguments', `label_join(a, "b", "c"${',"d"'.repeat(MEGABYTE / 4)})`],
    ['text', `"${'ü'.repeat(MEGABYTE / 2)}"`],
  ])('a megabyte of %s is taken promptly', (_, text) => {
    expect(parseExpr(text, ALL)).toHaveProperty('expr');
  });
});

const matchersOf = (text: string) => {
  const result = parseMatchers(text);
  return 'errors' in result ? result.errors.map((error) => formatParseError(text, error)) : result.matchers.map(printMatcher);
};

describe('a selector alone', () => {
  test.each([
    ['foo', ['__name__="foo"']],
    ['foo{a=~"b|c", d!="e"}', ['a=~"b|c"', 'd!="e"', '__name__="foo"']],
    ['{"foo.bar"}', ['__name__="foo.bar"']],
    ['{}', []],
    ['sum', ['__name__="sum"']],
    ['sum(foo)', ['1:4: parse error: unexpected "("']],
    ['foo[5m]', ['1:4: parse error: unexpected "["']],
    ['1', ['1:1: parse error: unexpected number "1"']],
    ['', ['unknown position: parse error: unexpected end of input']],
  ])('%s is %j', (text, matchers) => {
    expect(matchersOf(text)).toEqual(matchers);
  });
});
