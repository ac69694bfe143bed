/** What yaml.v2 takes for a boolean or a number when it stands there without quotes (resolve.go). */

export const YAML_BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((text) => [text, false] as const),
]);

const INFINITIES: ReadonlyMap<string, number> = new Map([
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((text) => [text, Number.POSITIVE_INFINITY] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((text) => [text, Number.NEGATIVE_INFINITY] as const),
  ...['.nan', '.NaN', '.NAN'].map((text) => [text, Number.NaN] as const),
]);
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
/** strconv.ParseInt with base 0: 0755 is octal, as is 0o755. */
const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** An integer of 64 bits as a bigint, any other number as a number, null for everything else. Underscores are ignored. */
export function yamlNumber(text: string): bigint | number | null {
  const special = INFINITIES.get(text);
  if (special !== undefined) return special;
  if (!/^[-+.\d]/.test(text)) return null;
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const match = INTEGER.exec(plain);
  if (match !== null) {
    const [, sign, hex, binary, octal, decimal] = match;
    const digits =
      hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : (decimal ?? '0');
    const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
    if (value >= INT64_MIN && value <= UINT64_MAX) return value;
  }
  return FLOAT.test(plain) ? Number(plain) : null;
}
