/**
 * Snappy's block format, as remote write and Prometheus' write-ahead log use it. Decoding is bounded by the caller:
 * the length that a block declares is believed only up to `bytesMax` and to what its own size can expand to.
 * https://github.com/google/snappy/blob/main/format_description.txt
 *
 * Hot path: every record of the log. The compressor is the format's usual greedy one: a hash table of four-byte
 * sequences per 64 KiB of input, and longer steps where nothing is found.
 */
import { viewOf } from './bytes.ts';

/** A copy of 64 bytes takes three: no block grows more than this when it is decoded. */
const EXPANSION_MAX = 22;
/** Offsets of copies stay within 16 bits, and within the table's entries. */
const FRAGMENT_BYTES = 1 << 16;
const TABLE_BITS_MIN = 8;
const TABLE_BITS_MAX = 14;
/** Input this close to the end of a fragment is not searched: reading four bytes there would leave it. */
const MARGIN_BYTES = 15;

/** Last position of each hash, from the start of the fragment. */
const table = new Uint16Array(1 << TABLE_BITS_MAX);

/** Room that `snappyCompress` needs in `out` for an input of this length. */
export const snappyBytesMax = (length: number): number => 32 + length + Math.floor(length / 6);

/** Compresses into `out`, which has room for `snappyBytesMax`; returns the bytes written. */
export function snappyCompress(bytes: Uint8Array, out: Uint8Array): number {
  let at = 0;
  let length = bytes.length;
  for (; length >= 0x80; length = Math.floor(length / 0x80)) out[at++] = (length & 0x7f) | 0x80;
  out[at++] = length;
  for (let from = 0; from < bytes.length; from += FRAGMENT_BYTES) {
    at = compressFragment(bytes, from, Math.min(from + FRAGMENT_BYTES, bytes.length), out, at);
  }
  return at;
}

function compressFragment(bytes: Uint8Array, from: number, to: number, out: Uint8Array, outAt: number): number {
  let at = outAt;
  let literal = from;
  if (to - from >= MARGIN_BYTES) {
    let bits = TABLE_BITS_MIN;
    while (bits < TABLE_BITS_MAX && 1 << bits < to - from) bits++;
    table.fill(0, 0, 1 << bits);
    const shift = 32 - bits;
    const words = viewOf(bytes);
    const limit = to - MARGIN_BYTES;
    let position = from + 1;
    let skip = 32;
    while (position <= limit) {
      const word = words.getInt32(position, true);
      const hash = Math.imul(word, 0x1e35a7bd) >>> shift;
      const candidate = from + table[hash]!;
      table[hash] = position - from;
      if (word !== words.getInt32(candidate, true)) {
        position += skip++ >>> 5;
        continue;
      }
      if (literal < position) at = putLiteral(bytes, literal, position, out, at);
      const start = position;
      let match = candidate + 4;
      position += 4;
      while (position < to && bytes[position] === bytes[match]) {
        position++;
        match++;
      }
      at = putCopy(out, at, position - match, position - start);
      literal = position;
      skip = 32;
      if (position <= limit) {
        table[Math.imul(words.getInt32(position - 1, true), 0x1e35a7bd) >>> shift] = position - 1 - from;
      }
    }
  }
  return literal < to ? putLiteral(bytes, literal, to, out, at) : at;
}

function putLiteral(bytes: Uint8Array, from: number, to: number, out: Uint8Array, outAt: number): number {
  let at = outAt;
  const length = to - from - 1;
  if (length < 60) out[at++] = length << 2;
  else if (length < 0x100) {
    out[at++] = 60 << 2;
    out[at++] = length;
  } else {
    out[at++] = 61 << 2;
    out[at++] = length;
    out[at++] = length >>> 8;
  }
  if (to - from > 64) {
    out.set(bytes.subarray(from, to), at);
    return at + to - from;
  }
  for (let i = from; i < to; i++) out[at++] = bytes[i]!;
  return at;
}

function putCopy(out: Uint8Array, outAt: number, offset: number, length: number): number {
  let at = outAt;
  let left = length;
  while (left > 0) {
    // The two-byte form takes 4 to 11 bytes: what is left for the last one must not fall below.
    const part = left > 64 ? (left < 68 ? 60 : 64) : left;
    if (part < 12 && offset < 2048) {
      out[at++] = 1 | ((part - 4) << 2) | ((offset >>> 8) << 5);
      out[at++] = offset;
    } else {
      out[at++] = 2 | ((part - 1) << 2);
      out[at++] = offset;
      out[at++] = offset >>> 8;
    }
    left -= part;
  }
  return at;
}

