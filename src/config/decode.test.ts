import { expect, test } from 'vitest';
import { durationMs } from '../model/time.ts';
import { type Decoder, decode, list, object, record } from './decode.ts';
import { isError, renderAll, upstreamText } from './diagnostic.ts';
import { DiagnosticSink } from './diagnostic-sink.ts';
import {
  bool,
  byteSize,
  duration,
  enumeration,
  float,
  goDuration,
  goDurationText,
  int,
  labelName,
  path,
  regex,
  string,
  uint,
  uint64,
  url,
} from './scalars.ts';
import { secret, secretSource, secretUrl } from './secret-fields.ts';
import { sourceFile } from './source.ts';
import { parseYaml } from './yaml-document.ts';

function read<T>(text: string, decoder: Decoder<T>) {
  const source = sourceFile('dir/f.yml', text);
  const document = parseYaml(source);
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const value = document.root === null ? null : decode(document.root, decoder, sink);
  const diagnostics = sink.diagnostics();
  return {
    value,
    messages: diagnostics.map(({ line, col, message }) => `${line}:${col}: ${message}`),
    upstream: diagnostics.map(upstreamText),
    rendered: renderAll(diagnostics, sink.sources()),
    sink,
  };
}

/** The value of a single field `v`. */
const one = <T>(decoder: Decoder<T>) => object('T', (fields) => fields.get('v', decoder));

test.each<[string, Decoder<unknown>, string, unknown]>([
  ['a text keeps its source', string, '0777', '0777'],
  ['a text that looks like a boolean', string, 'yes', 'yes'],
  ['a null text', string, '', ''],
  ['a boolean of YAML 1.1', bool, 'on', true],
  ['a boolean of YAML 1.1', bool, 'N', false],
  ['an octal number', int, '0755', 493],
  ['an octal number', int, '0o17', 15],
  ['not octal: a float, cut', int, '08', 8],
  ['hexadecimal', uint, '0x_1f', 31],
  ['underscores', int, '-1_000', -1000],
  ['a float for an integer', int, '1e3', 1000],
  ['64 bits', uint64, '18446744073709551615', 18446744073709551615n],
  ['a float', float, '.5', 0.5],
  ['infinity', float, '-.inf', Number.NEGATIVE_INFINITY],
  ['a duration', duration, '1h30m', 5_400_000],
  ["Go's duration", goDuration, '1.5s', 1500],
  ["Go's duration in nanoseconds", goDuration, '2000000', 2],
  ["Go's duration below zero", goDuration, '-1m', -60_000],
  ["Go's duration as a text", goDurationText, '1.5s', 1500],
  ['a size', byteSize, '1GB512MB', 1.5 * 2 ** 30],
  ['a size', byteSize, '1.5KiB', 1536],
  ['a path beside the file', path, '../x/a.yml', 'x/a.yml'],
  ['an absolute path', path, '/x', '/x'],
  ['a list', list(int), '[1, 2]', [1, 2]],
  ['a map', record(int), '{a: 1}', { a: 1 }],
  ['a map with a null key', record(int), '{~: 1}', { '': 1 }],
])('%s', (_, decoder, text, expected) => {
  const { value, messages } = read(`v: ${text}`, one(decoder));
  expect(messages).toEqual([]);
  expect(value).toEqual(expected);
});

