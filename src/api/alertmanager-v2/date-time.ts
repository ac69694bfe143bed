/** Times as API v2 reads them: what go-openapi's strfmt takes as date-time. Finer than milliseconds is cut off. */
import { parseTime, RFC3339_NANO } from '../../lib/go-time.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';

/** Go's zero time, which stands for "not given". */
export const ZERO_TIME_MS = unixMs(-62_135_596_800_000);

const UTC_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z$/;
const LAYOUTS = [
  '2006-01-02T15:04:05.000000Z0700',
  '2006-01-02T15:04:05.000Z0700',
  RFC3339_NANO,
  '2006-01-02T15:04:05',
  '2006-01-02T15:04Z',
  '2006-01-02T15:04',
  '2006-01-02 15:04:05',
  '2006-01-02',
];

/** The instant, or Go's words for why it is none. The empty text is the epoch, as there. */
export function parseDateTime(text: string): UnixMs | { readonly error: string } {
  if (text === '') return unixMs(0);
  const fast = utcTime(text);
  if (fast !== null) return fast;
  let error = '';
  for (const layout of LAYOUTS) {
    const parsed = parseTime(layout, text);
    if (!('error' in parsed)) return unixMs(parsed.seconds * 1000 + Math.floor(parsed.nanos / 1e6));
    error = parsed.error;
  }
  return { error };
}

/** What nearly every client writes; null for anything unusual, right or wrong. */
function utcTime(text: string): UnixMs | null {
  const match = UTC_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  if (Number(year) < 100 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), ms);
  // A day that the month does not have would run over into the next one.
  return new Date(at).getUTCDate() === Number(day) && Number(month) >= 1 && Number(month) <= 12 ? unixMs(at) : null;
}
