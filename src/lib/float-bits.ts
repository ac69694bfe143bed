/** The two 32-bit halves of a float64, and which of them comes first in this machine's typed arrays. */

/** Index of the low half in a Uint32Array laid over one float64; the high half is at `HIGH_WORD`. */
export const LOW_WORD: 0 | 1 = new Uint32Array(new Float64Array([1]).buffer)[0] === 0 ? 0 : 1;
export const HIGH_WORD = 1 - LOW_WORD;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

export function highWordOf(value: number): number {
  float[0] = value;
  return words[HIGH_WORD]!;
}

export function lowWordOf(value: number): number {
  float[0] = value;
  return words[LOW_WORD]!;
}

export function floatOfWords(high: number, low: number): number {
  words[HIGH_WORD] = high;
  words[LOW_WORD] = low;
  return float[0]!;
}
