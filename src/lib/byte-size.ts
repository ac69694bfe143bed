/** Byte sizes as Prometheus reads them (alecthomas/units Base2Bytes): 10KB, 1.5GiB, 1GB512MB; every prefix is a power of 1024. */
const PREFIXES = 'KMGTPE';

/** Whole bytes, or the reference's error text. May be negative. */
export function parseByteSize(text: string): number | { readonly error: string } {
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0;
  if (!/^(?:\d+\.?\d*|\.\d+)/.test(unsigned)) return { error: `units: invalid ${text}` };
  // One number must not mix KiB and KB; the reference tries both spellings in turn.
  const binary = sum(unsigned, 'iB');
  const total = typeof binary === 'number' ? binary : sum(unsigned, 'B');
  if (typeof total === 'string')
    return { error: total === '' ? `units: invalid ${text}` : `units: unknown unit ${total.trim()} in ${text}` };
  if (total > 2 ** 63) return { error: 'units: overflow parsing unit' };
  return Math.trunc(text.startsWith('-') ? -total : total);
}

/** The bytes, or the unit that does not exist (with a space before it), or '' where a number is malformed. */
function sum(text: string, suffix: string): number | string {
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (part === null) return '';
    const [whole, number, unit = ''] = part;
    const factor = unit === 'B' ? 1 : factorOf(unit, suffix);
    if (factor === null) return ` ${unit}`;
    total += Number(number) * factor;
    rest = rest.slice(whole.length);
  }
  return total;
}

function factorOf(unit: string, suffix: string): number | null {
  const power = PREFIXES.indexOf(unit.startsWith('k') ? 'K' : (unit[0] ?? ' '));
  return power < 0 || unit.slice(1) !== suffix ? null : 1024 ** (power + 1);
}