const UNMARSHAL = 'yaml: unmarshal errors:\n  line 1: ';
test.each<[Decoder<unknown>, string, string, string]>([
  [string, '[a]', 'expected a text, got a list', `${UNMARSHAL}cannot unmarshal !!seq into string`],
  [bool, '"true"', 'expected true or false, got "true"', `${UNMARSHAL}cannot unmarshal !!str \`true\` into bool`],
  [bool, '1', 'expected true or false, got "1"', `${UNMARSHAL}cannot unmarshal !!int \`1\` into bool`],
  [int, 'abcdefghijklm', 'expected a whole number, got "abcdefghijklm"', `${UNMARSHAL}cannot unmarshal !!str \`abcdefg...\` into int`],
  [uint, '-1', 'expected a whole number, at least 0, got "-1"', `${UNMARSHAL}cannot unmarshal !!int \`-1\` into uint`],
  [duration, '5min', '"5min" is not a duration', 'unknown unit "min" in duration "5min" (not a valid duration string: "5min")'],
  [duration, '[a]', 'expected a duration, got a list', `${UNMARSHAL}cannot unmarshal !!seq into string`],
  [list(duration), '{}', 'expected a list, got a map', `${UNMARSHAL}cannot unmarshal !!map into []model.Duration`],
  [goDuration, '5 m', 'expected a duration, got "5 m"', `${UNMARSHAL}cannot unmarshal !!str \`5 m\` into time.Duration`],
  [goDurationText, '5', '"5" is not a duration', 'time: missing unit in duration "5"'],
  [secret, '{}', 'expected a text, got a map', `${UNMARSHAL}cannot unmarshal !!map into config.plain`],
  [byteSize, '100', '"100" is not a size in bytes', 'units: unknown unit  in 100'],
  [url(), 'localhost:9090/x:y', '', ''],
  [
    url(),
    'http://a:b',
    '"http://a:b" cannot be used as the URL here: invalid port ":b" after host',
    'parse "http://a:b": invalid port ":b" after host',
  ],
  [labelName('legacy'), 'a-b', '"a-b" is not a label name', '"a-b" is not a valid label name'],
  [list(string), 'x', 'expected a list, got "x"', `${UNMARSHAL}cannot unmarshal !!str \`x\` into []string`],
  [record(string), '{a: 1, a: 2}', '"a" is already set at dir/f.yml:1:5', `${UNMARSHAL}key "a" already set in map`],
])('%#: refused in our words and in the reference words', (decoder, text, message, upstream) => {
  const result = read(`v: ${text}`, one(decoder));
  expect(result.messages.map((line) => line.replace(/^\d+:\d+: /, ''))).toEqual(message === '' ? [] : [message]);
  expect(result.upstream).toEqual(upstream === '' ? [] : [upstream]);
});

test('the password of a URL is not told', () => {
  const { messages, upstream, rendered } = read('v: https://u:topsecret@h:x', one(url()));
  expect(messages).toHaveLength(1);
  expect([...messages, ...upstream, rendered].join()).not.toContain('topsecret');
});

test('a secret URL is hidden, and nothing else of what is wrong with it', () => {
  const hook = secretUrl(({ scheme }) => `unsupported scheme "${scheme}" for URL`);
  expect(read("v: ''", one(hook)).upstream).toEqual(['unsupported scheme "" for URL']);
  expect(read('v: h', one(hook)).upstream).toEqual(['unsupported scheme "" for URL']);
  expect(read('v: ftp://token', one(hook)).upstream).toEqual(['unsupported scheme "ftp" for URL']);
  expect(read('v: "%zz"', one(hook)).upstream).toEqual(['parse "<secret>": invalid URL escape "%zz"']);
  expect(read('v: http://token:x', one(hook)).upstream).toEqual(['parse "<secret>": invalid port ":x" after host']);
});

test('a bad pattern names the fault', () => {
  const { messages, upstream } = read('v: "("', one(regex));
  expect(messages[0]).toMatch(/^1:4: "\(" is not a regular expression: missing closing \)/);
  expect(upstream[0]).toMatch(/^error parsing regexp: missing closing \)/);
});

const job = object('config.plain', (fields) => ({
  name: fields.required('name', string),
  intervalMs: fields.get('interval', duration, durationMs(60_000)),
  mode: fields.get('mode', enumeration(['push', 'pull']), null),
  limit: fields.optional('limit', uint),
}));
const jobs = object('config.plain', (fields) => fields.get('jobs', list(job, 'empty or null job')));

