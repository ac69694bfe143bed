/** Series lines of test scripts, their runs spelled out: `name{label="value"} 1 2+3x4 _ {{sum:1 count:2}}x3`. */
import type { Labels } from '../../../src/model/labels.ts';
import { formatParseError, type ParseError } from '../../../src/promql/parse-error.ts';
import { type SequenceValue, sequenceValues } from '../../../src/promql/sequence.ts';
import { parseMetric, parseSeriesDescription } from '../../../src/promql/series-description.ts';

export type SeriesLine = { readonly labels: Labels; readonly items: readonly SequenceValue[] };

export function parseSeriesLine(line: string): SeriesLine {
  const parsed = parseSeriesDescription(line);
  if ('errors' in parsed) throw failure(line, parsed.errors);
  return { labels: parsed.labels, items: [...sequenceValues(parsed.runs)] };
}

export function parseSeriesLabels(text: string): Labels {
  const parsed = parseMetric(text);
  if ('errors' in parsed) throw failure(text, parsed.errors);
  return parsed.labels;
}

const failure = (text: string, [error]: readonly ParseError[]): Error =>
  new Error(`${text}: ${error === undefined ? '' : formatParseError(text, error)}`);
