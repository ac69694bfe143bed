/**
 * Go's fmt: Sprint, Sprintln and Sprintf over GoValues, verbs %v %+v %#v %T %t %d %b %o %O %x %X %c %q %U %e %E %f %F
 * %g %G %s %p with flags, width, precision, * and argument indexes, and Go's own %!verb(type=value) texts for mistakes.
 * Addresses (%p, pointers inside containers) print as 0xc000000000: there are none here.
 */
import { type BoundedText } from './bounded-text.ts';
import { goQuote } from './go-quote.ts';
import { canBackquote, type FloatVerb, formatFloat, formatFloatBinary } from './go-strconv.ts';
import { asElement, type GoType, type GoValue, indirectInterface, stringerText } from './go-value.ts';
import { firstRunes, runeCount } from './runes.ts';
import { encodeUtf8 } from './utf8-bytes.ts';
import { compareUtf8 } from './utf8-order.ts';

type Arg = GoValue | null;

/** Values as %v, a space between two neighbours neither of which is a string. */
export function sprint(out: BoundedText, args: readonly Arg[]): void {
  let previousIsString = true;
  for (const arg of args.map(indirectInterface)) {
    const isString = arg?.kind === 'string';
    if (!isString && !previousIsString) out.append(' ');
    new Printer(out).printArg(arg, 'v');
    previousIsString = isString;
  }
}

/** Values as %v, always a space between them, and a newline. */
export function sprintln(out: BoundedText, args: readonly Arg[]): void {
  args.forEach((arg, i) => {
    if (i > 0) out.append(' ');
    new Printer(out).printArg(indirectInterface(arg), 'v');
  });
  out.append('\n');
}

/** Widths and precisions above this are errors in Go, too. */
const NUMBER_MAX = 1_000_000;
const ADDRESS = 0xc000000000n;
const NESTING_MAX = 100;

export function sprintf(out: BoundedText, format: string, rawArgs: readonly Arg[]): void {
  const args = rawArgs.map(indirectInterface);
  const end = format.length;
  let argIndex = 0;
  let reordered = false;
  let at = 0;

  /** `[n]` at the current place: moves argIndex there. */
  const argumentIndex = (): 'none' | 'good' | 'bad' => {
    if (format.charAt(at) !== '[') return 'none';
    reordered = true;
    const close = format.indexOf(']', at);
    if (close < 0 || end - at < 3) {
      at += 1;
      return 'bad';
    }
    const digits = format.slice(at + 1, close);
    at = close + 1;
    const index = /^\d+$/.test(digits) ? Number(digits) - 1 : -1;
    if (index < 0 || index >= args.length) return 'bad';
    argIndex = index;
    return 'good';
  };
  const number = (): number | null => {
    const digits = /^\d*/.exec(format.slice(at, at + 8))?.[0] ?? '';
    if (digits === '') return null;
    const value = Number(digits);
    if (value > NUMBER_MAX) {
      at = end;
      return null;
    }
    at += digits.length;
    return value;
  };
  const star = (): number | null => {
    const arg = args[argIndex];
    if (argIndex < args.length) argIndex++;
    if (arg?.kind !== 'int' && arg?.kind !== 'uint') return null;
    return arg.int > NUMBER_MAX || arg.int < -NUMBER_MAX ? null : Number(arg.int);
  };

  while (at < end) {
    const percent = format.indexOf('%', at);
    if (percent < 0) {
      out.append(format.slice(at));
      break;
    }
    out.append(format.slice(at, percent));
    at = percent + 1;
    const printer = new Printer(out);
    for (let flag = format.charAt(at); flag !== '' && '#0+- '.includes(flag); flag = format.charAt(++at)) printer.flag(flag);
    let good = true;
    let index = argumentIndex();
    if (index === 'bad') good = false;
    if (format.charAt(at) === '*') {
      at++;
      const width = star();
      if (width === null) out.append('%!(BADWIDTH)');
      else printer.setWidth(width);
      index = 'none';
    } else {
      const width = number();
      if (width !== null) {
        printer.setWidth(width);
        if (index !== 'none') good = false;
      }
    }
    if (at + 1 < end && format.charAt(at) === '.') {
      at++;
      if (index !== 'none') good = false;
      index = argumentIndex();
      if (index === 'bad') good = false;
      if (format.charAt(at) === '*') {
        at++;
        const precision = star();
        if (precision === null || precision < 0) {
          if (precision === null || precision < 0) out.append('%!(BADPREC)');
        } else printer.precision = precision;
        index = 'none';
      } else printer.precision = number() ?? 0;
    }
    if (index === 'none' && argumentIndex() === 'bad') good = false;
    if (at >= end) {
      out.append('%!(NOVERB)');
      break;
    }
    const verb = String.fromCodePoint(format.codePointAt(at) ?? 0xfffd);
    at += verb.length;
    if (verb === '%') out.append('%');
    else if (!good) out.append(`%!${verb}(BADINDEX)`);
    else if (argIndex >= args.length) out.append(`%!${verb}(MISSING)`);
    else {
      if (verb === 'v') printer.becomeGoSyntax();
      printer.printArg(args[argIndex] ?? null, verb);
      argIndex++;
    }
  }
  if (reordered || argIndex >= args.length) return;
  out.append('%!(EXTRA ');
  args.slice(argIndex).forEach((arg, i) => {
    if (i > 0) out.append(', ');
    if (arg === null) out.append('<nil>');
    else {
      out.append(`${arg.type.name}=`);
      new Printer(out).printArg(arg, 'v');
    }
  });
  out.append(')');
}

