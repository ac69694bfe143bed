import { expect, test } from 'vitest';
import {
  ANY,
  ANY_MAP,
  ANYS,
  GoCallError,
  type GoFunction,
  type GoType,
  type GoValue,
  goFloat,
  goFunction,
  goInt,
  goMap,
  goMethod,
  goPointer,
  goSlice,
  goString,
  goVariadic,
  INT,
  STRING,
  STRING_MAP,
  STRINGS,
  sliceOf,
} from '../lib/go-value.ts';
import type { MissingKey } from './execute.ts';
import { TemplateSet } from './template-set.ts';

const FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['upper', goFunction([STRING], ([text]) => goString(text?.kind === 'string' ? text.text.toUpperCase() : ''))],
  ['count', goVariadic([ANY], (args) => goInt(args.length))],
  ['kind', goFunction([ANY], ([value]) => goString(value?.type.name ?? 'nil'))],
  [
    'bad',
    goFunction([], () => {
      throw new GoCallError('no luck');
    }),
  ],
]);

const USER: GoType = {
  name: 'app.User',
  kind: 'struct',
  fields: [
    { name: 'Name', type: STRING },
    { name: 'Extra', type: ANY },
    { name: 'secret', type: STRING },
  ],
  methods: new Map([
    [
      'Greet',
      goMethod([STRING], (self, [greeting]) =>
        goString(
          `${greeting?.kind === 'string' ? greeting.text : ''} ${self.kind === 'struct' && self.fields[0]?.kind === 'string' ? self.fields[0].text : ''}`,
        ),
      ),
    ],
  ]),
};
const user = goPointer({ kind: 'struct', type: USER, fields: [goString('Ana'), null, goString('x')] });
const DATA = goMap(
  ANY_MAP,
  new Map<string, GoValue | null>([
    ['user', user],
    ['n', goInt(3)],
    ['f', goFloat(2)],
    ['zero', goInt(0)],
    ['list', goSlice(STRINGS, [goString('a'), goString('b'), goString('c')])],
    ['empty', goSlice(STRINGS, [])],
    [
      'labels',
      goMap(
        STRING_MAP,
        new Map([
          ['b', goString('2')],
          ['a', goString('1')],
        ]),
      ),
    ],
    ['ints', goSlice(sliceOf(INT), [goInt(1), goInt(2)])],
    ['any', goSlice(ANYS, [goInt(1), goString('x'), null])],
    ['nothing', null],
  ]),
);

function run(text: string, missingKey: MissingKey = 'zero'): string {
  const rendered = new TemplateSet(new Map(), { functions: FUNCTIONS, missingKey }).executeText(text, DATA, { name: 't' });
  return 'error' in rendered ? rendered.error : rendered.text;
}

