/** A rule group as read from a rule file: parsed, checked, with defaults filled in (reader: rule-file.ts). */
import { xxHash64 } from '../lib/xxhash64.ts';
import type { DurationMs } from '../model/time.ts';
import type { Expr } from '../promql/ast.ts';

export type RecordingRule = {
  readonly kind: 'recording';
  /** Name of the series that it writes. */
  readonly name: string;
  readonly expr: Expr;
  /** Plain texts; group labels are merged in. */
  readonly labels: Readonly<Record<string, string>>;
};

export type AlertingRule = {
  readonly kind: 'alerting';
  readonly name: string;
  readonly expr: Expr;
  readonly forMs: DurationMs;
  readonly keepFiringForMs: DurationMs;
  /** Templates; group labels are merged in. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

export type Rule = RecordingRule | AlertingRule;

export type RuleGroup = {
  readonly file: string;
  readonly name: string;
  readonly intervalMs: DurationMs;
  readonly queryOffsetMs: DurationMs;
  /** Series or alerts that one rule may give; 0: no limit. */
  readonly limit: number;
  readonly rules: readonly Rule[];
};

export const groupKeyOf = (group: Pick<RuleGroup, 'file' | 'name'>): string => `${group.file};${group.name}`;

/** Groups evaluate at offset + n · interval: spread, and always at the same times. */
export const groupOffsetMs = (group: Pick<RuleGroup, 'file' | 'name' | 'intervalMs'>): number =>
  Number(xxHash64(new TextEncoder().encode(groupKeyOf(group))) % BigInt(group.intervalMs));
