/** Go's time.ParseDuration: 1h30m, 1.5s, -10ms. Where Go's configuration types use time.Duration instead of Prometheus' own. */
const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, with a fraction where the text has one, or Go's error text. */
export function parseGoDuration(text: string): number | { readonly error: string } {
  const quoted = JSON.stringify(text);
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return 0;
  if (unsigned === '') return { error: `time: invalid duration ${quoted}` };
  let total = 0;
  let rest = unsigned;
  while (rest !== '') {
    const part = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (part === null) return { error: `time: invalid duration ${quoted}` };
    const [whole, number, unit = ''] = part;
    if (unit === '') return { error: `time: missing unit in duration ${quoted}` };
    const factor = UNIT_MS[unit];
    if (factor === undefined) return { error: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` };
    total += Number(number) * factor;
    rest = rest.slice(whole.length);
  }
  return text.startsWith('-') ? -total : total;
}
