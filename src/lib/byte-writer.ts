/**
 * Bytes appended to a growing buffer: big-endian integers, LEB128 and zigzag varints, length-prefixed UTF-8. Whoever
 * writes many values in a loop may `reserve` and then write into `bytes` from `length` on by itself.
 */
import { highWordOf, lowWordOf } from './float-bits.ts';

const TWO_32 = 4_294_967_296;
const utf8 = new TextEncoder();

export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written; valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `more` bytes after `length`. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.view());
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    const { bytes } = this;
    bytes[this.length++] = value >>> 24;
    bytes[this.length++] = value >>> 16;
    bytes[this.length++] = value >>> 8;
    bytes[this.length++] = value;
  }

  /** Two's complement in 64 bits; whole numbers to ±2^53. */
  i64(value: number): void {
    this.u32(Math.floor(value / TWO_32) | 0);
    this.u32(value % TWO_32);
  }

  f64(value: number): void {
    this.u32(highWordOf(value));
    this.u32(lowWordOf(value));
  }

  f64s(values: ArrayLike<number>): void {
    this.reserve(values.length * 8);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.length, values.length * 8);
    for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i]!); // in bounds
    this.length += values.length * 8;
  }

  /** LEB128; whole numbers from 0 to 2^53. */
  uvarint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  /** Zigzag LEB128; whole numbers to ±2^52. */
  varint(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** uvarint byte length, then UTF-8. ASCII, as nearly all label names and values are, is written without the encoder. */
  text(value: string): void {
    const { length } = value;
    this.reserve(length + 10);
    const before = this.length;
    this.uvarint(length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.length = before;
        this.#encoded(value);
        return;
      }
      bytes[at++] = unit;
    }
    this.length = at;
  }

  #encoded(value: string): void {
    const bytes = utf8.encode(value);
    this.uvarint(bytes.length);
    this.raw(bytes);
  }
}
