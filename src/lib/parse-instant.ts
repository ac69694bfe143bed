/** An instant as Prometheus' API and tools take it: Unix seconds with fractions, or RFC 3339. */

/** Milliseconds since the Unix epoch, or null where the text is neither. */
export function parseInstantMs(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const seconds = Number(text);
    return Number.isFinite(seconds) ? Math.round(seconds * 1000) : null;
  }
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.exec(text) ?? [];
  // Date takes 30 February for 2 March.
  if (day === undefined || Number(day) > daysIn(Number(year), Number(month))) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
