/**
 * Byte ranges compared and hashed four bytes at a time, through DataViews because ranges start anywhere.
 * Hot path: once per scraped sample. No allocation.
 */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Both ranges must lie within their views. */
export function sameBytes(a: DataView, aFrom: number, b: DataView, bFrom: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) if (a.getInt32(aFrom + i, true) !== b.getInt32(bFrom + i, true)) return false;
  for (; i < length; i++) if (a.getUint8(aFrom + i) !== b.getUint8(bFrom + i)) return false;
  return true;
}

/** MurmurHash3, 32 bit, seed 0: for tables in memory; never written anywhere. */
export function hashBytes(bytes: DataView, from: number, to: number): number {
  let hash = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) hash = mixed(hash, bytes.getInt32(i, true));
  let tail = 0;
  for (let shift = 0; i < to; i++, shift += 8) tail |= bytes.getUint8(i) << shift;
  hash = mixed(hash, tail) ^ (to - from);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mixed(hash: number, word: number): number {
  const a = Math.imul(word, 0xcc9e2d51);
  const b = hash ^ Math.imul((a << 15) | (a >>> 17), 0x1b873593);
  return (Math.imul((b << 13) | (b >>> 19), 5) + 0xe6546b64) | 0;
}
