import { expect, test } from 'vitest';
import { type PlainValue, renderDeep } from './deep-render.ts';

test.each<{ given: string; value: PlainValue; becomes: PlainValue }>([
  { given: 'a text', value: 'T:a', becomes: 'A' },
  { given: 'a text that is a number', value: '42', becomes: 42 },
  { given: 'a text that is a boolean', value: 'yes', becomes: true },
  { given: 'a text that is nothing', value: '', becomes: null },
  { given: 'a quoted number', value: '"42"', becomes: '"42"' },
  { given: 'a text that is a list', value: '[1, "b: c", {d: [e]}]', becomes: [1, 'b: c', { d: ['e'] }] },
  { given: 'a text that is a map, with keys of all kinds', value: '{a: 1, 2: x, true: y}', becomes: { a: 1 } },
  { given: 'a text that is no YAML', value: '{a: [', becomes: '{a: [' },
  { given: 'a text with a template within a structure', value: '[T:x]', becomes: ['T:x'] },
  {
    given: 'nested values',
    value: { 'T:k': ['T:v', 1, null, false, { x: 'a: T:b' }] },
    becomes: { K: ['V', 1, null, false, { x: { a: 'T:b' } }] },
  },
  { given: 'numbers and nothing', value: [1.5, null, true], becomes: [1.5, null, true] },
])('$given', ({ value, becomes }) => {
  const rendered = renderDeep(value, (text) => ({ text: text.startsWith('T:') ? text.slice(2).toUpperCase() : text }));
  expect(rendered).toEqual({ value: becomes });
});

test('the first error is the answer', () => {
  const render = (text: string): { text: string } | { error: string } => (text === 'bad' ? { error: 'no' } : { text });
  expect(renderDeep(['a', { b: 'bad' }], render)).toEqual({ error: 'no' });
  expect(renderDeep({ bad: 1 }, render)).toEqual({ error: 'no' });
});

test('a key that JavaScript objects have is a key like any other', () => {
  const rendered = renderDeep('{__proto__: {polluted: 1}, constructor: 2}', (text) => ({ text }));
  expect('value' in rendered && JSON.stringify(rendered.value)).toBe('{"__proto__":{"polluted":1},"constructor":2}');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});
