/**
 * Decimal numbers in byte arrays. FloatReader reads the usual ones (below 2^53 and 22 decimal places, where one
 * multiplication or division of exact doubles rounds correctly: Clinger 1990); parseGoFloat takes all that Go's
 * strconv.ParseFloat takes but hexadecimal.
 * Hot path: FloatReader.read runs once per scraped sample and allocates nothing.
 */
import { goQuote } from './go-quote.ts';

export class FloatReader {
  /** Of the last successful read. */
  value = 0;

  /** Reads the number that starts at `from`; returns where it ends, or -1 when it is none or not of the usual kind. */
  read(bytes: Uint8Array, from: number): number {
    let i = from;
    let byte = bytes[i] as number;
    const negative = byte === 0x2d;
    if (negative || byte === 0x2b) byte = bytes[++i] as number;
    let mantissa = 0;
    let digitsFrom = i;
    while (byte >= 0x30 && byte <= 0x39) {
      mantissa = mantissa * 10 + (byte - 0x30);
      byte = bytes[++i] as number;
    }
    let digits = i - digitsFrom;
    let exponent = 0;
    if (byte === 0x2e) {
      byte = bytes[++i] as number;
      digitsFrom = i;
      while (byte >= 0x30 && byte <= 0x39) {
        mantissa = mantissa * 10 + (byte - 0x30);
        byte = bytes[++i] as number;
      }
      digits += i - digitsFrom;
      exponent = digitsFrom - i;
    }
    if (digits === 0 || mantissa >= 0x20_0000_0000_0000) return -1;
    if (byte === 0x65 || byte === 0x45) {
      byte = bytes[++i] as number;
      const down = byte === 0x2d;
      if (down || byte === 0x2b) byte = bytes[++i] as number;
      digitsFrom = i;
      let power = 0;
      while (byte >= 0x30 && byte <= 0x39) {
        power = power * 10 + (byte - 0x30);
        byte = bytes[++i] as number;
      }
      if (i === digitsFrom) return -1;
      exponent += down ? -power : power;
    }
    if (exponent < 0) {
      if (exponent < -22) return -1;
      mantissa /= POWERS[-exponent] as number;
    } else if (exponent > 0) {
      if (exponent > 22) return -1;
      mantissa *= POWERS[exponent] as number;
    }
    this.value = negative ? -mantissa : mantissa;
    return i;
  }
}

const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** The number, or Go's error text, which quotes it as it was `written`. */
export function parseGoFloat(text: string, written = text): number | { readonly error: string } {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : { error: `strconv.ParseFloat: parsing ${goQuote(written)}: value out of range` };
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return { error: `strconv.ParseFloat: parsing ${goQuote(written)}: invalid syntax` };
}
