/** The functions that every Go template has (text/template/funcs.go); `and`, `or` and `call` need the executor. */
import { BoundedText } from '../lib/bounded-text.ts';
import { sprint, sprintf, sprintln } from '../lib/go-printf.ts';
import { goQuote } from '../lib/go-quote.ts';
import {
  ANY,
  asElement,
  GoCallError,
  type GoFunction,
  type GoType,
  type GoValue,
  goBool,
  goFunction,
  goInt,
  goString,
  goVariadic,
  indirect,
  indirectInterface,
  STRING,
  UINT8,
  zeroValue,
} from '../lib/go-value.ts';
import { queryEscape } from '../lib/query-escape.ts';
import { decodeUtf8, encodeUtf8, utf8Length } from '../lib/utf8-bytes.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';

type Value = GoValue | null;
type Args = readonly Value[];

/** A parameter that takes a value as it is, interface and all. */
export const REFLECT_VALUE: GoType = { name: 'reflect.Value', kind: 'struct' };

/** Characters of any text that a template or a function makes. */
export const TEXT_LENGTH_MAX = 16_777_216;

/** Go's truth of a value: not the zero of its kind; structs are always true. */
export function isTrue(held: Value): boolean {
  const value = indirectInterface(held);
  if (value === null) return false;
  switch (value.kind) {
    case 'bool':
      return value.bool;
    case 'int':
    case 'uint':
      return value.int !== 0n;
    case 'float':
      return value.float !== 0;
    case 'complex':
      return value.re !== 0 || value.im !== 0;
    case 'string':
      return value.text !== '';
    case 'slice':
      return value.items !== null && value.items.length > 0;
    case 'map':
      return value.entries !== null && value.entries.size > 0;
    case 'pointer':
      return value.to !== null;
    case 'interface':
      return value.value !== null;
    case 'struct':
      return true;
  }
}

/** reflect's AssignableTo: the same type, any interface, or the same composite where one of the two has no name. */
export function isAssignable(from: GoType, to: GoType): boolean {
  if (from === to || from.name === to.name || to.kind === 'interface') return true;
  if (from.kind !== to.kind || (from.kind !== 'slice' && from.kind !== 'map')) return false;
  return from.element?.name === to.element?.name && (isUnnamed(from) || isUnnamed(to));
}

const isUnnamed = (type: GoType): boolean => type.name.startsWith('[') || type.name.startsWith('map[');

/** Nothing that templates are given is a function, so `call` can only say why not. */
export function callValue(callee: string, held: Value): never {
  const value = indirectInterface(held);
  throw new GoCallError(value === null ? 'call of nil' : `non-function ${callee} of type ${value.type.name}`);
}

// index, slice, len

function indexArgument(held: Value, cap: number): number {
  const value = indirectInterface(held);
  if (value === null) throw new GoCallError('cannot index slice/array with nil');
  if (value.kind !== 'int' && value.kind !== 'uint') throw new GoCallError(`cannot index slice/array with type ${value.type.name}`);
  if (value.int < 0n || value.int > BigInt(cap)) throw new GoCallError(`index out of range: ${value.int}`);
  return Number(value.int);
}

function index([first, ...indexes]: Args): Value {
  let item = indirectInterface(first ?? null);
  if (item === null) throw new GoCallError('index of untyped nil');
  for (const at of indexes) {
    const found = indirect(item);
    if (found.isNil || found.value === null) throw new GoCallError('index of nil pointer');
    item = elementAt(found.value, indirectInterface(at));
  }
  return item;
}

function elementAt(container: GoValue, at: Value): Value {
  const element = container.type.element ?? ANY;
  switch (container.kind) {
    case 'string': {
      const bytes = encodeUtf8(container.text);
      const i = indexArgument(at, bytes.length);
      const byte = bytes[i];
      if (byte === undefined) throw new GoCallError('reflect: string index out of range');
      return { kind: 'uint', type: UINT8, int: BigInt(byte) };
    }
    case 'slice': {
      const items = container.items ?? [];
      const i = indexArgument(at, items.length);
      if (i === items.length) throw new GoCallError('reflect: slice index out of range');
      return asElement(element, items[i] ?? null);
    }
    case 'map': {
      if (at === null) throw new GoCallError('value is nil; should be of type string');
      if (at.kind !== 'string' || at.type.name !== STRING.name) throw new GoCallError(`value has type ${at.type.name}; should be string`);
      const found = container.entries?.get(at.text);
      return found === undefined ? zeroValue(element) : asElement(element, found);
    }
    default:
      throw new GoCallError(`can't index item of type ${container.type.name}`);
  }
}