/** A nil in a list or map is a nil of its element's type, which no verb is bad for. */
const elementOf = ({ element }: GoType, item: Arg): Arg => (item !== null || element === undefined ? item : asElement(element, item));

class Printer {
  readonly #out: BoundedText;
  #minus = false;
  #plus = false;
  #sharp = false;
  #space = false;
  #zero = false;
  #plusV = false;
  #sharpV = false;
  #width = 0;
  precision: number | null = null;

  constructor(out: BoundedText) {
    this.#out = out;
  }

  flag(letter: string): void {
    if (letter === '-') this.#minus = true;
    else if (letter === '+') this.#plus = true;
    else if (letter === '#') this.#sharp = true;
    else if (letter === ' ') this.#space = true;
    else this.#zero = true;
  }

  setWidth(width: number): void {
    this.#width = Math.abs(width);
    if (width < 0) this.#minus = true;
  }

  /** %#v and %+v mean another syntax, not the flags of numbers. */
  becomeGoSyntax(): void {
    this.#sharpV = this.#sharp;
    this.#plusV = this.#plus;
    this.#sharp = false;
    this.#plus = false;
  }

  printArg(arg: Arg, verb: string): void {
    if (arg === null) {
      if (verb === 'T' || verb === 'v') this.#pad('<nil>');
      else this.#badVerb(null, verb);
    } else if (verb === 'T') this.#text(arg.type.name);
    else if (verb === 'p') this.#pointer(arg, verb);
    else if (verb === 'w') this.#badVerb(arg, verb);
    else if (!this.#byMethod(arg, verb)) this.#value(arg, verb, 0);
  }

  #byMethod(value: GoValue, verb: string): boolean {
    if (this.#sharpV || !'vsxXq'.includes(verb)) return false;
    const text = stringerText(value);
    if (text === null) return false;
    this.#string(value, text, verb);
    return true;
  }

  #value(value: Arg, verb: string, depth: number): void {
    if (depth > NESTING_MAX) {
      this.#out.append('...');
      return;
    }
    if (value === null) {
      if (verb === 'v') this.#out.append('<nil>');
      else this.#badVerb(null, verb);
      return;
    }
    if (depth > 0 && this.#byMethod(value, verb)) return;
    switch (value.kind) {
      case 'bool':
        if (verb === 't' || verb === 'v') this.#pad(String(value.bool));
        else this.#badVerb(value, verb);
        return;
      case 'int':
      case 'uint':
        this.#integer(value, verb);
        return;
      case 'float':
        this.#float(value, value.float, verb);
        return;
      case 'complex': {
        if (!FLOAT_VERBS.has(verb)) {
          this.#badVerb(value, verb);
          return;
        }
        const plus = this.#plus;
        this.#out.append('(');
        this.#float(value, value.re, verb);
        this.#plus = true;
        this.#float(value, value.im, verb);
        this.#plus = plus;
        this.#out.append('i)');
        return;
      }
      case 'string':
        this.#string(value, value.text, verb);
        return;
      case 'interface':
        if (value.value === null) this.#out.append(this.#sharpV ? `${value.type.name}(nil)` : '<nil>');
        else this.#value(value.value, verb, depth + 1);
        return;
      case 'map': {
        const keys = [...(value.entries?.keys() ?? [])].sort(compareUtf8);
        if (this.#sharpV && value.entries === null) {
          this.#out.append(`${value.type.name}(nil)`);
          return;
        }
        this.#list(
          this.#sharpV ? `${value.type.name}{` : 'map[',
          keys.map((key) => () => {
            this.#string(value, key, verb);
            this.#out.append(':');
            this.#value(elementOf(value.type, value.entries?.get(key) ?? null), verb, depth + 1);
          }),
          this.#sharpV ? '}' : ']',
        );
        return;
      }
      case 'slice':
        if (this.#sharpV && value.items === null) {
          this.#out.append(`${value.type.name}(nil)`);
          return;
        }
        this.#list(
          this.#sharpV ? `${value.type.name}{` : '[',
          (value.items ?? []).map((item) => () => this.#value(elementOf(value.type, item), verb, depth + 1)),
          this.#sharpV ? '}' : ']',
        );
        return;
      case 'struct':
        this.#list(
          this.#sharpV ? `${value.type.name}{` : '{',
          value.fields.map((field, i) => () => {
            if (this.#sharpV || this.#plusV) this.#out.append(`${value.type.fields?.[i]?.name ?? ''}:`);
            this.#value(field?.kind === 'interface' && field.value !== null ? field.value : field, verb, depth + 1);
          }),
          '}',
        );
        return;
      case 'pointer':
        if (depth === 0 && value.to !== null && (value.to.kind === 'slice' || value.to.kind === 'struct' || value.to.kind === 'map')) {
          this.#out.append('&');
          this.#value(value.to, verb, depth + 1);
        } else this.#pointer(value, verb);
    }
  }

