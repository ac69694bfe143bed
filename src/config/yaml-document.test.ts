import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sourceFile, sourceFromBytes } from './source.ts';
import { isNull, parseYaml, positionInScalar, type YamlNode } from './yaml-document.ts';

const parse = (text: string) => parseYaml(sourceFile('f.yml', text));

/** Texts, lists and maps as plain values; null for null. */
function plain(node: YamlNode | null): unknown {
  if (node === null) return 'REFUSED';
  if (isNull(node)) return null;
  if (node.kind === 'list') return node.items.map(plain);
  return node.kind === 'scalar' ? node.text : Object.fromEntries(node.entries.map(({ key, value }) => [key.text, plain(value)]));
}

test.each([
  ['an empty file', '', null],
  ['a comment only', '# nothing\n', null],
  ['scalars keep their source text', 'a: 0777\nb: yes\nc: 1e3\nd: 2024-01-01', { a: '0777', b: 'yes', c: '1e3', d: '2024-01-01' }],
  ['nulls', 'a:\nb: ~\nc: null\nd: "null"', { a: null, b: null, c: null, d: 'null' }],
  ['a closing bracket as far left as its key', 'a:\n  b: [\n    1,\n  ]', { a: { b: ['1'] } }],
  [
    'brackets whose lines start anywhere, as libyaml reads them',
    'a:\n  b: [1,\n2\n]\n  c: {d: 3,\n  e: 4}',
    { a: { b: ['1', '2'], c: { d: '3', e: '4' } } },
  ],
  ['quotes whose lines start anywhere', 'a:\n  b: "x\ny"\n  c: \'x\ny\'\nd: 1', { a: { b: 'x y', c: 'x y' }, d: '1' }],
  ['!!binary', 'a: !!binary "aGk="', { a: 'hi' }],
  ['aliases', 'a: &x [1]\nb: *x', { a: ['1'], b: ['1'] }],
  ['a merge key, the map wins', 'a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x', { a: { p: '1', q: '2' }, b: { q: '3', p: '1' } }],
  [
    'merged maps, the earlier wins',
    'a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}',
    { a: { p: '1' }, b: { p: '2', q: '2' }, c: { p: '1', q: '2' } },
  ],
  ['an anchor used again for another value', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: '1', b: '1', c: '2', d: '2' }],
  ['a second document is not read', 'a: 1\n---\nb: 2', { a: '1' }],
  ['Windows line ends', 'a: 1\r\nb:\r\n- 2\r\n', { a: '1', b: ['2'] }],
])('%s', (_, text, expected) => {
  expect(plain(parse(text).root)).toEqual(expected);
});

test.each([
  ['a: b: c', '1:4', 'nested mappings'],
  ['a: *x', '1:4', 'the anchor &x is not defined above'],
  ['a: &x [*x]', '1:8', '*x stands inside the value that &x names'],
  ['a: {{ $value }}', '1:5', 'a key must be a text'],
  ['a: !!binary "%"', '1:13', 'not base64'],
  ['a: {<<: 3}', '1:5', '"<<" merges a map or a list of maps'],
])('%s is refused at %s', (text, at, message) => {
  const { root, diagnostics } = parse(text);
  const [first] = diagnostics;
  expect(root).toBeNull();
  expect(`${first?.line}:${first?.col}`).toBe(at);
  expect(first?.message).toContain(message);
});

test('deep nesting is refused where it becomes too deep', () => {
  const { root, diagnostics } = parse(`${'['.repeat(300)}${']'.repeat(300)}`);
  expect(root).toBeNull();
  expect(diagnostics).toMatchObject([{ line: 1, col: 202, message: 'nested deeper than 200 levels' }]);
});

test('bytes that are not UTF-8 are refused where they stand', () => {
  const { root, diagnostics } = parseYaml(sourceFromBytes('f.yml', Uint8Array.of(0x61, 0x3a, 0x0a, 0x20, 0xff)));
  expect(root).toBeNull();
  expect(diagnostics).toMatchObject([{ line: 2, col: 2, message: 'the file is not UTF-8 text here' }]);
});

test('more than one document is a warning at the second', () => {
  expect(parse('a: 1\n---\n').diagnostics).toMatchObject([{ severity: 'warning', line: 2, col: 1 }]);
});

test('an alias bomb is refused without being expanded', () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) =>
      `k${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join(', ')}]`,
  );
  const { root, diagnostics } = parse(levels.join('\n'));
  expect(root).toBeNull();
  expect(diagnostics).toMatchObject([{ message: 'aliases make this document too large' }]);
});

test.each([
  ['plain', 'a: up == 0', 3, '1:7'],
  ['quoted', "a: 'up == 0'", 3, '1:8'],
  ['literal block', 'a: |\n  up\n    == 0\n', 5, '3:5'],
  ['literal block with an indentation indicator', 'a: |2\n    up == 0\n', 3, '2:6'],
  ['folded block: its start', 'a: >\n  up\n  == 0\n', 3, '1:4'],
  ['escapes: its start', 'a: "\\x75p == 0"', 3, '1:4'],
])('a character of a scalar is found in the file: %s', (_, text, index, at) => {
  const { root } = parse(text);
  const node = root?.kind === 'map' ? root.entries[0]?.value : undefined;
  if (node?.kind !== 'scalar') throw new Error('no scalar');
  const { line, col } = positionInScalar(node, index);
  expect(`${line}:${col}`).toBe(at);
});

test('no text makes it throw', () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&x ',
    '*x',
    '<<',
    '"',
    "'",
    '|',
    '>',
    '#',
    '!!binary ',
    '? ',
    '---\n',
    '\t',
    '%',
    '\u0000',
    '\ud800',
    ',',
    '~',
    '0x1',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const { root, diagnostics } = parse(text);
        if (root === null) expect(diagnostics.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 1000 },
  );
});

test.each(['[', '{a: ', '- ', '? ', '&a ', '"', '!!a ', '%a\n', '---\n'])('many of %j neither overflow nor hang', (piece) => {
  parse(piece.repeat(5000));
});