function slice([first, ...indexes]: Args): Value {
  const held = indirectInterface(first ?? null);
  if (held === null) throw new GoCallError('slice of untyped nil');
  const { value, isNil } = indirect(held);
  if (isNil || value === null) throw new GoCallError('slice of nil pointer');
  if (indexes.length > 3) throw new GoCallError(`too many slice indexes: ${indexes.length}`);
  if (value.kind !== 'string' && value.kind !== 'slice') throw new GoCallError(`can't slice item of type ${value.type.name}`);
  if (value.kind === 'string' && indexes.length === 3) throw new GoCallError('cannot 3-index slice a string');
  const length = value.kind === 'string' ? utf8Length(value.text) : (value.items?.length ?? 0);
  const [from = 0, to = length, cap = length] = indexes.map((at) => indexArgument(at, length));
  if (from > to) throw new GoCallError(`invalid slice index: ${from} > ${to}`);
  if (to > cap) throw new GoCallError(`invalid slice index: ${to} > ${cap}`);
  if (value.kind === 'slice') return { ...value, items: value.items?.slice(from, to) ?? null };
  return { ...value, text: decodeUtf8(encodeUtf8(value.text).subarray(from, to)) };
}

function len([held]: Args): Value {
  const { value, isNil } = indirect(held ?? null);
  if (isNil) throw new GoCallError('len of nil pointer');
  if (value === null) throw new GoCallError('reflect: call of reflect.Value.Type on zero Value');
  switch (value.kind) {
    case 'string':
      return goInt(utf8Length(value.text));
    case 'slice':
      return goInt(value.items?.length ?? 0);
    case 'map':
      return goInt(value.entries?.size ?? 0);
    default:
      throw new GoCallError(`len of type ${value.type.name}`);
  }
}

// Comparisons

const BAD_COMPARISON = 'invalid type for comparison';

/** Kinds that compare with ==; signed and unsigned integers compare by value. */
function basicKind(value: Value): 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'string' | null {
  switch (value?.kind) {
    case 'bool':
    case 'int':
    case 'uint':
    case 'float':
    case 'complex':
    case 'string':
      return value.kind;
    default:
      return null;
  }
}

const isInteger = (value: Value): value is Extract<GoValue, { int: bigint }> => value?.kind === 'int' || value?.kind === 'uint';

function eq([held, ...others]: Args): boolean {
  const first = indirectInterface(held ?? null);
  if (others.length === 0) throw new GoCallError('missing argument for comparison');
  return others.some((other) => equals(first, indirectInterface(other)));
}

