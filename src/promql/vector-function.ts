/** A function whose arguments are instant vectors, scalars and strings: it sees them whole, at all steps. */
import { type Evaluation, isInstant, type StepRange, type Value, vectorOf } from './evaluation.ts';
import type { CallPlan } from './query-plan.ts';
import { assertUniqueRows, dropNames, mergeEqualRows, type SeriesBlock } from './series-block.ts';

export type CallSite = {
  readonly evaluation: Evaluation;
  readonly call: CallPlan;
  readonly range: StepRange;
  /** Evaluated; blocks belong to the function now. */
  readonly args: readonly Value[];
};

/** Functions that touch every cell are generators, so that a large vector does not take the thread for long. */
export type VectorFunction = (site: CallSite) => Value | Generator<void, Value>;

/**
 * What every operation on instant vectors does with its result: equal label sets are an error at one step. Over a range,
 * rows that have no step in common become one series; with delayed name removal an instant query looks only at its end.
 */
export function* settle(evaluation: Evaluation, range: StepRange, block: SeriesBlock): Generator<void, SeriesBlock> {
  if (!isInstant(range)) return yield* mergeEqualRows(evaluation, block);
  if (!evaluation.options.delayedNameRemoval) yield* assertUniqueRows(evaluation, block);
  return block;
}

/** A result that is a new metric. */
export function* settleNameless({ evaluation, range }: CallSite, block: SeriesBlock): Generator<void, Value> {
  yield* dropNames(evaluation, block);
  return vectorOf(yield* settle(evaluation, range, block));
}
