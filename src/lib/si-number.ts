/** A number for people, without a unit: at most four digits, 12.5k above a thousand, 40µ below a thousandth. */
export function siNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < SMALLEST || size >= LARGEST) return value.toExponential(2).replace(/\.?0+e/, 'e');
  if (size >= 0.001 && size < 999.95) return digits(value);
  for (const [unit, prefix] of PREFIXES) if (size >= unit * 0.99995) return digits(value / unit) + prefix;
  return value.toExponential(2);
}

const SMALLEST = 1e-9;
const LARGEST = 1e18;
const PREFIXES = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1e-6, 'µ'],
  [1e-9, 'n'],
] as const;

const digits = (value: number): string => String(Number(value.toPrecision(4)));