function equals(a: Value, b: Value): boolean {
  if (basicKind(a) !== basicKind(b)) {
    if (isInteger(a) && isInteger(b)) return a.int === b.int;
    if (a !== null && b !== null) throw new GoCallError(`incompatible types for comparison: ${a.type.name} and ${b.type.name}`);
    return false;
  }
  if (a?.kind === 'bool' && b?.kind === 'bool') return a.bool === b.bool;
  if (isInteger(a) && isInteger(b)) return a.int === b.int;
  if (a?.kind === 'float' && b?.kind === 'float') return a.float === b.float;
  if (a?.kind === 'complex' && b?.kind === 'complex') return a.re === b.re && a.im === b.im;
  if (a?.kind === 'string' && b?.kind === 'string') return a.text === b.text;
  if (a !== null && b !== null && a.kind !== b.kind) {
    throw new GoCallError(`non-comparable types ${display(a)}: ${a.type.name}, ${b.type.name}: ${display(b)}`);
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (b?.kind === 'slice' || b?.kind === 'map') throw new GoCallError(`non-comparable type ${display(b)}: ${b.type.name}`);
  return a === b || (a !== null && b !== null && a.type.name === b.type.name && a.kind === 'struct' && display(a) === display(b));
}

const isNil = (value: Value): boolean =>
  value === null ||
  (value.kind === 'slice' && value.items === null) ||
  (value.kind === 'map' && value.entries === null) ||
  (value.kind === 'pointer' && value.to === null);

function display(value: GoValue): string {
  return bounded((out) => sprint(out, [value]));
}

function lt([heldA, heldB]: Args): boolean {
  const a = indirectInterface(heldA ?? null);
  const b = indirectInterface(heldB ?? null);
  if (basicKind(a) === null || basicKind(b) === null) throw new GoCallError(BAD_COMPARISON);
  if (isInteger(a) && isInteger(b)) return a.int < b.int;
  if (a?.kind === 'float' && b?.kind === 'float') return a.float < b.float;
  if (a?.kind === 'string' && b?.kind === 'string') return compareUtf8(a.text, b.text) < 0;
  if (a?.kind === b?.kind) throw new GoCallError(BAD_COMPARISON);
  throw new GoCallError(`incompatible types for comparison: ${a?.type.name} and ${b?.type.name}`);
}

const le = (args: Args): boolean => lt(args) || eq(args);

const comparison = (compare: (args: Args) => boolean): GoFunction =>
  goFunction([REFLECT_VALUE, REFLECT_VALUE], (args) => goBool(compare(args)));

// Texts

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};
/** text/template's HTMLEscapeString. */
const htmlEscape = (text: string): string => text.replace(/[\0"'&<>]/g, (char) => HTML_ESCAPES[char] ?? char);

const JS_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function jsEscape(text: string): string {
  return text.replace(/[\\'"<>&=]|[^\x20-\x7f]/gu, (rune) => {
    const escape = JS_ESCAPES[rune];
    if (escape !== undefined) return escape;
    const code = rune.codePointAt(0) ?? 0;
    if (code >= 0x80 && isPrintable(rune)) return rune;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

const isPrintable = (rune: string): boolean => goQuote(rune) === `"${rune}"`;

export function bounded(write: (out: BoundedText) => void): string {
  const out = new BoundedText(TEXT_LENGTH_MAX);
  write(out);
  return out.toString();
}

/** Pointers are printed as what they point to; nothing is printed as a template prints it. */
const printed = (args: Args): string =>
  bounded((out) =>
    sprint(
      out,
      args.map((arg) => (arg === null ? goString('<no value>') : arg.kind === 'pointer' ? indirect(arg).value : arg)),
    ),
  );

const texts = (make: (args: Args) => string): GoFunction => goVariadic([ANY], (args) => goString(make(args)));

export const BUILTINS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ['eq', goVariadic([REFLECT_VALUE, REFLECT_VALUE], (args) => goBool(eq(args)))],
  ['ne', comparison((args) => !eq(args))],
  ['lt', comparison(lt)],
  ['le', comparison(le)],
  ['gt', comparison((args) => !le(args))],
  ['ge', comparison((args) => !lt(args))],
  ['not', goFunction([REFLECT_VALUE], ([value]) => goBool(!isTrue(value ?? null)))],
  ['index', goVariadic([REFLECT_VALUE, REFLECT_VALUE], index)],
  ['slice', goVariadic([REFLECT_VALUE, REFLECT_VALUE], slice)],
  ['len', goFunction([REFLECT_VALUE], len)],
  ['print', texts((args) => bounded((out) => sprint(out, args)))],
  ['println', texts((args) => bounded((out) => sprintln(out, args)))],
  [
    'printf',
    goVariadic([STRING, ANY], ([format, ...args]) =>
      goString(bounded((out) => sprintf(out, format?.kind === 'string' ? format.text : '', args))),
    ),
  ],
  ['html', texts((args) => htmlEscape(printed(args)))],
  ['js', texts((args) => jsEscape(printed(args)))],
  ['urlquery', texts((args) => queryEscape(printed(args)))],
]);

/** Names that the parser accepts although the executor answers them. */
export const isBuiltin = (name: string): boolean => name === 'and' || name === 'or' || name === 'call' || BUILTINS.has(name);
