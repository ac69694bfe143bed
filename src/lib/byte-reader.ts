/**
 * The counterpart of ByteWriter over bytes that may be wrong: a read past the end sets `failed` and returns 0 or '',
 * so that a decoder checks once per item and allocates nothing.
 */
import { floatOfWords } from './float-bits.ts';

const TWO_32 = 4_294_967_296;
const TWO_28 = 268_435_456;
const utf8 = new TextDecoder();

export class ByteReader {
  bytes: Uint8Array;
  position: number;
  end: number;
  failed = false;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** More to read, and nothing went wrong so far. */
  get hasMore(): boolean {
    return this.position < this.end && !this.failed;
  }

  u8(): number {
    if (this.position >= this.end) return this.#fail();
    return this.bytes[this.position++]!;
  }

  u32(): number {
    if (this.position + 4 > this.end) return this.#fail();
    const { bytes, position } = this;
    this.position += 4;
    return ((bytes[position]! << 24) | (bytes[position + 1]! << 16) | (bytes[position + 2]! << 8) | bytes[position + 3]!) >>> 0;
  }

  /** Signed; exact to ±2^53, rounded beyond. */
  i64(): number {
    const high = this.u32() | 0;
    return high * TWO_32 + this.u32();
  }

  f64(): number {
    const high = this.u32();
    return floatOfWords(high, this.u32());
  }

  /** Exact to 2^53, rounded beyond. */
  uvarint(): number {
    const { bytes, end } = this;
    let at = this.position;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) return this.#fail();
      const byte = bytes[at++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = at;
        return low;
      }
    }
    let value = low;
    let scale = TWO_28;
    for (let i = 0; i < 6; i++) {
      if (at >= end) return this.#fail();
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        this.position = at;
        return value;
      }
    }
    return this.#fail(); // more than 64 bits
  }

  /** Zigzag; exact to ±2^52, rounded beyond. */
  varint(): number {
    const value = this.uvarint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    const length = this.uvarint();
    if (this.failed || this.position + length > this.end) {
      this.#fail();
      return '';
    }
    const from = this.position;
    this.position += length;
    return knownText(this.bytes, from, this.position);
  }

  #fail(): 0 {
    this.failed = true;
    this.position = this.end;
    return 0;
  }
}

/**
 * Names and values come again and again: the last text of each hash is kept, so that most are given out without being
 * made, and as the very string that a map already knows. Only short ASCII is kept; the table is bounded by its length.
 */
const KNOWN_BYTES_MAX = 64;
const known = new Array<string>(1 << 14).fill('');

function knownText(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from;
  if (length > KNOWN_BYTES_MAX) return utf8.decode(bytes.subarray(from, to));
  let hash = 0x811c9dc5;
  let or = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    hash = Math.imul(hash ^ byte, 0x01000193);
    or |= byte;
  }
  if (or >= 0x80) return utf8.decode(bytes.subarray(from, to));
  const place = (hash ^ (hash >>> 15)) & (known.length - 1);
  const candidate = known[place]!;
  if (candidate.length === length) {
    let i = 0;
    while (i < length && candidate.charCodeAt(i) === bytes[from + i]) i++;
    if (i === length) return candidate;
  }
  const text = utf8.decode(bytes.subarray(from, to));
  known[place] = text;
  return text;
}
