/**
 * Go's strconv.ParseInt with base 0, then ParseFloat: a number as Prometheus reads it. A leading 0 means octal, as far
 * as the digits are octal; underscores may separate digits. Hexadecimal floats are left out: PromQL's lexer takes none.
 */
import { parseGoFloat } from './parse-float.ts';

const INTEGER = /^[+-]?(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0(?:_?[0-7])*|[1-9]\d*(?:_\d+)*)$/;
/** An underscore stands between digits. */
const SEPARATED = /^(?:[^_]|(?<=\d)_(?=\d))*$/;
const INT64_MAX = 2n ** 63n - 1n;

/** The number, or Go's error text. */
export function parseGoNumber(text: string): number | { readonly error: string } {
  const integer = INTEGER.test(text) ? int64(text.replaceAll('_', '')) : null;
  if (integer !== null) return integer;
  return parseGoFloat(SEPARATED.test(text) ? text.replaceAll('_', '') : text, text);
}

/** Null where the integer has more than 64 bits. */
function int64(text: string): number | null {
  const isNegative = text.startsWith('-');
  const [, hex, octal, decimal] = PARTS.exec(text) ?? [];
  const digits = hex ?? octal ?? decimal ?? '0';
  if (digits.length > 22) return null; // longer than any, and BigInt would be slow on a very long one
  const magnitude = BigInt(hex !== undefined ? `0x${digits}` : octal !== undefined ? `0o${digits}` : digits);
  if (magnitude > (isNegative ? INT64_MAX + 1n : INT64_MAX)) return null;
  return Number(isNegative ? -magnitude : magnitude);
}

/** Digits without leading zeros, by base. */
const PARTS = /^[+-]?(?:0[xX]0*([0-9a-fA-F]+)|0+([0-7]+)|(\d+))$/;
