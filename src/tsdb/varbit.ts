/**
 * Variable-width integers of the histogram chunks: a unary prefix picks one of nine widths.
 * Layout: prometheus/tsdb/docs/format/chunks.md, varbit_int and varbit_uint. Values are whole numbers to ±2^53; wider
 * ones, which only a damaged or absurd chunk holds, are rounded.
 */
import { peekBits, putBits } from '../lib/bitstream.ts';

const TWO_24 = 16_777_216;
const TWO_32 = 4_294_967_296;
const TWO_55 = 36_028_797_018_963_968;
/** Width of the value after each prefix of 1 to 8 one-bits, the last without a closing zero. */
const WIDTHS = [3, 6, 9, 12, 18, 25, 56, 64] as const;

/** Reads bits one field after another; `failed` once a read goes past `end`. */
export class BitReader {
  readonly bytes: Uint8Array;
  /** Bit offset from the start of `bytes`. */
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, startByte: number, endByte: number) {
    this.bytes = bytes;
    this.position = startByte * 8;
    this.end = endByte * 8;
  }

  get failed(): boolean {
    return this.position > this.end;
  }

  /** 1 to 32 bits, unsigned. */
  bits(count: number): number {
    const value = peekBits(this.bytes, this.position) >>> (32 - count);
    this.position += count;
    return value;
  }

  varbitUint(): number {
    const width = this.#width();
    if (width === 0) return 0;
    if (width <= 32) return this.bits(width);
    const high = this.bits(width - 32);
    return high * TWO_32 + this.bits(32);
  }

  varbitInt(): number {
    const width = this.#width();
    if (width === 0) return 0;
    if (width <= 32) {
      const value = this.bits(width);
      return value > 2 ** (width - 1) ? value - 2 ** width : value;
    }
    let high = this.bits(width - 32);
    const low = this.bits(32);
    if (width === 64) high |= 0;
    else if (high > TWO_24 / 2 || (high === TWO_24 / 2 && low > 0)) high -= TWO_24;
    return high * TWO_32 + low;
  }

  #width(): number {
    const ones = Math.clz32(~(peekBits(this.bytes, this.position) & 0xff000000));
    if (ones === 0) {
      this.position += 1;
      return 0;
    }
    this.position += Math.min(ones + 1, 8);
    return WIDTHS[ones - 1]!;
  }
}

/** Writes bits one field after another into a buffer that grows. */
export class BitWriter {
  bytes: Uint8Array;
  position: number;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.position = 0;
  }

  /** Bytes touched so far. */
  get length(): number {
    return (this.position + 7) >>> 3;
  }

  bits(value: number, count: number): void {
    const needed = ((this.position + count) >>> 3) + 1;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.position = putBits(this.bytes, this.position, value, count);
  }

  varbitUint(value: number): void {
    let kind = 0;
    if (value !== 0) {
      kind = 1;
      while (kind < 8 && value >= 2 ** WIDTHS[kind - 1]!) kind++;
    }
    this.#put(kind, value);
  }

  varbitInt(value: number): void {
    let kind = 0;
    if (value !== 0) {
      kind = 1;
      while (kind < 7 && !fits(value, 2 ** (WIDTHS[kind - 1]! - 1))) kind++;
      if (kind === 7 && !fits(value, TWO_55)) kind = 8;
    }
    this.#put(kind, value);
  }

  #put(kind: number, value: number): void {
    if (kind === 0) {
      this.bits(0, 1);
      return;
    }
    if (kind === 8) this.bits(0xff, 8);
    else this.bits(2 ** (kind + 1) - 2, kind + 1);
    const width = WIDTHS[kind - 1]!;
    if (width <= 32) this.bits(value, width);
    else {
      this.bits(Math.floor(value / TWO_32) | 0, width - 32);
      this.bits((value % TWO_32) | 0, 32);
    }
  }
}

/** Ranges are -(half - 1) .. half: one above two's complement at the top, one short at the bottom. */
const fits = (value: number, half: number): boolean => value > -half && value <= half;
