import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printNode } from './ast.ts';
import { isBuiltin } from './builtins.ts';
import { parseTemplate } from './parser.ts';

const parse = (text: string): ReturnType<typeof parseTemplate> => parseTemplate({ name: 't', text }, isBuiltin);

function printed(text: string): string {
  const parsed = parse(text);
  if (parsed.kind === 'error') return parsed.message;
  const main = parsed.trees.get('t');
  return main === undefined ? 'no main template' : printNode(main.root);
}

test.each([
  { text: 'plain', prints: 'plain' },
  { text: '{{ .a.b | printf "%d" 1 }}', prints: '{{.a.b | printf "%d" 1}}' },
  { text: '{{- 3 -}} x {{- /* c */ -}} y', prints: '{{3}}xy' },
  { text: '{{-3}}', prints: '{{-3}}' },
  { text: '{{if and .a (or .b 2)}}x{{else}}y{{end}}', prints: '{{if and .a (or .b 2)}}x{{else}}y{{end}}' },
  { text: '{{if .a}}1{{else if .b}}2{{else}}3{{end}}', prints: '{{if .a}}1{{else}}{{if .b}}2{{else}}3{{end}}{{end}}' },
  {
    text: '{{with $x := .a}}{{$x.y}}{{else with .b}}{{.}}{{end}}',
    prints: '{{with $x := .a}}{{$x.y}}{{else}}{{with .b}}{{.}}{{end}}{{end}}',
  },
  {
    text: '{{range $i, $e := .x}}{{if $i}}{{break}}{{end}}{{continue}}{{end}}',
    prints: '{{range $i, $e := .x}}{{if $i}}{{break}}{{end}}{{continue}}{{end}}',
  },
  { text: '{{(index .a 1).b.c}}', prints: '{{(index .a 1).b.c}}' },
  { text: '{{$x := 1}}{{$x = 2}}', prints: '{{$x := 1}}{{$x = 2}}' },
  { text: "{{print 'a' 0x1F 1e3 `r` nil true}}", prints: "{{print 'a' 0x1F 1e3 `r` nil true}}" },
  { text: '{{define "x"}}in{{end}}out{{template "x" .y}}', prints: 'out{{template "x" .y}}' },
  { text: '{{block "x" .y}}in{{end}}', prints: '{{template "x" .y}}' },
])('$text parses as $prints', ({ text, prints }) => {
  expect(printed(text)).toBe(prints);
});

test.each([
  { text: '{{', error: 't:1: unclosed action' },
  { text: 'a\n{{ .x', error: 't:2: unclosed action' },
  { text: '{{ .x\n', error: 't:2: unclosed action started at t:1' },
  { text: '{{ "a', error: 't:1: unterminated quoted string' },
  { text: '{{ `a', error: 't:1: unterminated raw quoted string' },
  { text: "{{ 'a", error: 't:1: unterminated character constant' },
  { text: "{{ 'ab' }}", error: "t:1: malformed character constant: 'ab'" },
  { text: '{{/* a }}', error: 't:1: unclosed comment' },
  { text: '{{/* a */ x}}', error: 't:1: comment ends before closing delimiter' },
  { text: '{{ }}', error: 't:1: missing value for command' },
  { text: '{{ nofunc 1 }}', error: 't:1: function "nofunc" not defined' },
  { text: '{{ $x }}', error: 't:1: undefined variable "$x"' },
  { text: '{{if .a}}{{$x := 1}}{{end}}{{$x}}', error: 't:1: undefined variable "$x"' },
  { text: '{{ (1 }}', error: 't:1: unclosed left paren' },
  { text: '{{ 1) }}', error: 't:1: unexpected right paren' },
  { text: '{{ 1 | 2 }}', error: 't:1: non executable command in pipeline stage 2' },
  { text: '{{ 1a }}', error: 't:1: bad number syntax: "1a"' },
  { text: '{{ .a+1 }}', error: "t:1: bad character U+002B '+'" },
  { text: '{{ 9223372036854775808999 }}', error: 't:1: integer overflow: "9223372036854775808999"' },
  { text: '{{ .x ☃ }}', error: "t:1: unrecognized character in action: U+2603 '☃'" },
  { text: '{{if .x}}', error: 't:1: unexpected EOF' },
  { text: '{{end}}', error: 't:1: unexpected {{end}}' },
  { text: '{{else}}', error: 't:1: unexpected {{else}}' },
  { text: '{{if .x}}{{else}}{{else}}{{end}}', error: 't:1: expected end; found {{else}}' },
  { text: '{{break}}', error: 't:1: {{break}} outside {{range}}' },
  { text: '{{range .a}}{{define "x"}}{{break}}{{end}}{{end}}', error: 't:1: unexpected <define> in command' },
  { text: '{{template foo}}', error: 't:1: unexpected "foo" in template clause' },
  { text: '{{define "a"}}x{{end}}{{define "a"}}y{{end}}', error: 't:1: template: multiple definition of template "a"' },
  { text: '{{"a".b}}', error: 't:1: unexpected . after term "\\"a\\""' },
  { text: '{{range $a, $b, $c := .x}}{{end}}', error: 't:1: too many declarations in range' },
  { text: '{{ .verylongfieldname .x( }}', error: 't:1: unexpected "(" in operand' },
])('$text is refused: $error', ({ text, error }) => {
  expect(printed(text)).toBe(`template: ${error}`);
});

test('an error knows its place in the text', () => {
  expect(parse('a\n  {{ nofunc }}')).toMatchObject({ kind: 'error', reason: 'function "nofunc" not defined', at: 7 });
});

test('nesting has a limit', () => {
  expect(printed(`{{${'('.repeat(500)}1${')'.repeat(500)}}}`)).toBe('template: t:1: max expression depth exceeded');
  expect(printed('{{if 1}}'.repeat(2000))).toBe('template: t:1: more than 500 nested blocks');
  expect(printed(`{{if 1}}${'{{else if 1}}'.repeat(2000)}{{end}}`)).toBe('template: t:1: more than 500 nested blocks');
});

const PIECES = [
  '{{',
  '}}',
  '{{- ',
  ' -}}',
  ' ',
  '.',
  '.a',
  '$x',
  ':=',
  '=',
  '|',
  '(',
  ')',
  '"s"',
  '`r`',
  "'c'",
  '1',
  '1.5',
  'if',
  'else',
  'end',
  'range',
  'with',
  'define "d"',
  'template "d"',
  'block "d"',
  'print',
  'eq',
  'nil',
  'true',
  'text\n',
  '/*',
  '*/',
  ',',
];

test('any text parses or is refused, and what parses prints to what parses the same', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }), (pieces) => {
      const once = parse(pieces.join(''));
      if (once.kind === 'error') return;
      const text = [...once.trees.values()].map((tree) => (tree.name === 't' ? printNode(tree.root) : '')).join('');
      if (text.includes('{{- ') || text.includes(' -}}')) return;
      // Calls of templates that were defined beside it stay calls.
      expect(printed(text)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});
