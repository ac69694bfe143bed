/**
 * XOR chunk (encoding 1): float samples as delta-of-delta timestamps and XOR-ed values (Gorilla, VLDB 2015 §4.1).
 * Layout: prometheus/tsdb/docs/format/chunks.md, "XOR chunk data".
 *
 * Hot path. The state of an open chunk lives in the caller's typed arrays, so that a million open chunks are no
 * objects; 64-bit values go as two 32-bit halves. Start timestamps have no place in this encoding.
 */
import { peekBits, putBits, putBits64 } from '../lib/bitstream.ts';
import { HIGH_WORD, LOW_WORD } from '../lib/float-bits.ts';
import type { SampleColumns } from '../model/sample.ts';

/** Words of state per open chunk; the first of them at an even index. */
export const XOR_STATE_WORDS = 8;
/** The most bytes that one more sample adds to a chunk of at least two. */
export const XOR_SAMPLE_BYTES_MAX = 19;

/**
 * Within a state: words 0-1 the last timestamp and 2-3 the last delta, both float64; then the last value's halves, the
 * bits written so far, and count | leading << 16 | trailing << 24 of the current window.
 */
const VALUE_LOW = 4;
const VALUE_HIGH = 5;
const BITS = 6;
const WINDOW = 7;
const NO_WINDOW = 0xff;
const HEADER_BITS = 16;
const TWO_32 = 4_294_967_296;

/** One buffer of states, seen as words and as floats. */
export type XorStates = { readonly words: Uint32Array; readonly floats: Float64Array };

/** Makes the state at `base` that of an empty chunk. */
export function startXorChunk(states: XorStates, base: number): void {
  states.words[base + BITS] = HEADER_BITS;
  states.words[base + WINDOW] = NO_WINDOW << 16;
}

export const xorChunkBytes = (states: XorStates, base: number): number => (states.words[base + BITS]! + 7) >>> 3;
export const xorChunkCount = (states: XorStates, base: number): number => states.words[base + WINDOW]! & 0xffff;
/** The count that a finished or open chunk begins with. */
export const xorStoredCount = (bytes: Uint8Array, start: number): number => (bytes[start]! << 8) | bytes[start + 1]!;
export const xorLastValueLow = (states: XorStates, base: number): number => states.words[base + VALUE_LOW]!;
export const xorLastValueHigh = (states: XorStates, base: number): number => states.words[base + VALUE_HIGH]!;

/**
 * Appends a sample to the chunk that begins at `bytes[start]`. The caller has made room, and sees to it that the
 * timestamp is a whole number within ±2^52 and after the last one.
 */
export function appendXor(
  bytes: Uint8Array,
  start: number,
  states: XorStates,
  base: number,
  timestamp: number,
  valueHigh: number,
  valueLow: number,
): void {
  const { words, floats } = states;
  const time = base >>> 1;
  const window = words[base + WINDOW]!;
  const count = window & 0xffff;
  const origin = start * 8;
  let at = origin + words[base + BITS]!;
  if (count > 1) {
    const delta = timestamp - floats[time]!;
    const dod = delta - floats[time + 1]!;
    floats[time + 1] = delta;
    if (dod === 0) at = putBits(bytes, at, 0, 1);
    else if (dod >= -8191 && dod <= 8192) at = putBits(bytes, at, (0b10 << 14) | (dod & 0x3fff), 16);
    else if (dod >= -65535 && dod <= 65536) at = putBits(bytes, at, (0b110 << 17) | (dod & 0x1ffff), 20);
    else if (dod >= -524287 && dod <= 524288) at = putBits(bytes, at, (0b1110 << 20) | (dod & 0xfffff), 24);
    else at = putBits64(bytes, putBits(bytes, at, 0b1111, 4), Math.floor(dod / TWO_32) | 0, dod | 0);
  } else if (count === 1) {
    const delta = timestamp - floats[time]!;
    floats[time + 1] = delta;
    at = putVarint(bytes, at, delta);
  } else {
    at = putVarint(bytes, at, timestamp >= 0 ? timestamp * 2 : -timestamp * 2 - 1);
  }
  floats[time] = timestamp;

  let nextWindow = window + 1;
  if (count === 0) at = putBits64(bytes, at, valueHigh, valueLow);
  else {
    const high = words[base + VALUE_HIGH]! ^ valueHigh;
    const low = words[base + VALUE_LOW]! ^ valueLow;
    if ((high | low) === 0) at = putBits(bytes, at, 0, 1);
    else {
      const leading = high !== 0 ? Math.clz32(high) : 31; // the field has five bits
      const trailing = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high);
      const oldLeading = (window >>> 16) & 0xff;
      const oldTrailing = window >>> 24;
      if (oldLeading !== NO_WINDOW && leading >= oldLeading && trailing >= oldTrailing) {
        at = putWindow(bytes, putBits(bytes, at, 0b10, 2), high, low, oldTrailing, 64 - oldLeading - oldTrailing);
      } else {
        const significant = 64 - leading - trailing;
        at = putBits(bytes, at, (0b11 << 11) | (leading << 6) | (significant & 0x3f), 13);
        at = putWindow(bytes, at, high, low, trailing, significant);
        nextWindow = ((trailing << 24) | (leading << 16) | (count + 1)) >>> 0;
      }
    }
  }
  words[base + VALUE_HIGH] = valueHigh;
  words[base + VALUE_LOW] = valueLow;
  words[base + BITS] = at - origin;
  words[base + WINDOW] = nextWindow;
  bytes[start] = (count + 1) >>> 8;
  bytes[start + 1] = count + 1;
}

