/** What the engine thread needs of a configuration, and how it crosses: secrets become marked texts on the wire. */

import { Secret } from '../../model/secret.ts';
import type { DurationMs } from '../../model/time.ts';
import type { ParserOptions } from '../../promql/parser.ts';
import type { RelabelConfig, ScrapeConfig } from '../../scrape/scrape-config.ts';

export type EngineConfig = {
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly ruleFiles: readonly { readonly path: string; readonly text: string }[];
  readonly evaluationIntervalMs: DurationMs;
  readonly ruleQueryOffsetMs: DurationMs;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly alertRelabelConfigs: readonly RelabelConfig[];
  /** With route prefix, without a slash at the end. */
  readonly externalUrl: string;
  readonly nameScheme: 'utf8' | 'legacy';
  readonly parser: ParserOptions;
};

type WireSecret = { readonly secretText: string };

/** Plain data that structured clone copies: every Secret becomes {secretText}. */
export function toWire<T>(value: T): unknown {
  if (value instanceof Secret) return { secretText: value.reveal() } satisfies WireSecret;
  if (Array.isArray(value)) return value.map(toWire);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toWire(inner)]));
  return value;
}

/** The inverse; `T` is what toWire was given. */
export function fromWire<T>(value: unknown): T {
  return revive(value) as T;
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === 'secretText') return new Secret(String(entries[0][1]));
  return Object.fromEntries(entries.map(([key, inner]) => [key, revive(inner)]));
}

/** What --enable-feature switches on in the language. */
export const parserOptions = (features: readonly string[]): ParserOptions => ({
  experimentalFunctions: features.includes('promql-experimental-functions'),
  durationExpressions: true,
  extendedRangeSelectors: features.includes('promql-extended-range-selectors'),
  binopFillModifiers: features.includes('promql-binop-fill-modifiers'),
});
