/** What rules need of the engine around them. */

import type { FloatHistogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';
import type { Expr } from '../promql/ast.ts';
import type { AlertTemplate } from '../template/alert-template.ts';
import type { AlertChange, RuleAlertRow } from './alert-state.ts';

/** An element of an instant vector; a scalar is one element without labels. */
export type Element = { readonly labels: Labels; readonly value: number; readonly histogram: FloatHistogram | null };

export type QueryOutcome =
  | { readonly kind: 'vector'; readonly elements: readonly Element[] }
  | { readonly kind: 'failed'; readonly error: string };

export type Expansion = { readonly text: string } | { readonly error: string };

/** Expands templates with one element of a result. */
export type Expander = (template: AlertTemplate) => Expansion;

export interface RuleEnvironment {
  /** How far a selector looks back for its newest sample. */
  readonly lookbackDeltaMs: DurationMs;
  /** Other annotations of an alert are told to the router at most this often. */
  readonly resendDelayMs: DurationMs;
  /** Evaluates at one instant, in slices; other work goes on between them. */
  query(expr: Expr, at: UnixMs): Promise<QueryOutcome>;
  /** For the templates of an alert's labels and annotations. The element is as the result has it, its name included. */
  expander(element: Element, at: UnixMs): Expander;
  /** The alert as it is sent: external labels added, relabelled; null when relabelling drops it. */
  outgoing(labels: Labels): Labels | null;
  /** Link to the expression in the query page. */
  generatorUrl(expr: Expr): string;
  /** Null, or what to wait for: this thread was held for a slice, others take their turn. Asked between pieces of work. */
  pause(): Promise<void> | null;
  /** Hands an evaluation to control; done when it is on disk. */
  report(report: EvaluationReport): Promise<void>;
}

export type EvaluationReport = {
  readonly groupKey: string;
  readonly at: UnixMs;
  readonly intervalMs: number;
  readonly changes: readonly AlertChange[];
  readonly stored: readonly RuleAlertRow[];
  readonly removed: readonly string[];
};
