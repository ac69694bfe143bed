/** label_replace and label_join: they change label sets and look at no sample. */
import { isUtf8LabelName, Labels, METRIC_NAME } from '../../model/labels.ts';
import { compileGroupRegex, expandedLength, expandTemplate, parseTemplate } from '../../model/regex-groups.ts';
import { type Evaluation, LABELS_WORK, textWeight } from '../evaluation.ts';
import { executionError, type QueryError } from '../query-error.ts';
import type { CallPlan } from '../query-plan.ts';
import { mergeEqualRows, type SeriesBlock } from '../series-block.ts';
import { textOf } from './vector.ts';

/** A series for which `value` is null stays as it is. */
type LabelChange = { readonly destination: string; readonly value: (labels: Labels) => string | null };

function labelReplace(call: CallPlan): LabelChange {
  const [destination = '', template = '', source = '', pattern = ''] = call.args.slice(1).map(textOf);
  const regex = compileGroupRegex(pattern);
  if ('error' in regex) throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  if (!isUtf8LabelName(destination)) throw executionError(`invalid destination label name in label_replace(): ${destination}`);
  const replacement = parseTemplate(template);
  const value = (labels: Labels): string | null => {
    const match = regex.match(labels.get(source));
    if (match === null) return null;
    if (expandedLength(replacement, match) > LENGTH_MAX) throw tooLong('label_replace', destination);
    return expandTemplate(replacement, match);
  };
  return { destination, value };
}

function labelJoin(call: CallPlan): LabelChange {
  const destination = textOf(call.args[1]);
  const separator = textOf(call.args[2]);
  const sources = call.args.slice(3).map(textOf);
  for (const source of sources) {
    if (!isUtf8LabelName(source)) throw executionError(`invalid source label name in label_join(): ${source}`);
  }
  if (!isUtf8LabelName(destination)) throw executionError(`invalid destination label name in label_join(): ${destination}`);
  const value = (labels: Labels): string => {
    const texts = sources.map((source) => labels.get(source));
    const length = texts.reduce((sum, text) => sum + text.length, separator.length * Math.max(0, texts.length - 1));
    if (length > LENGTH_MAX) throw tooLong('label_join', destination);
    return texts.join(separator);
  };
  return { destination, value };
}

/** Of a label that is made: a call doubles the length as often as it is nested. */
const LENGTH_MAX = 1 << 20;

const tooLong = (name: string, destination: string): QueryError =>
  executionError(`value of label ${destination} in ${name}() is longer than ${LENGTH_MAX} characters`);

/** In place. A name that was given anew is kept. */
export function* relabel(evaluation: Evaluation, block: SeriesBlock, { destination, value }: LabelChange): Generator<void, SeriesBlock> {
  let textHeld = 0;
  for (let row = 0; row < block.rows; row++) {
    if (evaluation.isSliceOver(LABELS_WORK * 2)) yield;
    const labels = block.labels[row] ?? Labels.empty;
    const text = value(labels);
    if (text === null) continue;
    if (text !== labels.get(destination)) {
      textHeld += textWeight(text);
      evaluation.touch(Math.floor(textHeld));
      block.labels[row] = labels.with([[destination, text]]);
      block.hasUniqueLabels = false;
    }
    if (destination === METRIC_NAME) block.dropsName[row] = false;
  }
  return yield* mergeEqualRows(evaluation, block);
}

/** What a call asks for; throws where that is nothing that can be done, whatever the vector. */
export const LABEL_CHANGES: Readonly<Record<string, (call: CallPlan) => LabelChange>> = {
  label_replace: labelReplace,
  label_join: labelJoin,
};