test('absent fields take defaults, null takes the zero value, a null enumeration and a null pointer count as absent', () => {
  expect(read('jobs:\n- name: a\n- name: b\n  interval:\n  mode:\n  limit:', jobs).value).toEqual([
    { name: 'a', intervalMs: 60_000, mode: null, limit: null },
    { name: 'b', intervalMs: 0, mode: null, limit: null },
  ]);
});

test('everything wrong is told at once, each in its place', () => {
  const { messages, upstream } = read(
    'jobs:\n- name: a\n  intervall: 5m\n  limit: x\n- interval: 5\n-\n- name: b\n  name: c\njob: 1',
    jobs,
  );
  expect(messages).toEqual([
    '3:3: unknown field "intervall"',
    '4:10: expected a whole number, at least 0, got "x"',
    '5:3: "name" is missing',
    '5:13: "5" is not a duration',
    '6:2: empty or null job',
    '8:3: "name" is already set at dir/f.yml:7:3',
    '9:1: unknown field "job"',
  ]);
  expect(upstream[0]).toBe('yaml: unmarshal errors:\n  line 3: field intervall not found in type config.plain');
  expect(upstream[5]).toBe('yaml: unmarshal errors:\n  line 8: field name already set in type config.plain');
});

test('a diagnostic shows the line, a caret, the other place and the help', () => {
  expect(read('jobs:\n- name: a\n\tname: b', jobs).rendered).toContain(
    '3:1: error: not valid YAML: tabs are not allowed as indentation\n3 | \tname: b\n    ^\n',
  );
  expect(
    read('jobs:\n- name: a\n  name: b\n  intervall: 1m', jobs).rendered,
  ).toBe(`dir/f.yml:3:3: error: "name" is already set at dir/f.yml:2:3
3 |   name: b
      ^
dir/f.yml:2:3: the first one
2 | - name: a
      ^

dir/f.yml:4:3: error: unknown field "intervall"
4 |   intervall: 1m
      ^
help: did you mean "interval"?
`);
});

test('the fault of an anchored value is told once', () => {
  expect(read('jobs:\n- &j {name: a, limit: x}\n- *j', jobs).messages).toHaveLength(1);
});

test('a field that exists but does nothing here is a warning', () => {
  const { sink, value } = read(
    'v: 1\nw: [x',
    object('T', () => 0),
  );
  expect(value).toBeNull();
  expect(sink.errorCount).toBe(1);
  const warned = read(
    'v: 1',
    object('T', (fields) => fields.unsupported('v', int, 'no reason')),
  );
  expect(warned.messages).toEqual(['1:1: "v" is not supported and has no effect: no reason']);
  expect(warned.sink.diagnostics().some(isError)).toBe(false);
});

test.each([
  ['p: x', { kind: 'inline' }],
  ['p_file: x', { kind: 'file', path: 'dir/x' }],
  ['p_env: X', { kind: 'env', name: 'X' }],
  ['q: 1', null],
])('a secret given as %s', (text, expected) => {
  const decoder = object('T', (fields) => ({ p: secretSource(fields, 'p'), q: fields.get('q', int) }));
  const { value, messages, sink } = read(text, decoder);
  expect(messages).toEqual([]);
  if (expected === null) expect(value?.p).toBeNull();
  else expect(value?.p).toMatchObject(expected);
  expect(sink.secrets().size).toBe(expected?.kind === 'inline' ? 1 : 0);
});

test('a secret is given one way only, and never shown', () => {
  const { messages, rendered } = read(
    'password: hunter2\npassword_file: x',
    object('T', (fields) => secretSource(fields, 'password')),
  );
  expect(messages).toEqual(['2:1: "password_file" excludes "password" at dir/f.yml:1:1']);
  expect(rendered).toContain('1 | password: <secret>');
  expect(read('a: {api_key: "hunter2", b: [}', one(secret)).rendered).not.toContain('hunter2');
});