/** The `significant` bits of high:low above its `trailing` lowest. */
function putWindow(bytes: Uint8Array, at: number, high: number, low: number, trailing: number, significant: number): number {
  if (significant > 32) {
    // Then trailing < 32 and the upper part is within `high`.
    const lower = trailing === 0 ? low : (high << (32 - trailing)) | (low >>> trailing);
    return putBits(bytes, putBits(bytes, at, high >>> trailing, significant - 32), lower, 32);
  }
  let value: number;
  if (trailing >= 32) value = high >>> (trailing - 32);
  else if (trailing === 0) value = low;
  else value = (high << (32 - trailing)) | (low >>> trailing);
  return putBits(bytes, at, value, significant);
}

function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  while (rest >= 0x80) {
    at = putBits(bytes, at, (rest % 0x80) | 0x80, 8);
    rest = Math.floor(rest / 0x80);
  }
  return putBits(bytes, at, rest, 8);
}

/** Where a reading of a chunk ended: after `index` samples, the last at `timestamp`, `bits` from the chunk's start. */
export type XorCursor = {
  index: number;
  bits: number;
  timestamp: number;
  delta: number;
  high: number;
  low: number;
  trailing: number;
  significant: number;
};

/** The times are no whole numbers at first: V8 would give the cursor another shape once they are too large to be small ones. */
export const beginXorCursor = (): XorCursor => ({
  index: 0,
  bits: 0,
  timestamp: Number.NaN,
  delta: Number.NaN,
  high: 0,
  low: 0,
  trailing: 0,
  significant: 0,
});

/**
 * Appends the samples with fromMs <= t <= toMs of the chunk in bytes[start, end) to `into`. False when the chunk is
 * corrupt: then `into` holds what came before. With a cursor, which goes along, it begins where that one ended.
 */
