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

  /** Writes again what stands at `from`, `length` bytes. */
  repeat(from: number, length: number): void {
    this.#reserve(length);
    const bytes = this.#bytes;
    const to = this.#length;
    for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i]!;
    this.#length = to + length;
  }

  /** Decimal digits of a whole number of at most 2^53. */
  integer(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    let rest = value;
    if (rest < 0) {
      this.#bytes[this.#length++] = 0x2d;
      rest = -rest;
    }
    if (rest < 1e4) {
      QUAD_WORDS[4] = QUADS[rest]!;
      this.#putDigits(rest < 10 ? 19 : rest < 100 ? 18 : rest < 1000 ? 17 : 16, DIGITS_END);
      return;
    }
    const upper = Math.floor(rest / 1e8);
    spreadDigits(upper, rest - upper * 1e8);
    let from = DIGITS_FROM;
    while (DIGITS[from] === 0x30) from++; // there is a digit that is not 0
    this.#putDigits(from, DIGITS_END);
  }

  /** A whole number of thousandths, of at most 2^53, in units; with three places unless it is whole: milliseconds as seconds. */
  thousandths(value: number): void {
    const magnitude = Math.abs(value);
    const whole = Math.floor(magnitude / 1000);
    if (whole * 1000 === magnitude) {
      this.integer(value < 0 ? -whole : whole);
      return;
    }
    this.#reserve(NUMBER_BYTES_MAX);
    if (value < 0) this.#bytes[this.#length++] = 0x2d;
    const upper = Math.floor(magnitude / 1e8);
    spreadDigits(upper, magnitude - upper * 1e8);
    const point = DIGITS_END - 3;
    let from = DIGITS_FROM;
    while (from < point - 1 && DIGITS[from] === 0x30) from++;
    this.#putDigits(from, point);
    this.#bytes[this.#length++] = 0x2e;
    this.#putDigits(point, DIGITS_END);
  }

  /**
   * A finite number as String(value) has it: the shortest digits that are read back as the same number, and of those
   * the nearest. Scaled to seventeen digits before the point, exactly, as a sum of two floats, it is rounded to fifteen
   * or sixteen where that stays within half a unit of the number's last place. What this cannot decide, or what has an
   * exponent, is left to String.
   */
  number(value: number): void {
    const magnitude = Math.abs(value);
    if (Math.floor(magnitude) === magnitude && magnitude <= Number.MAX_SAFE_INTEGER) {
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
    this.#reserve(NUMBER_BYTES_MAX);
    const bytes = this.#bytes;
    if (isNegative) bytes[this.#length++] = 0x2d;
    spreadDigits(upper, lower);
    let end = DIGITS_FROM + digits;
    while (DIGITS[end - 1] === 0x30) end--; // there is a digit that is not 0
    if (exponent < 0) {
      bytes[this.#length++] = 0x30;
      bytes[this.#length++] = 0x2e;
      for (let i = -1; i > exponent; i--) bytes[this.#length++] = 0x30;
      this.#putDigits(DIGITS_FROM, end);
      return;
    }
    const point = DIGITS_FROM + exponent + 1;
    this.#putDigits(DIGITS_FROM, point);
    if (end <= point) return;
    bytes[this.#length++] = 0x2e;
    this.#putDigits(point, end);
  }

  /** Digits [from, to) of those spread out; room was made. */
  #putDigits(from: number, to: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = from; i < to; i++) bytes[at++] = DIGITS[i]!;
    this.#length = at;
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
/** A sign, "0." with five zeros, seventeen digits and a point are fewer. */
const NUMBER_BYTES_MAX = 32;
/** Up to seventeen digits, spread out before they are written: 17 digits at the end of twenty, four to a word. */
const QUAD_WORDS = new Uint32Array(5);
const DIGITS = new Uint8Array(QUAD_WORDS.buffer);
const DIGITS_FROM = 3;
const DIGITS_END = 20;
/** "0000" "0001" … "9999", each as one word of this machine. */
const QUADS = new Uint32Array(Uint8Array.from({ length: 40_000 }, (_, i) => 0x30 + (Math.floor(i / 4 / 10 ** (3 - (i % 4))) % 10)).buffer);

/** `upper` below 10^9, `lower` below 10^8. */
function spreadDigits(upper: number, lower: number): void {
  const first = (upper / 1e8) | 0;
  const upper8 = (upper - first * 1e8) | 0;
  const upperQuad = (upper8 / 1e4) | 0;
  const lowerQuad = ((lower | 0) / 1e4) | 0;
  QUAD_WORDS[0] = QUADS[first]!;
  QUAD_WORDS[1] = QUADS[upperQuad]!;
  QUAD_WORDS[2] = QUADS[upper8 - upperQuad * 1e4]!;
  QUAD_WORDS[3] = QUADS[lowerQuad]!;
  QUAD_WORDS[4] = QUADS[(lower | 0) - lowerQuad * 1e4]!;
}

/** Half a unit in the last place of floats from 2^-20 on. */
const HALVES = Float64Array.from({ length: 70 }, (_, i) => 2 ** (i - 20 - 53));
const SPLITTER = 2 ** 27 + 1;
const FLOAT = new Float64Array(1);
const FLOAT_WORDS = new Uint32Array(FLOAT.buffer);
