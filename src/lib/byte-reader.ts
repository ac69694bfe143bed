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
    return decodeText(this.bytes, from, this.position);
  }

  #fail(): 0 {
    this.failed = true;
    this.position = this.end;
    return 0;
  }
}

/** Short ASCII, which nearly all label names and values are, is read without the decoder's fixed cost. */
function decodeText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > 48) return utf8.decode(bytes.subarray(from, to));
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80) return utf8.decode(bytes.subarray(from, to));
    text += String.fromCharCode(byte);
  }
  return text;
}