export function readXorChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  fromMs: number,
  toMs: number,
  into: SampleColumns,
  cursor: XorCursor | null = null,
): boolean {
  if (end - start < 2) return false;
  const count = xorStoredCount(bytes, start);
  if (count === 0) return true;
  const endBit = end * 8;
  into.reserve(into.length + count);
  // Values are put together as words where they will lie: a float made elsewhere would have to wait for its halves.
  const { timestamps, valueWords } = into;
  let length = into.length;

  let byte = start + 2;
  let scale = 1;
  let at: number;
  let timestamp: number;
  let high: number;
  let low: number;
  let delta = 0;
  let trailing = 0;
  let significant = 0;
  let i = 1;
  if (cursor !== null && cursor.index > 0) {
    i = cursor.index;
    at = start * 8 + cursor.bits;
    ({ timestamp, delta, high, low, trailing, significant } = cursor);
  } else {
    // Sample 0: varint timestamp, 64-bit value; both start at a byte.
    let zigzag = 0;
    for (let k = 0; ; k++) {
      if (byte >= end || k === 10) return false;
      const part = bytes[byte++]!;
      zigzag += (part & 0x7f) * scale;
      if (part < 0x80) break;
      scale *= 0x80;
    }
    timestamp = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    if (byte + 8 > end) return false;
    at = byte * 8;
    high = peekBits(bytes, at);
    low = peekBits(bytes, at + 32);
    at += 64;
    if (timestamp >= fromMs && timestamp <= toMs) {
      timestamps[length] = timestamp;
      valueWords[length * 2 + HIGH_WORD] = high;
      valueWords[length * 2 + LOW_WORD] = low;
      length++;
    }
  }

  for (; i < count && timestamp <= toMs; i++) {
    // The bits from `at` on; where the timestamp takes but one, the control bits of the value are among them.
    let word: number;
    if (i === 1) {
      byte = at >>> 3;
      delta = 0;
      scale = 1;
      for (let k = 0; ; k++) {
        if (byte >= end || k === 10) return finish(into, length, false);
        const part = bytes[byte++]!;
        delta += (part & 0x7f) * scale;
        if (part < 0x80) break;
        scale *= 0x80;
      }
      at = byte * 8;
      word = peekBits(bytes, at);
    } else {
      word = peekBits(bytes, at);
      if (word >= 0) {
        at += 1;
        word <<= 1;
      } else {
        if (word << 1 >= 0) {
          const bits = (word >>> 16) & 0x3fff;
          delta += bits > 0x2000 ? bits - 0x4000 : bits;
          at += 16;
        } else if (word << 2 >= 0) {
          const bits = (word >>> 12) & 0x1ffff;
          delta += bits > 0x10000 ? bits - 0x20000 : bits;
          at += 20;
        } else if (word << 3 >= 0) {
          const bits = (word >>> 8) & 0xfffff;
          delta += bits > 0x80000 ? bits - 0x100000 : bits;
          at += 24;
        } else {
          delta += peekBits(bytes, at + 4) * TWO_32 + (peekBits(bytes, at + 36) >>> 0);
          at += 68;
        }
        word = peekBits(bytes, at);
      }
    }
    timestamp += delta;

    if (word >= 0) at += 1;
    else {
      if (word << 1 < 0) {
        const leading = (word >>> 25) & 0x1f;
        significant = (word >>> 19) & 0x3f;
        if (significant === 0) significant = 64;
        trailing = 64 - leading - significant;
        if (trailing < 0) return finish(into, length, false);
        at += 13;
      } else {
        // The window of the last such value; there is none before the first.
        if (significant === 0) return finish(into, length, false);
        at += 2;
      }
      if (significant > 32) {
        const upper = peekBits(bytes, at) >>> (64 - significant);
        const lower = peekBits(bytes, at + significant - 32);
        if (trailing === 0) {
          high ^= upper;
          low ^= lower;
        } else {
          high ^= (upper << trailing) | (lower >>> (32 - trailing));
          low ^= lower << trailing;
        }
      } else {
        const value = peekBits(bytes, at) >>> (32 - significant);
        if (trailing >= 32) high ^= value << (trailing - 32);
        else if (trailing === 0) low ^= value;
        else {
          high ^= value >>> (32 - trailing);
          low ^= value << trailing;
        }
      }
      at += significant;
    }
    if (at > endBit) return finish(into, length, false);
    if (timestamp >= fromMs && timestamp <= toMs) {
      timestamps[length] = timestamp;
      valueWords[length * 2 + HIGH_WORD] = high;
      valueWords[length * 2 + LOW_WORD] = low;
      length++;
    }
  }
  if (cursor !== null) {
    cursor.index = i;
    cursor.bits = at - start * 8;
    cursor.timestamp = timestamp;
    cursor.delta = delta;
    cursor.high = high;
    cursor.low = low;
    cursor.trailing = trailing;
    cursor.significant = significant;
  }
  return finish(into, length, true);
}

function finish(into: SampleColumns, length: number, isWhole: boolean): boolean {
  if (into.histograms !== null) into.histograms.length = length;
  into.histograms?.fill(null, into.length);
  into.length = length;
  return isWhole;
}