  #list(open: string, items: readonly (() => void)[], close: string): void {
    this.#out.append(open);
    items.forEach((print, i) => {
      if (i > 0) this.#out.append(this.#sharpV ? ', ' : ' ');
      print();
    });
    this.#out.append(close);
  }

  #string(value: GoValue, text: string, verb: string): void {
    switch (verb) {
      case 'v':
        if (this.#sharpV) this.#quoted(text);
        else this.#text(text);
        return;
      case 's':
        this.#text(text);
        return;
      case 'q':
        this.#quoted(text);
        return;
      case 'x':
      case 'X':
        this.#hexadecimalText(text, verb);
        return;
      default:
        this.#badVerb(value, verb);
    }
  }

  #text(text: string): void {
    this.#pad(this.#truncated(text));
  }

  #truncated(text: string): string {
    return this.precision === null ? text : firstRunes(text, this.precision);
  }

  #quoted(untruncated: string): void {
    const text = this.#truncated(untruncated);
    if (this.#sharp && canBackquote(text)) this.#pad(`\`${text}\``);
    else this.#pad(this.#plus ? asciiOnly(goQuote(text)) : goQuote(text));
  }

  #hexadecimalText(text: string, verb: 'x' | 'X'): void {
    const bytes = encodeUtf8(text);
    const prefix = this.#sharp ? `0${verb}` : '';
    const digits = [...bytes.subarray(0, this.precision ?? bytes.length)].map((byte) => byte.toString(16).padStart(2, '0'));
    const cased = verb === 'X' ? digits.map((pair) => pair.toUpperCase()) : digits;
    if (cased.length === 0) this.#pad('');
    else this.#pad(this.#space ? cased.map((pair) => prefix + pair).join(' ') : prefix + cased.join(''));
  }

  #integer(value: Extract<GoValue, { int: bigint }>, verb: string): void {
    switch (verb) {
      case 'v':
        if (this.#sharpV && value.kind === 'uint') this.#pad(`0x${value.int.toString(16)}`);
        else this.#digits(value.int, 10, '');
        return;
      case 'd':
        this.#digits(value.int, 10, '');
        return;
      case 'b':
        this.#digits(value.int, 2, this.#sharp ? '0b' : '');
        return;
      case 'o':
        this.#digits(value.int, 8, this.#sharp ? '0' : '');
        return;
      case 'O':
        this.#digits(value.int, 8, '0o');
        return;
      case 'x':
        this.#digits(value.int, 16, this.#sharp ? '0x' : '');
        return;
      case 'X':
        this.#digits(value.int, 16, this.#sharp ? '0X' : '', true);
        return;
      case 'c':
        this.#pad(runeText(value.int));
        return;
      case 'q': {
        const quoted = runeQuoted(runeText(value.int));
        this.#pad(this.#plus ? asciiOnly(quoted) : quoted);
        return;
      }
      case 'U': {
        const digits = BigInt.asUintN(64, value.int)
          .toString(16)
          .toUpperCase()
          .padStart(Math.max(4, this.precision ?? 0), '0');
        const rune = runeText(value.int);
        const isPrintable =
          this.#sharp && value.int >= 0n && value.int <= 0x10ffffn && (goQuote(rune) === `"${rune}"` || /["\\]/.test(rune));
        this.#pad(`U+${digits}${isPrintable ? ` '${rune}'` : ''}`, false);
        return;
      }
      default:
        this.#badVerb(value, verb);
    }
  }

  #digits(int: bigint, base: number, prefix: string, inCapitals = false): void {
    if (this.precision === 0 && int === 0n) {
      this.#pad('', false);
      return;
    }
    const negative = int < 0n;
    const sign = negative ? '-' : this.#plus ? '+' : this.#space ? ' ' : '';
    let digits = (negative ? -int : int).toString(base);
    if (inCapitals) digits = digits.toUpperCase();
    if (this.precision !== null) digits = digits.padStart(this.precision, '0');
    else if (this.#zero && !this.#minus) digits = digits.padStart(this.#width - sign.length, '0');
    const octalHasZero = prefix === '0' && digits.startsWith('0');
    this.#pad(sign + (octalHasZero ? '' : prefix) + digits, false);
  }

  #float(value: GoValue, float: number, verb: string): void {
    const explicit = this.precision;
    const format = FLOAT_VERBS.get(verb);
    if (format === undefined) {
      this.#badVerb(value, verb);
      return;
    }
    const text = format.verb === 'b' ? formatFloatBinary(float) : formatFloat(float, format.verb, explicit ?? format.precision);
    let sign = /^[+-]/.exec(text)?.[0] ?? '';
    let body = text.slice(sign.length);
    if (sign !== '-') sign = this.#plus ? '+' : this.#space ? ' ' : sign === '+' ? '+' : '';
    if (body === 'Inf' || body === 'NaN') {
      this.#pad(body === 'Inf' && sign === '' ? `+${body}` : sign + body, false);
      return;
    }
    if (this.#sharp && verb !== 'b') body = withPoint(body, verb, explicit);
    if (this.#zero && !this.#minus) body = body.padStart(this.#width - sign.length, '0');
    this.#pad(sign + body, false);
  }

  #pointer(value: GoValue, verb: string): void {
    const isNil =
      (value.kind === 'pointer' && value.to === null) ||
      (value.kind === 'slice' && value.items === null) ||
      (value.kind === 'map' && value.entries === null);
    if (value.kind !== 'pointer' && value.kind !== 'slice' && value.kind !== 'map') this.#badVerb(value, verb);
    else if (verb === 'v' && this.#sharpV) this.#out.append(`(${value.type.name})(${isNil ? 'nil' : `0x${ADDRESS.toString(16)}`})`);
    else if (verb === 'v' && isNil) this.#pad('<nil>');
    else if (verb === 'v' || verb === 'p') this.#pad((this.#sharp ? '' : '0x') + (isNil ? '0' : ADDRESS.toString(16)));
    else this.#badVerb(value, verb);
  }

  #badVerb(value: Arg, verb: string): void {
    this.#out.append(`%!${verb}(`);
    if (value === null) this.#out.append('<nil>');
    else {
      this.#out.append(`${value.type.name}=`);
      this.#withoutMethods(value);
    }
    this.#out.append(')');
  }

  /** Go prints the culprit with %v and the flags in force, without asking its methods. */
  #withoutMethods(value: GoValue): void {
    const bare: GoType = { ...value.type, methods: new Map() };
    this.#value({ ...value, type: bare }, 'v', 0);
  }

  #pad(text: string, zeros = this.#zero): void {
    // Counting runes is for the rare value that may need padding.
    const missing = this.#width === 0 ? 0 : this.#width - runeCount(text);
    if (missing <= 0) this.#out.append(text);
    else if (this.#minus) {
      this.#out.append(text);
      this.#out.repeat(' ', missing);
    } else {
      this.#out.repeat(zeros ? '0' : ' ', missing);
      this.#out.append(text);
    }
  }
}

