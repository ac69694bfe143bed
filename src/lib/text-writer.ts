/**
 * Text and decimal numbers written as bytes into one growing buffer; ByteWriter is its binary sibling.
 * Hot path: large answers are written number by number; no strings are made or joined on the way.
 */
import { HIGH_WORD } from './float-bits.ts';

export class TextWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What has been written, given away: the writer is not to be used any more. */
  finish(): Uint8Array<ArrayBuffer> {
    const isWasteful = this.#length < this.#bytes.length / 2;
    return isWasteful ? this.#bytes.slice(0, this.#length) : this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** ASCII only. */
  ascii(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const bytes = this.#bytes;
    const from = this.#length;
    for (let i = 0; i < length; i++) bytes[from + i] = text.charCodeAt(i);
    this.#length += length;
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** As JSON. */
  string(text: string): void {
    const { length } = text;
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    const from = this.#length;
    bytes[from] = 0x22;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) {
        this.utf8(JSON.stringify(text));
        return;
      }
      bytes[from + 1 + i] = code;
    }
    bytes[from + 1 + length] = 0x22;
    this.#length = from + length + 2;
  }

  /** Decimal digits of a whole number of at most 2^53. */
  integer(value: number): void {
    let rest = value;
    if (rest < 0) {
      this.byte(0x2d);
      rest = -rest;
    }
    this.#reserve(17);
    if (rest < 1e9) {
      this.#length += this.#putDigits(rest | 0, digitsOf(rest));
      return;
    }
    const upper = Math.floor(rest / 1e8);
    this.#length += this.#putDigits(upper, digitsOf(upper));
    this.#length += this.#putDigits(rest - upper * 1e8, 8);
  }

  /**
   * A finite number as String(value) has it: the shortest digits that are read back as the same number, and of those
   * the nearest. Scaled to seventeen digits before the point, exactly, as a sum of two floats, it is rounded to fifteen
   * or sixteen where that stays within half a unit of the number's last place. What this cannot decide, or what has an
   * exponent, is left to String.
   */
  number(value: number): void {
    const magnitude = Math.abs(value);
    if (magnitude <= Number.MAX_SAFE_INTEGER && Math.floor(magnitude) === magnitude) {
      this.integer(value);
      return;
    }
    if (!(magnitude >= 1e-6 && magnitude < 1e15)) {
      this.ascii(String(value));
      return;
    }
    FLOAT[0] = magnitude;
    const high = FLOAT_WORDS[HIGH_WORD]!;
    const binary = (high >>> 20) - 1023;
    // Decimal exponent: d.ddd × 10^exponent.
    let exponent = Math.floor(binary * 0.30103);
    if (magnitude >= POWERS[exponent + 7]!) exponent++;
    const power = POWERS[22 - exponent]!; // 10^(16 - exponent), which is a float
    // The product is exactly product + error (Dekker).
    const product = magnitude * power;
    const split = magnitude * SPLITTER;
    const upperHalf = split - (split - magnitude);
    const lowerHalf = magnitude - upperHalf;
    const powerSplit = power * SPLITTER;
    const powerUpper = powerSplit - (powerSplit - power);
    const powerLower = power - powerUpper;
    const error = lowerHalf * powerLower - (product - upperHalf * powerUpper - lowerHalf * powerUpper - upperHalf * powerLower);

    const whole = Math.round(error);
    const fraction = error - whole;
    let upper = Math.floor(product / 1e8) | 0;
    let lower = (product - upper * 1e8 + whole) | 0;
    if (lower < 0) {
      upper--;
      lower += 1e8;
    } else if (lower >= 1e8) {
      upper++;
      lower -= 1e8;
    }
    // Half the distance to the neighbouring floats, in units of the seventeenth digit.
    const half = HALVES[binary + 20]! * power;
    const isPowerOfTwo = (high & 0xfffff) === 0;
    const rest100 = lower % 100;
    const rest10 = lower % 10;
    const above100 = rest100 + fraction;
    const above10 = rest10 + fraction;
    const off100 = Math.min(above100, 100 - above100);
    const off10 = Math.min(above10, 10 - above10);
    let dropped: number;
    if (off100 < half) {
      lower += above100 < 50 ? -rest100 : 100 - rest100;
      dropped = 2;
    } else if (off10 < half) {
      lower += above10 < 5 ? -rest10 : 10 - rest10;
      dropped = 1;
    } else dropped = 0;
    if (lower >= 1e8) {
      upper++;
      lower -= 1e8;
    }
    const isUndecided = off100 === half || off10 === half || above10 === 5 || fraction === 0.5 || fraction === -0.5;
    if (isPowerOfTwo || isUndecided || upper >= 1e9 || upper < 1e8) {
      this.ascii(String(value));
      return;
    }
    this.#putDecimal(value < 0, upper, lower, 17 - dropped, exponent);
  }

  /** The first `digits` of the seventeen in upper and lower, without zeros at the end; the point after exponent + 1. */
  #putDecimal(isNegative: boolean, upper: number, lower: number, digits: number, exponent: number): void {
    this.#reserve(32);
    if (isNegative) this.#bytes[this.#length++] = 0x2d;
    const bytes = this.#bytes;
    if (exponent < 0) {
      bytes[this.#length++] = 0x30;
      bytes[this.#length++] = 0x2e;
      for (let i = -1; i > exponent; i--) bytes[this.#length++] = 0x30;
    }
    // With room for the point in front, so that only the digits before it must move.
    const from = exponent < 0 ? this.#length : this.#length + 1;
    this.#length = from;
    this.#putDigits(upper, 9);
    this.#length += 9;
    this.#putDigits(lower, 8);
    let end = from + digits;
    const point = from + exponent;
    while (bytes[end - 1] === 0x30) end--; // there is a digit that is not 0
    if (exponent >= 0) {
      for (let i = from; i <= point; i++) bytes[i - 1] = bytes[i]!;
      if (end > point + 1) bytes[point] = 0x2e;
      else end = point;
    }
    this.#length = end;
  }

  /** Exactly `count` digits at the end of what is written; room was made. Returns `count`. */
  #putDigits(value: number, count: number): number {
    const bytes = this.#bytes;
    let rest = value | 0;
    let at = this.#length + count;
    let left = count;
    for (; left >= 2; left -= 2) {
      const next = (rest / 100) | 0;
      const pair = (rest - next * 100) * 2;
      bytes[--at] = PAIRS[pair + 1]!;
      bytes[--at] = PAIRS[pair]!;
      rest = next;
    }
    if (left > 0) bytes[--at] = 0x30 + rest;
    return count;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const encoder = new TextEncoder();

/** 10^-6 … 10^22; from index 6 on they are exact. */
const POWERS = Float64Array.from({ length: 29 }, (_, i) => Number(`1e${i - 6}`));
/** "00" "01" … "99" */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => 0x30 + (i % 2 === 0 ? Math.floor(i / 20) : (i >>> 1) % 10));
/** Half a unit in the last place of floats from 2^-20 on. */
const HALVES = Float64Array.from({ length: 70 }, (_, i) => 2 ** (i - 20 - 53));
const SPLITTER = 2 ** 27 + 1;
const FLOAT = new Float64Array(1);
const FLOAT_WORDS = new Uint32Array(FLOAT.buffer);

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
