/**
 * Go's strconv: numbers in Go's spelling, both ways, hexadecimal floats and underscores included. Formatting is exact (digits come from the
 * double's full decimal expansion, ties go to even), which toFixed and toExponential are not.
 */
import { goQuote } from './go-quote.ts';

/** As in FormatFloat: 'x' is hexadecimal with a binary exponent, capitals print capitals. Precision -1: the fewest digits that read back. */
export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X';

export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  const shortest = precision < 0;
  const number = shortest ? shortestDigits(magnitude) : exactDigits(magnitude);
  switch (verb) {
    case 'f': {
      const places = shortest ? Math.max(number.digits.length - number.point, 0) : precision;
      return sign + fixed(shortest ? number : rounded(number, number.point + precision), places);
    }
    case 'e':
    case 'E': {
      const digits = shortest ? number : rounded(number, precision + 1);
      return sign + scientific(digits, shortest ? Math.max(digits.digits.length - 1, 0) : precision, verb);
    }
    case 'g':
    case 'G': {
      const significant = precision === 0 ? 1 : precision;
      const digits = shortest ? number : rounded(number, significant);
      const count = digits.digits.length;
      let threshold = significant;
      if (threshold > count && count >= digits.point) threshold = count;
      if (shortest) threshold = 6;
      const exponent = digits.point - 1;
      if (exponent < -4 || exponent >= threshold) return sign + scientific(digits, Math.max(count - 1, 0), verb === 'g' ? 'e' : 'E');
      return sign + fixed(digits, Math.max(count - digits.point, 0));
    }
    case 'x':
      return sign + hexadecimal(magnitude, precision);
    case 'X':
      return sign + hexadecimal(magnitude, precision).toUpperCase();
  }
}