test.each([
  { text: '{{ .user.Name }} {{ .user.Greet "Hi" }} {{ "Hi" | .user.Greet }}', becomes: 'Ana Hi Ana Hi Ana' },
  { text: '{{ .user }}', becomes: '{Ana <nil> x}' },
  { text: '{{ .n }} {{ .f }} {{ .labels }} {{ .list }} {{ .any }}', becomes: '3 2 map[a:1 b:2] [a b c] [1 x <nil>]' },
  { text: '{{ .missing }}|{{ .nothing }}|{{ .labels.missing }}', becomes: '<no value>|<no value>|' },
  { text: '{{ range $k, $v := .labels }}{{ $k }}={{ $v }};{{ end }}', becomes: 'a=1;b=2;' },
  { text: '{{ range $i, $e := .list }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ $e }}{{ else }}none{{ end }}', becomes: '0a2c' },
  { text: '{{ range .list }}{{ . }}{{ break }}{{ end }}', becomes: 'a' },
  { text: '{{ range .empty }}x{{ else }}none{{ end }}', becomes: 'none' },
  { text: '{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}', becomes: '01201' },
  { text: '{{ $x := 1 }}{{ range .list }}{{ $x = . }}{{ end }}{{ $x }}', becomes: 'c' },
  { text: '{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}', becomes: '1' },
  { text: '{{ with .user }}{{ .Name }}{{ $.n }}{{ end }}{{ with .zero }}x{{ else }}zero{{ end }}', becomes: 'Ana3zero' },
  { text: '{{ define "a" }}{{ . }}{{ $ }}{{ end }}{{ template "a" .n }}', becomes: '33' },
  { text: '{{ block "b" .list }}{{ len . }}{{ end }}', becomes: '3' },
  { text: '{{ and 1 0 2 }} {{ or 0 "" "x" }} {{ and 1 "y" }} {{ 2 | and 1 }}', becomes: '0 x y 2' },
  { text: '{{ or 1 bad }} {{ and 0 bad }}', becomes: '1 0' },
  { text: '{{ not .empty }} {{ not .list }} {{ if .nothing }}x{{ end }}', becomes: 'true false ' },
  {
    text: '{{ eq .n 3 }} {{ eq .n 1 2 3 }} {{ ne "a" "b" }} {{ lt 1 2 }} {{ ge 2.5 2.5 }} {{ lt "a" "b" }}',
    becomes: 'true true true true true true',
  },
  { text: '{{ eq .nothing nil }} {{ eq .user nil }}', becomes: 'true false' },
  { text: '{{ index .list 1 }} {{ index .labels "b" }} {{ index .labels "none" }}. {{ index .any 1 }}', becomes: 'b 2 . x' },
  { text: '{{ slice .list 1 }} {{ slice .list 0 1 }} {{ slice "héllo" 0 3 }}', becomes: '[b c] [a] hé' },
  { text: '{{ len "héllo" }} {{ len .labels }} {{ index "abc" 1 }}', becomes: '6 2 98' },
  {
    text: '{{ kind 1 }} {{ kind 1.0 }} {{ kind "a" }} {{ kind true }} {{ kind 1i }} {{ kind \'a\' }} {{ kind nil }}',
    becomes: 'int float64 string bool complex128 int nil',
  },
  {
    text: '{{ html "<a href=\'x\'>" }} {{ js "it\'s <b>" }} {{ urlquery "a b&c" "d" }}',
    becomes: "&lt;a href=&#39;x&#39;&gt; it\\'s \\u003Cb\\u003E a+b%26cd",
  },
  { text: '{{ print "a" 1 2 "b" }} {{ println 1 }}{{ printf "%03d|%q" 7 "x" }}', becomes: 'a1 2b 1\n007|"x"' },
  { text: '{{ count }} {{ count 1 nil .n }} {{ 5 | count 1 }}', becomes: '0 3 2' },
  { text: '{{ (index .any 0) }}{{ (.user).Name }}{{ (upper "x") }}', becomes: '1AnaX' },
  { text: '{{ "\\u00e9\\x41\\n" }}{{ `raw\\n` }}', becomes: 'éA\nraw\\n' },
])('$text runs', ({ text, becomes }) => {
  expect(run(text)).toBe(becomes);
});

