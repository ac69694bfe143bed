/** Reading of the Prometheus API's parameters, with its messages (web/api/v1/api.go). */
import { parseInstantMs } from '../../lib/parse-instant.ts';
import { parseDuration } from '../../model/duration.ts';
import type { ApiError } from './backend.ts';

/** Parameters of the URL and of a form body together; a key may come several times. */
export type Params = ReadonlyMap<string, readonly string[]>;

/** Thrown by the readers below, answered as bad_data. */
export class BadParameter extends Error {
  readonly error: ApiError;
  constructor(message: string) {
    super(message);
    this.error = { type: 'bad_data', message };
  }
}

const invalid = (name: string, why: string): BadParameter => new BadParameter(`invalid parameter "${name}": ${why}`);

export function paramsOf(...sources: readonly URLSearchParams[]): Params {
  const params = new Map<string, string[]>();
  for (const source of sources) {
    for (const [name, value] of source) {
      const values = params.get(name);
      if (values === undefined) params.set(name, [value]);
      else values.push(value);
    }
  }
  return params;
}

export const first = (params: Params, name: string): string => params.get(name)?.[0] ?? '';
export const all = (params: Params, name: string): readonly string[] => params.get(name) ?? [];

/** Unix seconds with fractions, or RFC 3339. `fallback` where it is absent; without one it is required. */
export function timeMs(params: Params, name: string, fallback?: number): number {
  const text = first(params, name);
  if (text === '' && fallback !== undefined) return fallback;
  const parsed = parseInstantMs(text);
  if (parsed === null) throw invalid(name, `cannot parse "${text}" to a valid timestamp`);
  return parsed;
}

/** Seconds with fractions, or Prometheus' spelling, as milliseconds. */
function parseLengthMs(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const ms = Number(text) * 1000;
    return Math.abs(ms) > 9_223_372_036_854 ? null : ms;
  }
  const parsed = parseDuration(text);
  return typeof parsed === 'number' ? parsed : null;
}

export function optionalLengthMs(params: Params, name: string): number | null {
  const text = first(params, name);
  if (text === '') return null;
  const parsed = parseLengthMs(text);
  if (parsed === null) throw invalid(name, `cannot parse "${text}" to a valid duration`);
  return parsed;
}

export function stepMs(params: Params): number {
  const text = first(params, 'step');
  const parsed = parseLengthMs(text);
  if (parsed === null) throw invalid('step', `cannot parse "${text}" to a valid duration`);
  if (parsed <= 0) throw invalid('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  return Math.max(1, Math.trunc(parsed));
}

/** A count; 0 where it is absent. */
export function limitOf(params: Params, name = 'limit'): number {
  const text = first(params, name);
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw invalid(name, `strconv.Atoi: parsing "${text}": invalid syntax`);
  const limit = Number(text);
  if (limit < 0) throw invalid(name, 'limit must be non-negative');
  return limit;
}

export function endAfterStart(fromMs: number, toMs: number): void {
  if (toMs < fromMs) throw invalid('end', 'end timestamp must not be before start time');
}
