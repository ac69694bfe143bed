/** The values of a series in test notation: runs as they were written, and the single values that they stand for. */
import type { FloatHistogram } from '../model/histogram.ts';
import { add, draftOf, subtract } from './histogram/histogram-draft.ts';

/** `count` values, each the one before it plus the step; a run of histograms adds or subtracts. */
export type SequenceRun =
  | { readonly kind: 'omitted'; readonly count: number }
  | { readonly kind: 'float'; readonly value: number; readonly step: number; readonly count: number }
  | {
      readonly kind: 'histogram';
      readonly histogram: FloatHistogram;
      readonly step: { readonly op: '+' | '-'; readonly histogram: FloatHistogram } | null;
      /** The last histogram written named its counter reset hint: 'unknown' is then a claim, not the default. */
      readonly isHintGiven: boolean;
      readonly count: number;
    };

export type SequenceValue =
  | { readonly kind: 'omitted' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: FloatHistogram; readonly isHintGiven: boolean };

/** How many values the runs stand for; may be far more than memory holds. */
export const sequenceLength = (runs: readonly SequenceRun[]): number => runs.reduce((length, run) => length + run.count, 0);

/** The values, one at a time. */
export function* sequenceValues(runs: readonly SequenceRun[]): Generator<SequenceValue> {
  for (const run of runs) {
    switch (run.kind) {
      case 'omitted':
        for (let i = 0; i < run.count; i++) yield { kind: 'omitted' };
        break;
      case 'float': {
        // Added step by step, as Prometheus does: i * step would round differently.
        let { value } = run;
        for (let i = 0; i < run.count; i++) {
          yield { kind: 'float', value };
          if (run.step !== 0) value += run.step;
        }
        break;
      }
      case 'histogram': {
        const { step, isHintGiven } = run;
        let { histogram } = run;
        for (let i = 0; i < run.count; i++) {
          if (i > 0 && step !== null) histogram = combined(step.op, histogram, step.histogram);
          yield { kind: 'histogram', histogram, isHintGiven };
        }
        break;
      }
    }
  }
}

function combined(op: '+' | '-', left: FloatHistogram, right: FloatHistogram): FloatHistogram {
  const draft = draftOf(left);
  const outcome = op === '+' ? add(draft, right) : subtract(draft, right);
  if (outcome === null) throw new Error('BUG: the parser takes no run of histograms that do not fit');
  return draft;
}
