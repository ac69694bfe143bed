/** Samples in Prometheus' text format 0.0.4, names that are not of the old kind in quotes (common/expfmt/text_create.go). */
import { goFormatG } from '../../lib/go-float.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { isLegacyLabelName, isLegacyMetricName, type Labels, METRIC_NAME } from '../../model/labels.ts';
import { type EscapingScheme, escapeName } from '../../model/name-escaping.ts';

export const typeLine = (metric: string, escaping: EscapingScheme): string =>
  `# TYPE ${metricText(escapeName(metric, escaping))} untyped\n`;

/** An instance label is always there, empty where the series has none, so that a federating server adds none of its own. */
export function sampleLine(
  labels: Labels,
  { value, atMs }: { readonly value: number; readonly atMs: number },
  escaping: EscapingScheme,
): string {
  const name = escapeName(labels.get(METRIC_NAME), escaping);
  const pairs = [...labels.without([METRIC_NAME])].map(
    ([label, text]) => `${labelText(escapeName(label, escaping))}="${escapeValue(text)}"`,
  );
  if (!labels.has('instance')) pairs.push('instance=""');
  const series = isLegacyMetricName(name) ? `${name}{${pairs.join(',')}}` : `{${[goQuote(name), ...pairs].join(',')}}`;
  return `${series} ${goFormatG(value)} ${atMs}\n`;
}

const metricText = (name: string): string => (isLegacyMetricName(name) ? name : goQuote(name));
const labelText = (name: string): string => (isLegacyLabelName(name) ? name : goQuote(name));

/** The format has no other escapes: a reader takes any other backslash for itself. */
const escapeValue = (text: string): string => text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