test.each([
  { text: '{{ .user.Nope }}', at: '1:8', shown: '.user.Nope', error: "can't evaluate field Nope in type interface {}" },
  { text: '{{ with .user }}{{ .Nope }}{{ end }}', at: '1:19', shown: '.Nope', error: "can't evaluate field Nope in type *app.User" },
  { text: '{{ .user.secret }}', at: '1:8', shown: '.user.secret', error: 'secret is an unexported field of struct type interface {}' },
  { text: '{{ .n.x }}', at: '1:5', shown: '.n.x', error: "can't evaluate field x in type interface {}" },
  { text: '{{ .nothing.x }}', at: '1:11', shown: '.nothing.x', error: 'nil pointer evaluating interface {}.x' },
  { text: '{{ .labels.a.b }}', at: '1:10', shown: '.labels.a.b', error: "can't evaluate field b in type string" },
  { text: '{{ .user.Greet }}', at: '1:8', shown: '.user.Greet', error: 'wrong number of args for Greet: want 1 got 0' },
  { text: '{{ .user.Greet 1 }}', at: '1:15', shown: '1', error: 'expected string; found 1' },
  { text: '{{ .user.Name 1 }}', at: '1:8', shown: '.user.Name', error: 'Name has arguments but cannot be invoked as function' },
  { text: '{{ .labels.a 1 }}', at: '1:10', shown: '.labels.a', error: 'a is not a method but has arguments' },
  { text: '{{ upper }}', at: '1:3', shown: 'upper', error: 'wrong number of args for upper: want 1 got 0' },
  { text: '{{ upper 5 }}', at: '1:9', shown: '5', error: 'expected string; found 5' },
  { text: '{{ upper .n }}', at: '1:9', shown: '.n', error: 'wrong type for value; expected string; got int' },
  {
    text: '{{ upper .labels.a | upper | printf "%d" | upper 1 }}',
    at: '1:43',
    shown: 'upper',
    error: 'wrong number of args for upper: want 1 got 2',
  },
  { text: '{{ upper nil }}', at: '1:9', shown: 'nil', error: 'cannot assign nil to string' },
  { text: '{{ bad }}', at: '1:3', shown: 'bad', error: 'error calling bad: no luck' },
  { text: '{{ 3 4 }}', at: '1:3', shown: '3', error: "can't give argument to non-function 3" },
  { text: '{{ nil }}', at: '1:3', shown: 'nil', error: 'nil is not a command' },
  { text: '{{ eq 1 "a" }}', at: '1:3', shown: 'eq 1 "a"', error: 'error calling eq: incompatible types for comparison: int and string' },
  { text: '{{ eq 1 }}', at: '1:3', shown: 'eq 1', error: 'error calling eq: missing argument for comparison' },
  { text: '{{ lt .list .list }}', at: '1:3', shown: 'lt .list .list', error: 'error calling lt: invalid type for comparison' },
  { text: '{{ eq .list .list }}', at: '1:3', shown: 'eq .list .list', error: 'error calling eq: non-comparable type [a b c]: []string' },
  { text: '{{ index .list 7 }}', at: '1:3', shown: 'index .list 7', error: 'error calling index: index out of range: 7' },
  { text: '{{ index .n 0 }}', at: '1:3', shown: 'index .n 0', error: "error calling index: can't index item of type int" },
  { text: '{{ slice .list 2 1 }}', at: '1:3', shown: 'slice .list 2 1', error: 'error calling slice: invalid slice index: 2 > 1' },
  { text: '{{ len 3 }}', at: '1:3', shown: 'len 3', error: 'error calling len: len of type int' },
  { text: '{{ call .n }}', at: '1:3', shown: 'call .n', error: 'error calling call: non-function .n of type int' },
  { text: '{{ call nil }}', at: '1:3', shown: 'call nil', error: 'error calling call: call of nil' },
  { text: '{{ range .n.x }}{{ end }}', at: '1:11', shown: '.n.x', error: "can't evaluate field x in type interface {}" },
  { text: '{{ range .f }}{{ end }}', at: '1:9', shown: '.f', error: "range can't iterate over 2" },
  {
    text: '{{ range $i, $e := 3 }}{{ end }}',
    at: '1:19',
    shown: '3',
    error: "can't use 3 to iterate over more than one variable",
  },
  { text: '{{ template "nope" }}', at: '1:12', shown: '{{template "nope"}}', error: 'template "nope" not defined' },
  { text: 'é\n  {{ .n.x }}', at: '2:7', shown: '.n.x', error: "can't evaluate field x in type interface {}" },
  { text: 'é{{ .n.x }}', at: '1:7', shown: '.n.x', error: "can't evaluate field x in type interface {}" },
])('$text fails: $error', ({ text, at, shown, error }) => {
  expect(run(text)).toBe(`template: t:${at}: executing "t" at <${shown}>: ${error}`);
});

test('a missing key is nothing, a zero value or an error, as is asked', () => {
  const text = '{{ .labels.none }}|{{ .none }}';
  expect(run(text, 'zero')).toBe('|<no value>');
  expect(run(text, 'default')).toBe('<no value>|<no value>');
  expect(run(text, 'error')).toContain('map has no entry for key "none"');
});

test.each(['constructor', '__proto__', 'hasOwnProperty', 'toString', 'length', 'prototype'])('%s is a key like any other', (name) => {
  expect(run(`{{ .labels.${name} }}{{ index .labels "${name}" }}`)).toBe('');
  expect(run(`{{ .list.${name} }}`)).toContain(`can't evaluate field ${name} in type interface {}`);
  expect(run(`{{ with .user }}{{ .${name} }}{{ end }}`)).toContain(`can't evaluate field ${name} in type *app.User`);
});

test.each([
  { what: 'steps', text: '{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}', error: 'exceeded maximum of 10000 steps' },
  { what: 'output', text: '{{ range 2000 }}1234567890{{ end }}', error: 'text is longer than 10000 characters' },
  {
    what: 'a text on the way',
    text: '{{ $x := "ab" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}',
    error: 'text is longer than 10000 characters',
  },
  {
    what: 'work on long texts',
    text: '{{ $x := printf "%9999s" "" }}{{ range 1000 }}{{ $y := eq $x "" }}{{ end }}',
    error: 'exceeded maximum of 10000 steps',
  },
  {
    what: 'templates in templates',
    text: '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
    error: 'exceeded maximum depth (1000)',
  },
])('$what are bounded', ({ text, error }) => {
  const set = new TemplateSet(new Map(), { functions: FUNCTIONS, limits: { stepsMax: 10_000, lengthMax: 10_000 } });
  const rendered = set.executeText(text, DATA);
  expect('error' in rendered && rendered.error).toContain(error);
});

test('a template of one text does not reach the next', () => {
  const set = new TemplateSet(new Map(), { functions: FUNCTIONS });
  expect(set.executeText('{{ define "a" }}x{{ end }}{{ template "a" }}', null)).toEqual({ text: 'x' });
  expect(set.executeText('{{ template "a" }}', null)).toMatchObject({ stage: 'execute' });
});
