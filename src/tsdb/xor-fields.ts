/**
 * Several floats per sample, each XOR-ed with the same field of the sample before and with a window of its own: count,
 * zero count, sum and buckets of a float histogram. The single-value form for float samples is in xor-chunk.ts.
 */
import { floatOfWords, highWordOf, lowWordOf } from '../lib/float-bits.ts';
import type { BitReader, BitWriter } from './varbit.ts';

const NO_WINDOW = 0xff;

export class XorFields {
  readonly values: Float64Array;
  readonly #leading: Uint8Array;
  readonly #trailing: Uint8Array;

  constructor(count: number) {
    this.values = new Float64Array(count);
    this.#leading = new Uint8Array(count).fill(NO_WINDOW);
    this.#trailing = new Uint8Array(count);
  }

  /** The first sample's field, in full. */
  writeFirst(writer: BitWriter, field: number, value: number): void {
    writer.bits(highWordOf(value), 32);
    writer.bits(lowWordOf(value), 32);
    this.values[field] = value;
  }

  readFirst(reader: BitReader, field: number): void {
    const high = reader.bits(32);
    this.values[field] = floatOfWords(high, reader.bits(32));
  }

  write(writer: BitWriter, field: number, value: number): void {
    const previous = this.values[field]!;
    const high = highWordOf(previous) ^ highWordOf(value);
    const low = lowWordOf(previous) ^ lowWordOf(value);
    this.values[field] = value;
    if ((high | low) === 0) {
      writer.bits(0, 1);
      return;
    }
    let leading = high !== 0 ? Math.clz32(high) : 31;
    let trailing = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high);
    const oldLeading = this.#leading[field]!;
    const oldTrailing = this.#trailing[field]!;
    if (oldLeading !== NO_WINDOW && leading >= oldLeading && trailing >= oldTrailing) {
      writer.bits(0b10, 2);
      leading = oldLeading;
      trailing = oldTrailing;
    } else {
      writer.bits((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 0x3f), 13);
      this.#leading[field] = leading;
      this.#trailing[field] = trailing;
    }
    // high:low >> trailing, its 64 - leading - trailing low bits
    const significant = 64 - leading - trailing;
    const lower = trailing >= 32 ? high >>> (trailing - 32) : trailing === 0 ? low : (high << (32 - trailing)) | (low >>> trailing);
    if (significant > 32) writer.bits(trailing >= 32 ? 0 : high >>> trailing, significant - 32);
    writer.bits(lower, Math.min(significant, 32));
  }

  /** False when the bits are not such a field. */
  read(reader: BitReader, field: number): boolean {
    if (reader.bits(1) === 0) return true;
    if (reader.bits(1) === 1) {
      const leading = reader.bits(5);
      const trailing = 64 - leading - (reader.bits(6) || 64);
      if (trailing < 0) return false;
      this.#leading[field] = leading;
      this.#trailing[field] = trailing;
    }
    const leading = this.#leading[field]!;
    if (leading === NO_WINDOW) return false;
    const trailing = this.#trailing[field]!;
    const significant = 64 - leading - trailing;
    const upper = significant > 32 ? reader.bits(significant - 32) : 0;
    const lower = reader.bits(Math.min(significant, 32));
    // upper:lower << trailing
    let high: number;
    if (trailing >= 32) high = lower << (trailing - 32);
    else if (trailing === 0) high = upper;
    else high = (upper << trailing) | (lower >>> (32 - trailing));
    const low = trailing >= 32 ? 0 : lower << trailing;
    const previous = this.values[field]!;
    this.values[field] = floatOfWords(highWordOf(previous) ^ high, lowWordOf(previous) ^ low);
    return true;
  }
}
