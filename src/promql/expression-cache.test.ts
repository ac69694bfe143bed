import { expect, test } from 'vitest';
import type { Expr } from './ast.ts';
import { ExpressionCache } from './expression-cache.ts';
import { type ParserOptions, parseExpr } from './parser.ts';

const OPTIONS: ParserOptions = {
  experimentalFunctions: false,
  durationExpressions: false,
  extendedRangeSelectors: false,
  binopFillModifiers: false,
};

function parsed(text: string): Expr {
  const result = parseExpr(text, OPTIONS);
  if ('errors' in result) throw new Error(result.errors[0]?.message);
  return result.expr;
}

/** Which of the texts are still kept after all have been added. */
function kept(texts: readonly string[], between: (cache: ExpressionCache) => void = () => {}): readonly string[] {
  const cache = new ExpressionCache(1000);
  for (const text of texts) {
    cache.add(text, parsed(text));
    between(cache);
  }
  return texts.filter((text) => cache.get(text) !== null);
}

const long = (name: string): string => `${name}{a="${'x'.repeat(90)}"}`;
const many = Array.from({ length: 14 }, (_, i) => long(`m${i}`));

test('gives what was added for exactly that text', () => {
  const cache = new ExpressionCache();
  const expr = parsed('up == 1');
  cache.add('up == 1', expr);
  expect([cache.get('up == 1'), cache.get('up == 1 ')]).toEqual([expr, null]);
  cache.clear();
  expect(cache.get('up == 1')).toBeNull();
});

test.each<[what: string, texts: readonly string[], stay: readonly string[], between?: (cache: ExpressionCache) => void]>([
  ['what is short stays', ['a', 'b + c', 'rate(d[5m])'], ['a', 'b + c', 'rate(d[5m])']],
  ['what is very long is not kept', ['a', `b{c="${'x'.repeat(10_000)}"}`], ['a']],
  ['nor what has a heavy regular expression', ['a', 'b{c=~"d{999}"}', 'e{f=~"g{99}"}'], ['a', 'e{f=~"g{99}"}']],
  ['the oldest go', many, many.slice(-10)],
  ['but not what was used since', ['a', ...many], ['a', ...many.slice(-10)], (cache) => void cache.get('a')],
  ['a regular expression weighs', ['a', 'b{c=~"d{400}"}', 'b{c=~"e{400}"}', 'b{c=~"f{400}"}'], ['b{c=~"e{400}"}', 'b{c=~"f{400}"}']],
])('%s', (_what, texts, stay, between) => {
  expect(kept(texts, between)).toEqual(stay);
});
