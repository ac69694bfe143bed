/** Where Go's math package and JavaScript's Math disagree: about NaN and infinities, and in the last digit. */
import { HIGH_WORD } from '../lib/float-bits.ts';

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
const LN2_BY_LN10 = 0.3010299956639812;
/** The logarithm of 2 in two parts, the first short enough for its products with exponents to be exact. */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

/** x · 2^power, without losing range or digits on the way. */
export const goLdexp = (x: number, power: number): number =>
  power > 1023 ? x * 2 ** 1023 * 2 ** (power - 1023) : power < -1000 ? x * 2 ** -1000 * 2 ** Math.max(power + 1000, -200) : x * 2 ** power;

/** The power of two that `mantissaOf` has taken out. */
let exponent = 0;

/** In [0.5, 1), of a positive finite number. */
function mantissaOf(x: number): number {
  const isSubnormal = x < 2 ** -1022;
  float[0] = isSubnormal ? x * 2 ** 52 : x;
  const high = words[HIGH_WORD]!; // there are two
  exponent = ((high >>> 20) & 0x7ff) - 1022 - (isSubnormal ? 52 : 0);
  words[HIGH_WORD] = (high & 0x800f_ffff) | (1022 << 20);
  return float[0]!; // there is one
}

/** FreeBSD's polynomial (e_log.c), its terms added up in Go's order. */
export function goLog(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log(x);
  let mantissa = mantissaOf(x);
  let k = exponent;
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    k--;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd =
    s2 * (6.66666666666673513e-1 + s4 * (2.857142874366239149e-1 + s4 * (1.818357216161805012e-1 + s4 * 1.479819860511658591e-1)));
  const even = s4 * (3.999999999940941908e-1 + s4 * (2.222219843214978396e-1 + s4 * 1.531383769920937332e-1));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + (odd + even)) + k * LN2_LOW) - f);
}

/** From the logarithm of the mantissa, halved into [0.5, 1). */
export function goLog2(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log2(x);
  const mantissa = mantissaOf(x);
  const power = exponent;
  // Exact powers of two stay exact.
  return mantissa === 0.5 ? power - 1 : goLog(mantissa) * Math.LOG2E + power;
}

export const goLog10 = (x: number): number => goLog2(x) * LN2_BY_LN10;

/** 2 to the power of x: FreeBSD's e^r (e_exp.c) for what is left of the nearest power of two. */
export function goExp2(x: number): number {
  if (!(x >= -1074 && x <= 1023.9999999999999)) return 2 ** x;
  const power = Math.trunc(x + (x < 0 ? -0.5 : 0.5));
  const rest = x - power;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666657415e-1 +
        t *
          (-2.77777777770155933842e-3 + t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  return goLdexp(1 - (low - (r * c) / (2 - c) - high), power);
}
