/** A cause in one line, and the steps that led to it: what the parts of an explanation hand to each other. */
import type { ExplanationCause, ExplanationStage } from '../../api/tocsin-v1/explanation.ts';

export type Finding = { readonly cause: ExplanationCause; readonly verdict: string };

export const iso = (at: number): string => new Date(at).toISOString();

export function stage(
  name: ExplanationStage['stage'],
  verdict: ExplanationStage['verdict'],
  reason: string,
  more: { readonly at?: number | null; readonly details?: readonly string[]; readonly stages?: readonly ExplanationStage[] } = {},
): ExplanationStage {
  const { at = null, details = [], stages = [] } = more;
  return { stage: name, verdict, reason, at: at === null ? null : iso(at), details, stages };
}
