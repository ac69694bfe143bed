import { expect, test } from 'vitest';
import { BoundedText, TextTooLongError } from './bounded-text.ts';
import { sprint, sprintf, sprintln } from './go-printf.ts';
import {
  ANY,
  ANYS,
  asElement,
  FLOAT64,
  type GoType,
  type GoValue,
  goBool,
  goFloat,
  goInt,
  goMap,
  goMethod,
  goPointer,
  goSlice,
  goString,
  STRING,
  STRING_MAP,
  STRINGS,
} from './go-value.ts';

type Arg = GoValue | null;

function printed(format: string, args: readonly Arg[]): string {
  const out = new BoundedText(100_000);
  sprintf(out, format, args);
  return out.toString();
}

const POINT: GoType = {
  name: 'geo.Point',
  kind: 'struct',
  fields: [
    { name: 'X', type: FLOAT64 },
    { name: 'Name', type: STRING },
  ],
};
const point: GoValue = { kind: 'struct', type: POINT, fields: [goFloat(1.5), goString('a b')] };
const COLOR: GoType = { name: 'ui.Color', kind: 'int', methods: new Map([['String', goMethod([], () => goString('red'))]]) };
const color: GoValue = { kind: 'int', type: COLOR, int: 3n };

test.each<{ format: string; args: readonly Arg[]; text: string }>([
  { format: '%d|%5d|%-5d|%05d|%+d|% d', args: [1, 2, 3, 4, 5, 6].map((n) => goInt(n)), text: '1|    2|3    |00004|+5| 6' },
  { format: '%x %X %#x %o %#o %O %b', args: [255, 255, 255, 8, 8, 8, 5].map((n) => goInt(n)), text: 'ff FF 0xff 10 010 0o10 101' },
  { format: '%c %q %U %#U', args: [0x263a, 0x263a, 0x263a, 0x263a].map((n) => goInt(n)), text: "☺ '☺' U+263A U+263A '☺'" },
  { format: '%.3d|%6.3d', args: [goInt(7), goInt(7)], text: '007|   007' },
  { format: '%f %.2f %8.3f %-8.1f| %08.2f', args: [1, 2.5, 3, 4, -5].map(goFloat), text: '1.000000 2.50    3.000 4.0     | -0005.00' },
  { format: '%g %v %e %.3g %G', args: [1e21, 1e6, 12.5, 1234.5, 1e-7].map(goFloat), text: '1e+21 1e+06 1.250000e+01 1.23e+03 1E-07' },
  { format: '%5.1f|%05.1f|%+f', args: [Infinity, -Infinity, Number.NaN].map(goFloat), text: ' +Inf| -Inf|+NaN' },
  { format: '%#g %#.3e', args: [goFloat(2), goFloat(2)], text: '2.00000 2.000e+00' },
  {
    format: '%s|%5s|%-5s|%.2s|%q|%x|% X',
    args: ['a', 'b', 'c', 'def', 'g"h', 'hi', 'hi'].map((s) => goString(s)),
    text: 'a|    b|c    |de|"g\\"h"|6869|68 69',
  },
  { format: '%5s|%.1s', args: [goString('é🙂'), goString('🙂x')], text: '   é🙂|🙂' },
  { format: '%+q %#q %#q', args: [goString('é'), goString('a\tb'), goString('a\nb')], text: '"\\u00e9" `a\tb` "a\\nb"' },
  { format: '%t %v', args: [goBool(true), goBool(false)], text: 'true false' },
  { format: '%d %v %#v', args: [0, 1, 2].map(() => goSlice(ANYS, [null])), text: '[<nil>] [<nil>] []interface {}{interface {}(nil)}' },
  { format: '%w %w %w', args: [goInt(1), goSlice(ANYS, []), null], text: '%!w(int=1) %!w([]interface {}=[]) %!w(<nil>)' },
  { format: '%v %+v %#v', args: [point, point, point], text: '{1.5 a b} {X:1.5 Name:a b} geo.Point{X:1.5, Name:"a b"}' },
  { format: '%v %v', args: [goPointer(point), goSlice(ANYS, [goPointer(point)])], text: '&{1.5 a b} [0xc000000000]' },
  { format: '%v %d %s %q', args: [color, color, color, color], text: 'red 3 red "red"' },
  { format: '%T %T %T %T', args: [goInt(1), point, goPointer(point), null], text: 'int geo.Point *geo.Point <nil>' },
  { format: '%v %q', args: [goSlice(STRINGS, [goString('a'), goString('b c')]), goSlice(STRINGS, [goString('a')])], text: '[a b c] ["a"]' },
  {
    format: '%v',
    args: [
      goMap(
        STRING_MAP,
        new Map([
          ['b', goString('2')],
          ['a', goString('1')],
        ]),
      ),
    ],
    text: 'map[a:1 b:2]',
  },
  { format: '%v %v', args: [asElement(ANY, null), asElement(ANY, goInt(1))], text: '<nil> 1' },
  { format: '%*d|%-*d|%.*f', args: [goInt(4), goInt(1), goInt(4), goInt(2), goInt(1), goFloat(2.25)], text: '   1|2   |2.2' },
  { format: '%[2]s %[1]s', args: [goString('a'), goString('b')], text: 'b a' },
  { format: '%%|%d%%', args: [goInt(5)], text: '%|5%' },
])('$format prints $text', ({ format, args, text }) => {
  expect(printed(format, args)).toBe(text);
});

test.each<{ format: string; args: readonly Arg[]; text: string }>([
  { format: '%d', args: [goString('x')], text: '%!d(string=x)' },
  { format: '%s', args: [goInt(5)], text: '%!s(int=5)' },
  { format: '%d %s', args: [goInt(1)], text: '1 %!s(MISSING)' },
  { format: '%d', args: [goInt(1), goString('extra')], text: '1%!(EXTRA string=extra)' },
  { format: '%', args: [], text: '%!(NOVERB)' },
  { format: '%z', args: [goFloat(1)], text: '%!z(float64=1)' },
  { format: '%s', args: [null], text: '%!s(<nil>)' },
  { format: '%[5]d', args: [goInt(1)], text: '%!d(BADINDEX)' },
  { format: '%*d', args: [goString('x'), goInt(1)], text: '%!(BADWIDTH)1' },
])('the mistake in $format shows as $text', ({ format, args, text }) => {
  expect(printed(format, args)).toBe(text);
});

test('print puts spaces between neighbours that are no strings, println everywhere', () => {
  const args = [goInt(1), goInt(2), goString('a'), goInt(3), goString('b'), goString('c')];
  const [plain, lines] = [new BoundedText(100), new BoundedText(100)];
  sprint(plain, args);
  sprintln(lines, args);
  expect([plain.toString(), lines.toString()]).toEqual(['1 2a3bc', '1 2 a 3 b c\n']);
});

test('a width cannot make more text than is allowed', () => {
  expect(() => sprintf(new BoundedText(1000), '%999999d', [goInt(1)])).toThrow(TextTooLongError);
});
