import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { regexSize } from './regex-size.ts';

test.each([
  'abc',
  'a|b|c|d|e|f',
  'a.*b.+c?',
  '(ab|cd)+x',
  '(?:ab)(?i)cd(?P<name>ef)(?i:gh)',
  '[a-z0-9_]+[^]a][[:alpha:]\\]]',
  '\\pL\\p{Greek}\\x{1F600}\\d\\.\\\\',
  '\\Qa.b*c\\E{3}',
  'd{900}',
  '(d{30}){30}',
  '((a{10}b){10}|c){10}',
  'a{5,9}b{3,}c{,4}',
  '(?P<a>d{900})(?:e{900})(?i:f{900})(?s)g{900}',
  'a{b}{c}',
  '(a|b{15}){20,40}',
  '\\pL{500}'.repeat(20),
])('the size of %s is about that of its program', (source) => {
  const instructions = RE2JS.compile(source).re2().prog.inst.length;
  const size = regexSize(source);
  expect(size).toBeGreaterThan(instructions / 3 - 5);
  expect(size).toBeLessThan(instructions * 3 + 10);
});

test.each([
  ['', 0],
  ['(((', 0],
  [')))', 6],
  ['\\', 1],
  ['[a', 1],
  ['{3}', 0],
  ['{', 1],
  ['a{99999}', 99999],
  ['(((((a{1000}){1000}){1000}){1000}){1000})', 1e15],
])('%s has a size, whether it is a pattern or not: more than %d', (source, least) => {
  expect(regexSize(source)).toBeGreaterThanOrEqual(least);
});
