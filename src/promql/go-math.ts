/** Where Go's math package and JavaScript's Math disagree: about NaN and infinities, and in the last digit. */

/** An infinity beats NaN. */
export function goMax(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function goMin(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** 1 to any power is 1, and so is -1 to an infinite one. */
export function goPow(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LN2_BY_LN10 = 0.3010299956639812;

/** From the logarithm of the mantissa, halved into [0.5, 1). */
export function goLog2(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log2(x);
  const isSubnormal = x < 2 ** -1022;
  float[0] = isSubnormal ? x * 2 ** 52 : x;
  const high = words[HIGH_WORD]!; // there are two
  const exponent = ((high >>> 20) & 0x7ff) - 1022 - (isSubnormal ? 52 : 0);
  words[HIGH_WORD] = (high & 0x800f_ffff) | (1022 << 20);
  const fraction = float[0]!; // there is one
  // Exact powers of two stay exact.
  return fraction === 0.5 ? exponent - 1 : Math.log(fraction) * Math.LOG2E + exponent;
}

export const goLog10 = (x: number): number => goLog2(x) * LN2_BY_LN10;
