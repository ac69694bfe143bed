/**
 * Text and decimal numbers written as bytes into one growing buffer; ByteWriter is its binary sibling.
 * Hot path: large answers are written number by number; no strings are made or joined on the way.
 */
import { HIGH_WORD } from './float-bits.ts';
import { jsonText } from './json-text.ts';

export class TextWriter {
  #capacity: number;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Of the same bytes: digits are written four at a time, wherever they begin. */
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
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
        this.utf8(jsonText(text));
        return;
      }
      bytes[from + 1 + i] = code;
    }
    bytes[from + 1 + length] = 0x22;
    this.#length = from + length + 2;
  }

  /** Writes again what stands at `from`, `length` bytes. */
  repeat(from: number, length: number): void {
    this.#reserve(length + 3);
    const view = this.#view;
    const to = this.#length;
    for (let i = 0; i < length; i += 4) view.setInt32(to + i, view.getInt32(from + i, true), true);
    this.#length = to + length;
  }

  /** Decimal digits of a whole number of at most 2^53. */
  integer(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    const view = this.#view;
    let at = this.#length;
    if (value < 0) view.setInt8(at++, 0x2d);
    this.#length = putWhole(view, at, Math.abs(value));
  }

  /** A whole number of thousandths, of at most 2^53, in units; with three places unless it is whole: milliseconds as seconds. */
  thousandths(value: number): void {
    const magnitude = Math.abs(value);
    const whole = Math.floor(magnitude / 1000);
    const places = magnitude - whole * 1000;
    this.#reserve(NUMBER_BYTES_MAX);
    const view = this.#view;
    let at = this.#length;
    if (value < 0) view.setInt8(at++, 0x2d);
    at = putWhole(view, at, whole);
    if (places > 0) {
      view.setInt32(at, QUADS[places]!, true);
      view.setInt8(at, 0x2e); // instead of a 0
      at += 4;
    }
    this.#length = at;
  }

  /**
   * A finite number as String(value) has it: the shortest digits that are read back as the same number, and of those
   * the nearest.
   */
  number(value: number): void {
    const magnitude = Math.abs(value);
    if (Math.floor(magnitude) === magnitude && magnitude <= Number.MAX_SAFE_INTEGER) this.integer(value);
    else if (magnitude >= 1e-6 && magnitude < 1e15) {
      FRACTION[0] = value; // as an argument it would become an object on the heap
      this.#fraction();
    } else this.ascii(String(value));
  }

  /**
   * The number in FRACTION. Scaled to seventeen digits before the point, exactly, as a sum of two floats, it is rounded to
   * fifteen or sixteen where that stays within half a unit of the number's last place. What this cannot decide is left to
   * String.
   */
  #fraction(): void {
    const value = FRACTION[0]!;
    const magnitude = Math.abs(value);
    this.#reserve(NUMBER_BYTES_MAX);
    const view = this.#view;
    let at = this.#length;
    if (value < 0) view.setInt8(at++, 0x2d);

    // Up to four places are told at once: no other number of at most fifteen digits is read back as the same. What is too
    // large for 32 bits becomes another number.
    const tenThousandths = (magnitude * 1e4 + 0.5) | 0;
    if (tenThousandths / 1e4 === magnitude) {
      this.#length = putTenThousandths(view, at, tenThousandths);
      return;
    }

    // Decimal exponent: d.ddd × 10^exponent.
    const binary = ((FRACTION_WORDS[HIGH_WORD]! >> 20) & 0x7ff) - 1023;
    let exponent = (binary * 78913) >> 18; // 78913 / 2^18 is log10(2)
    if (magnitude >= POWERS[exponent + 7]!) exponent++;
    const power = POWERS[22 - exponent]!; // 10^(16 - exponent), which is a float
    const product = magnitude * power;
    const error = productError(magnitude, power, product);
    const below = Math.floor(error);
    // Half the distance to the neighbouring floats, in units of the seventeenth digit; 0, and so undecided, for powers of
    // two, which are closer to the one below.
    const half = (magnitude + magnitude * (Number.EPSILON / 2) - magnitude) * 0.5 * power;
    // Where lower is next to 0 or 10^8 upper may be one off, and lower outside by a few units until it is rounded.
    let upper = (product * 1e-8) | 0;
    let lower = rounded((product - upper * 1e8 + below) | 0, error - below, half);
    if (lower >= 1e8) {
      upper++;
      lower -= 1e8;
    }
    if (lower < 0 || upper >= 1e9 || upper < 1e8) {
      this.ascii(String(value));
      return;
    }

    let from = at + 1;
    if (exponent < 0) {
      view.setInt32(at, ZEROS, true);
      view.setInt32(at + 4, ZEROS, true);
      view.setInt8(from, 0x2e);
      from -= exponent;
    }
    this.#length = putSeventeen(view, from, upper, lower);
    if (exponent >= 0) {
      // The digits before the point go back by one place.
      const point = at + 1 + exponent;
      for (; at < point; at++) view.setInt8(at, view.getInt8(at + 1));
      view.setInt8(point, 0x2e);
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#capacity) this.#grow(needed);
  }

  #grow(needed: number): void {
    this.#capacity = Math.max(needed, this.#capacity * 2);
    const grown = new Uint8Array(this.#capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const encoder = new TextEncoder();

/** 10^-6 … 10^22; from index 6 on they are exact. */
const POWERS = Float64Array.from({ length: 29 }, (_, i) => Number(`1e${i - 6}`));
const FRACTION = new Float64Array(1);
const FRACTION_WORDS = new Int32Array(FRACTION.buffer);

/** What the product of two floats is short of the real one (Dekker). */
function productError(a: number, b: number, product: number): number {
  const aSplit = a * SPLITTER;
  const aUpper = aSplit - (aSplit - a);
  const aLower = a - aUpper;
  const bSplit = b * SPLITTER;
  const bUpper = bSplit - (bSplit - b);
  const bLower = b - bUpper;
  return aLower * bLower - (product - aUpper * bUpper - aLower * bUpper - aUpper * bLower);
}

const SPLITTER = 2 ** 27 + 1;

/**
 * lower + fraction in whole hundreds, tens or ones: the first that are less than `half` off, -1 where that is undecided.
 * Which, changes from number to number: it is calculated, as branches would be mispredicted.
 */
function rounded(lower: number, fraction: number, half: number): number {
  const rest100 = (lower + 50) % 100;
  const rest10 = (lower + 5) % 10;
  const off100 = Math.abs(rest100 - 50 + fraction);
  const off10 = Math.abs(rest10 - 5 + fraction);
  if (off100 === half || off10 === half || off10 === 5 || fraction === 0.5) return -1;
  const ones = lower + +(fraction > 0.5);
  const tens = lower + 5 - rest10;
  const hundreds = lower + 50 - rest100;
  return ones + Math.imul(tens - ones, +(off10 < half)) + Math.imul(hundreds - tens, +(off100 < half));
}

// What follows writes digits at a place and returns where they end. Up to three bytes behind that are written, too.

/** A sign, "0." with five zeros, seventeen digits and a point are fewer. */
const NUMBER_BYTES_MAX = 32;
/** "0000" "0001" … "9999", each as a little-endian word. */
const QUADS = Int32Array.from({ length: 10_000 }, (_, i) => {
  const digit = (unit: number) => 0x30 + (Math.floor(i / unit) % 10);
  return digit(1000) | (digit(100) << 8) | (digit(10) << 16) | (digit(1) << 24);
});
const ZEROS = 0x30303030;

/** At most 2^53. */
function putWhole(view: DataView, at: number, value: number): number {
  if (value < 1e8) return putWhole8(view, at, value | 0);
  const upper = Math.floor(value / 1e8);
  const middle = putWhole8(view, at, upper);
  putEight(view, middle, (value - upper * 1e8) | 0);
  return middle + 8;
}

/** Below 10^8. */
function putWhole8(view: DataView, at: number, value: number): number {
  if (value < 1e4) {
    const absent = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    view.setInt32(at, QUADS[value]! >> (8 * absent), true);
    return at + 4 - absent;
  }
  const middle = putWhole8(view, at, (value / 1e4) | 0);
  view.setInt32(middle, QUADS[value % 1e4]!, true);
  return middle + 4;
}

/** All eight digits of what is below 10^8. */
function putEight(view: DataView, at: number, value: number): void {
  view.setInt32(at, QUADS[(value / 1e4) | 0]!, true);
  view.setInt32(at + 4, QUADS[value % 1e4]!, true);
}

/** What is not whole. */
function putTenThousandths(view: DataView, at: number, value: number): number {
  const point = putWhole8(view, at, (value / 1e4) | 0);
  const places = QUADS[value % 1e4]!;
  view.setInt8(point, 0x2e);
  view.setInt32(point + 1, places, true);
  return point + 5 - zerosBehind(places);
}

/** Seventeen digits, nine of `upper` and eight of `lower`; ends before the zeros at the end. */
function putSeventeen(view: DataView, at: number, upper: number, lower: number): number {
  const first = (upper / 1e8) | 0;
  const upper8 = upper - Math.imul(first, 1e8);
  const upperQuad = (upper8 / 1e4) | 0;
  const lowerQuad = (lower / 1e4) | 0;
  // All are looked up before one is written: after a write through a view V8 knows nothing of other arrays any more.
  const a = QUADS[upperQuad]!;
  const b = QUADS[upper8 - Math.imul(upperQuad, 1e4)]!;
  const c = QUADS[lowerQuad]!;
  const d = QUADS[lower - Math.imul(lowerQuad, 1e4)]!;
  view.setInt8(at, 0x30 + first);
  view.setInt32(at + 1, a, true);
  view.setInt32(at + 5, b, true);
  view.setInt32(at + 9, c, true);
  view.setInt32(at + 13, d, true);
  let zeros = zerosBehind(d);
  if (zeros === 4) zeros += zerosBehind(c);
  if (zeros === 8) zeros += zerosBehind(b);
  if (zeros === 12) zeros += zerosBehind(a);
  return at + 17 - zeros;
}

/** How many of four digits are zeros at their end. */
function zerosBehind(quad: number): number {
  return Math.clz32(quad ^ ZEROS) >> 3;
}
