/**
 * Bits in a byte array, most significant bit of each byte first. Positions are bit offsets from the start of the array.
 * Hot path: chunk codecs call these for every field of every sample, so they are functions over numbers, not objects.
 */

/**
 * Writes the low `count` bits (1..32) of `value` at `position` and returns the position after them. The bits behind
 * `position` in its byte must be zero or never written: a byte is set whole when its first bit is written.
 */
export function putBits(bytes: Uint8Array, position: number, value: number, count: number): number {
  const end = position + count;
  let at = position >>> 3;
  let left = count;
  const used = position & 7;
  if (used !== 0) {
    const free = 8 - used;
    const bits = left === 32 ? value : value & ((1 << left) - 1);
    if (left <= free) {
      bytes[at]! |= bits << (free - left);
      return end;
    }
    left -= free;
    bytes[at]! |= bits >>> left;
    at++;
  }
  while (left >= 8) {
    left -= 8;
    bytes[at++] = value >>> left;
  }
  if (left > 0) bytes[at] = value << (8 - left);
  return end;
}

/** Writes 64 bits given as two halves. */
export function putBits64(bytes: Uint8Array, position: number, high: number, low: number): number {
  return putBits(bytes, putBits(bytes, position, high, 32), low, 32);
}

/** The 32 bits from `position` on as a signed number; bits beyond the array read as zero. */
export function peekBits(bytes: Uint8Array, position: number): number {
  const at = position >>> 3;
  const used = position & 7;
  const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return used === 0 ? word : (word << used) | (bytes[at + 4]! >>> (8 - used));
}
