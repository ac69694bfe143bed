/**
 * Go's strconv.FormatFloat with the shortest precision (-1) in its forms f, e and g. Prometheus prints
 * values, label values and annotations so. JavaScript's shortest digits are the same; only the layout differs.
 */

/** Digits without leading and trailing zeros, and the decimal exponent of the first (d.ddd × 10^exponent). */
function shortest(value: number): { readonly digits: string; readonly exponent: number } {
  const text = value.toExponential();
  const e = text.indexOf('e');
  return { digits: text.slice(0, e).replace('.', ''), exponent: Number(text.slice(e + 1)) };
}

function special(value: number): string | null {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return null;
}

const sign = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

/** 'f': never an exponent. */
export function goFormatF(value: number): string {
  const text = special(value);
  if (text !== null) return text;
  const magnitude = Math.abs(value);
  if (magnitude === 0) return `${sign(value)}0`;
  if (magnitude >= 1e-6 && magnitude < 1e21) return String(value);
  const { digits, exponent } = shortest(magnitude);
  return sign(value) + positional(digits, exponent);
}

/** 'e': d.ddde±dd. */
export function goFormatE(value: number): string {
  const text = special(value);
  if (text !== null) return text;
  const { digits, exponent } = shortest(Math.abs(value));
  return sign(value) + scientific(digits, exponent);
}

/** 'g', which is also %v: an exponent below 1e-4 and from a million on. */
export function goFormatG(value: number): string {
  const text = special(value);
  if (text !== null) return text;
  const { digits, exponent } = shortest(Math.abs(value));
  // strconv decides as for precision 6, however many digits there are.
  return sign(value) + (exponent < -4 || exponent >= 6 ? scientific(digits, exponent) : positional(digits, exponent));
}

function positional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits + '0'.repeat(exponent + 1 - digits.length);
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function scientific(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const magnitude = Math.abs(exponent);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${magnitude < 10 ? '0' : ''}${magnitude}`;
}