/** %b: the mantissa as an integer and the power of two, 4503599627370496p-52. */
export function formatFloatBinary(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value, 'g', -1);
  const { mantissa, exponent } = binaryParts(Math.abs(value));
  return `${value < 0 || Object.is(value, -0) ? '-' : ''}${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/** 0x1.8p+01, rounded half to even where a precision is given. */
function hexadecimal(magnitude: number, precision: number): string {
  let { mantissa, exponent } = binaryParts(magnitude);
  if (mantissa === 0n) exponent = 0;
  else {
    while (mantissa >> 52n === 0n) {
      mantissa <<= 1n;
      exponent--;
    }
    exponent += 52;
  }
  let digits = 13;
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    digits = precision;
    if (mantissa >> BigInt(4 * digits) > 1n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const text = mantissa.toString(16).padStart(digits + 1, '0');
  let fraction = text.slice(1);
  fraction = precision < 0 ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0');
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return `0x${text.charAt(0)}${fraction === '' ? '' : `.${fraction}`}p${power}`;
}

/** value = 0.digits × 10^point; digits without trailing zeros, '' with point 0 for zero. */
type Decimal = { readonly digits: string; readonly point: number };
const ZERO: Decimal = { digits: '', point: 0 };

function shortestDigits(magnitude: number): Decimal {
  if (magnitude === 0) return ZERO;
  const [mantissa = '', exponent = '0'] = magnitude.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

const scratch = new DataView(new ArrayBuffer(8));

/** magnitude = mantissa × 2^exponent */
function binaryParts(magnitude: number): { mantissa: bigint; exponent: number } {
  scratch.setFloat64(0, magnitude);
  const bits = scratch.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  return { mantissa: biased === 0 ? fraction : fraction | 0x10000000000000n, exponent: (biased === 0 ? 1 : biased) - 1075 };
}

function exactDigits(magnitude: number): Decimal {
  if (magnitude === 0) return ZERO;
  const { mantissa, exponent } = binaryParts(magnitude);
  const text = exponent >= 0 ? (mantissa << BigInt(exponent)).toString() : (mantissa * 5n ** BigInt(-exponent)).toString();
  const point = exponent >= 0 ? text.length : text.length + exponent;
  return { digits: text.replace(/0+$/, ''), point };
}

/** Keeps `count` digits, half to even; count may be negative (nothing is left) or beyond what is there. */
function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return ZERO;
  const kept = digits.slice(0, count);
  if (!roundsUp(digits, count)) return trimmed({ digits: kept, point });
  const grown = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  return trimmed({ digits: grown, point: point + grown.length - count });
}

function roundsUp(digits: string, count: number): boolean {
  const next = digits.charCodeAt(count) - 48;
  if (next !== 5 || digits.length > count + 1) return next >= 5;
  return count > 0 && (digits.charCodeAt(count - 1) - 48) % 2 === 1;
}

function trimmed({ digits, point }: Decimal): Decimal {
  const rest = digits.replace(/0+$/, '');
  return rest === '' ? ZERO : { digits: rest, point };
}

function fixed({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places === 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, places)) + digits;
  return `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function scientific({ digits, point }: Decimal, places: number, letter: 'e' | 'E'): string {
  const exponent = digits === '' ? 0 : point - 1;
  const first = digits.charAt(0) || '0';
  const rest = places === 0 ? '' : `.${digits.slice(1, places + 1).padEnd(places, '0')}`;
  return `${first}${rest}${letter}${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** strconv.NumError's text, such as `strconv.ParseFloat: parsing "one": invalid syntax`. */
export type NumberError = { readonly error: string };

const DECIMAL = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?\d[\d_]*)$/;

/** ParseFloat(text, 64). */
export function parseFloat64(text: string): number | NumberError {
  const special = /^[+-]?(?:inf|infinity)$/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : null;
  if (special !== null) return special;
  if (/^nan$/i.test(text)) return Number.NaN;
  let value: number | null = null;
  if (DECIMAL.test(text)) value = Number(text.replaceAll('_', ''));
  else value = hexadecimalFloat(text);
  if (value === null) return { error: `strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax` };
  if (!Number.isFinite(value)) return { error: `strconv.ParseFloat: parsing ${goQuote(text)}: value out of range` };
  return value;
}

/** Underscores are allowed between digits, as base 0 literals have them. */
function hexadecimalFloat(text: string): number | null {
  const match = HEXADECIMAL.exec(text);
  if (match === null || !underscoresFit(text)) return null;
  const whole = (match[2] ?? '').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  if (whole + fraction === '') return null;
  const exponent = Math.max(-5000, Math.min(5000, Number((match[4] ?? '').replaceAll('_', '')))) - 4 * fraction.length;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const magnitude = scaledByPowerOfTwo(mantissa, exponent);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** mantissa × 2^exponent, rounded once, half to even. */
function scaledByPowerOfTwo(mantissa: bigint, exponent: number): number {
  if (exponent >= 0) return Number(mantissa << BigInt(Math.min(exponent, 5000)));
  const length = mantissa.toString(2).length;
  // Bits below the last one that a double of this size can hold; subnormals hold fewer.
  const lowest = Math.max(length + exponent - 53, -1074);
  const drop = lowest - exponent;
  if (drop <= 0) return Number(mantissa) * 2 ** Math.max(exponent, -1022) * 2 ** Math.min(0, exponent + 1022);
  const half = 1n << BigInt(drop - 1);
  const rest = mantissa & ((1n << BigInt(drop)) - 1n);
  let kept = mantissa >> BigInt(drop);
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  return Number(kept) * 2 ** Math.max(lowest, -1022) * 2 ** Math.min(0, lowest + 1022);
}

const INTEGER = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/;

/** Base 0: 0x, 0o, 0b and a leading 0 choose the base; underscores separate digits. Null where it is no integer. */
export function parseInteger(text: string): bigint | null {
  const match = INTEGER.exec(text);
  if (match === null || !underscoresFit(text)) return null;
  const digits = (match[2] ?? '').replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** Underscores stand only between digits or between the base's prefix and a digit. */
const underscoresFit = (text: string): boolean =>
  !text.includes('_') ||
  /^[+-]?(?:0[xXbBoO])?[0-9a-fA-F]*(?:_[0-9a-fA-F]+)*(?:\.(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?)?(?:[pP][+-]?\d+(?:_\d+)*)?$/.test(text);

/** strconv.CanBackquote: one line without control characters other than a tab, and no backquote, and well-formed. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const canBackquote = (text: string): boolean => !/[\x00-\x08\x0a-\x1f\x7f`\ufeff]|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
