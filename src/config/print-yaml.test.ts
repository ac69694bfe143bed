import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printYaml } from './print-yaml.ts';
import { sourceFile } from './source.ts';
import { parseYaml, type YamlNode } from './yaml-document.ts';

const parse = (text: string): YamlNode | null => parseYaml(sourceFile('f.yml', text)).root;
const print = (text: string): string => {
  const root = parse(text);
  return root?.kind === 'map' ? printYaml(root, new Set()) : 'NOT A MAP';
};

test.each([
  ['flow becomes block', 'a: {b: [1, {c: d, e: []}], f: {}}', 'a:\n  b:\n    - 1\n    - c: d\n      e: []\n  f: {}\n'],
  ['aliases and merge keys are written out', 'a: &x {p: 1}\nb: {<<: *x, q: 2}', 'a:\n  p: 1\nb:\n  q: 2\n  p: 1\n'],
  ['plain texts stay plain, quoted ones quoted', 'a: 0777\nb: \'0777\'\nc: "x\\ty"', 'a: 0777\nb: "0777"\nc: "x\\ty"\n'],
  ['blocks stay blocks', 'a: |\n  x\n\n    y\nb: >-\n  x\n\n  y\n', 'a: |\n  x\n\n    y\nb: |-\n  x\n  y\n'],
  ['nulls stay nulls', 'a:\nb: ~\nc: ""', 'a:\nb: ~\nc: ""\n'],
  ['passwords in URLs are masked', 'a: https://u:topsecret@h/p', 'a: https://u:xxxxx@h/p\n'],
  ['lists of lists', 'a: [[1, 2], [3]]', 'a:\n  - - 1\n    - 2\n  - - 3\n'],
])('%s', (_, text, expected) => {
  expect(print(text)).toBe(expected);
});

test('what is printed reads back as the same texts', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(' ', '\n', 'a', ':', '#', '-', '"', "'", '\t', '|') }));
  fc.assert(
    fc.property(fc.array(texts), (values) => {
      const printed = print(`v: ${JSON.stringify(values)}\nz: 1`);
      expect(print(printed)).toBe(printed);
      const root = parse(printed);
      const list = root?.kind === 'map' ? root.entries[0]?.value : null;
      expect(list?.kind === 'list' ? list.items.map((item) => (item.kind === 'scalar' ? item.text : null)) : null).toEqual(values);
    }),
  );
});
