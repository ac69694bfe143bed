/** label_replace and label_join: they change label sets and look at no sample. */
import { isUtf8LabelName, Labels, METRIC_NAME } from '../../model/labels.ts';
import { compileGroupRegex, expandTemplate, parseTemplate } from '../../model/regex-groups.ts';
import { asVector, type Value, vectorOf } from '../evaluation.ts';
import { executionError } from '../query-error.ts';
import { mergeEqualRows, type SeriesBlock } from '../series-block.ts';
import type { CallSite, VectorFunction } from '../vector-function.ts';
import { textOf } from './vector.ts';

function labelReplace({ args, call }: CallSite): Value {
  const [destination = '', template = '', source = '', pattern = ''] = call.args.slice(1).map(textOf);
  const regex = compileGroupRegex(pattern);
  if ('error' in regex) throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  if (!isUtf8LabelName(destination)) throw executionError(`invalid destination label name in label_replace(): ${destination}`);
  const replacement = parseTemplate(template);
  return relabel(asVector(args[0]), destination, (labels) => {
    const match = regex.match(labels.get(source));
    return match === null ? null : expandTemplate(replacement, match);
  });
}

function labelJoin({ args, call }: CallSite): Value {
  const destination = textOf(call.args[1]);
  const separator = textOf(call.args[2]);
  const sources = call.args.slice(3).map(textOf);
  for (const source of sources) {
    if (!isUtf8LabelName(source)) throw executionError(`invalid source label name in label_join(): ${source}`);
  }
  if (!isUtf8LabelName(destination)) throw executionError(`invalid destination label name in label_join(): ${destination}`);
  return relabel(asVector(args[0]), destination, (labels) => sources.map((source) => labels.get(source)).join(separator));
}

/** A row for which `value` is null stays as it is. A name that was given anew is kept. */
function relabel(block: SeriesBlock, destination: string, value: (labels: Labels) => string | null): Value {
  for (let row = 0; row < block.rows; row++) {
    const labels = block.labels[row] ?? Labels.empty;
    const text = value(labels);
    if (text === null) continue;
    if (text !== labels.get(destination)) {
      block.labels[row] = labels.with([[destination, text]]);
      block.hasUniqueLabels = false;
    }
    if (destination === METRIC_NAME) block.dropsName[row] = false;
  }
  return vectorOf(mergeEqualRows(block));
}

export const LABEL: Readonly<Record<string, VectorFunction>> = { label_replace: labelReplace, label_join: labelJoin };