/** How each verb formats a float, and its precision where none is given. */
const FLOAT_VERBS: ReadonlyMap<string, { readonly verb: FloatVerb | 'b'; readonly precision: number }> = new Map([
  ['v', { verb: 'g', precision: -1 }],
  ['g', { verb: 'g', precision: -1 }],
  ['G', { verb: 'G', precision: -1 }],
  ['x', { verb: 'x', precision: -1 }],
  ['X', { verb: 'X', precision: -1 }],
  ['b', { verb: 'b', precision: -1 }],
  ['e', { verb: 'e', precision: 6 }],
  ['E', { verb: 'E', precision: 6 }],
  ['f', { verb: 'f', precision: 6 }],
  ['F', { verb: 'f', precision: 6 }],
]);

/** The # flag of floats: always a point, and for %g the zeros that precision asks for. */
function withPoint(body: string, verb: string, precision: number | null): string {
  const isHexadecimal = verb === 'x' || verb === 'X';
  const tailAt = body.search(isHexadecimal ? /[pP]/ : /[eE]/);
  const mantissa = tailAt < 0 ? body : body.slice(0, tailAt);
  let missing = 0;
  if (verb !== 'e' && verb !== 'E' && verb !== 'f' && verb !== 'F') {
    const significant = mantissa
      .replace(/^0[xX]/, '')
      .replace('.', '')
      .replace(/^0+/, '').length;
    missing = (precision ?? 6) - (significant === 0 ? 1 : significant);
    if (isHexadecimal) missing = 0;
  }
  return mantissa + (mantissa.includes('.') ? '' : '.') + '0'.repeat(Math.max(0, missing)) + body.slice(mantissa.length);
}

const runeText = (int: bigint): string =>
  int < 0n || int > 0x10ffffn || (int >= 0xd800n && int <= 0xdfffn) ? '\ufffd' : String.fromCodePoint(Number(int));

function runeQuoted(text: string): string {
  if (text === "'") return "'\\''";
  if (text === '"') return `'"'`;
  return `'${goQuote(text).slice(1, -1)}'`;
}

const asciiOnly = (quoted: string): string =>
  [...quoted]
    .map((rune) => {
      const code = rune.codePointAt(0) ?? 0;
      if (code < 0x80) return rune;
      return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
    })
    .join('');