type Decompressed = Uint8Array | { readonly error: string };

/** The decoded block, or why it cannot be had. */
export function snappyDecompress(bytes: Uint8Array, bytesMax: number): Decompressed {
  const decoder = begin(bytes, bytesMax, NO_ROOM);
  return 'error' in decoder ? decoder : resultOf(decoder, decoder.decode(Number.POSITIVE_INFINITY));
}

/** The same for a large block: pauses after each part of it. Where it fits into `room`, it is decoded there. */
export function* snappyDecompressInParts(
  bytes: Uint8Array,
  bytesMax: number,
  { room = NO_ROOM, partBytes = PART_BYTES }: { readonly room?: Uint8Array; readonly partBytes?: number } = {},
): Generator<void, Decompressed> {
  const decoder = begin(bytes, bytesMax, room);
  if ('error' in decoder) return decoder;
  let isSound = true;
  while (isSound && !decoder.isDone) {
    isSound = decoder.decode(decoder.to + partBytes);
    yield;
  }
  return resultOf(decoder, isSound);
}

const PART_BYTES = 1 << 20;
const NO_ROOM = new Uint8Array(0);
const resultOf = (decoder: Decoder, isSound: boolean): Decompressed =>
  isSound && decoder.isDone && decoder.to === decoder.out.length ? decoder.out : { error: 'snappy block is corrupt' };

/** A decoder behind the length that the block declares, or why there is none. */
function begin(bytes: Uint8Array, bytesMax: number, room: Uint8Array): Decoder | { readonly error: string } {
  let at = 0;
  let length = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = bytes[at++];
    if (byte === undefined || at > 5) return { error: 'snappy block has no valid length' };
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length > bytesMax) return { error: `snappy block declares ${length} bytes, at most ${bytesMax} are taken` };
  if (length > bytes.length * EXPANSION_MAX)
    return { error: `snappy block of ${bytes.length} bytes cannot hold the ${length} it declares` };
  return new Decoder(bytes, at, length <= room.length ? room.subarray(0, length) : new Uint8Array(length));
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly out: Uint8Array;
  #at: number;
  /** How much of `out` is written. */
  to = 0;

  constructor(bytes: Uint8Array, at: number, out: Uint8Array) {
    this.#bytes = bytes;
    this.#at = at;
    this.out = out;
  }

  /** All of the block has been read. */
  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Decodes until `to` is not below `until`, or to the end; false where the block is corrupt. */
  decode(until: number): boolean {
    const bytes = this.#bytes;
    const { out } = this;
    const words = viewOf(out);
    const end = bytes.length;
    const outEnd = out.length;
    let at = this.#at;
    let { to } = this;
    while (at < end && to < until) {
      const tag = bytes[at++]!;
      let length: number;
      let offset: number;
      switch (tag & 3) {
        case 0: {
          length = (tag >>> 2) + 1;
          if (length > 60) {
            const width = length - 60;
            if (at + width > end) return false;
            length = 1;
            for (let i = 0; i < width; i++) length += bytes[at++]! * 2 ** (8 * i);
          }
          if (length > end - at || length > outEnd - to) return false;
          if (length > 64) out.set(bytes.subarray(at, at + length), to);
          else for (let i = 0; i < length; i++) out[to + i] = bytes[at + i]!;
          at += length;
          to += length;
          continue;
        }
        case 1:
          if (at >= end) return false;
          length = ((tag >>> 2) & 7) + 4;
          offset = ((tag >>> 5) << 8) | bytes[at]!;
          at += 1;
          break;
        case 2:
          if (at + 2 > end) return false;
          length = (tag >>> 2) + 1;
          offset = bytes[at]! | (bytes[at + 1]! << 8);
          at += 2;
          break;
        default:
          if (at + 4 > end) return false;
          length = (tag >>> 2) + 1;
          offset = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
          at += 4;
      }
      if (offset === 0 || offset > to || length > outEnd - to) return false;
      const copied = to + length;
      // A copy may overlap what it makes: that is not read before it is there.
      if (offset >= 4) for (; to + 4 <= copied; to += 4) words.setInt32(to, words.getInt32(to - offset));
      for (; to < copied; to++) out[to] = out[to - offset]!;
    }
    this.#at = at;
    this.to = to;
    return true;
  }
}
