/** Templates in the labels and annotations of alerting rules (prometheus/rules/alerting.go). */
import { ANY, asElement, goString } from '../lib/go-value.ts';
import type { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';
import { ALERT_DATA, goLabels, goSampleValue, type TemplateQuery } from './prometheus-functions.ts';
import { expandTemplate, prometheusTemplates } from './prometheus-template.ts';

export type AlertTemplateInput = {
  /** The alert's name; Go's errors call the template `__alert_<name>`. */
  readonly name: string;
  /** Of the sample, its metric name included. */
  readonly labels: Labels;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly value: number;
  /** The text of a native histogram, in place of `value`. */
  readonly histogram?: string;
  readonly at: UnixMs;
  readonly query: TemplateQuery;
};

const PRELUDE = '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';
/** A memo of parsed texts; it holds no state that shows. */
const TEMPLATES = prometheusTemplates('text', 'zero');
const isPlain = (text: string): boolean => !text.includes('{{');
const templateName = (alert: string): string => `__alert_${alert}`;

/** The text, or why not. Prometheus puts `<error expanding template: …>` in the value's place and goes on. */
export function expandAlertTemplate(text: string, input: AlertTemplateInput): { readonly text: string } | { readonly error: string } {
  if (isPlain(text)) return { text };
  const { labels, externalLabels, externalUrl, at, query } = input;
  const fields = [goLabels(labels), goLabels(externalLabels), goString(externalUrl), asElement(ANY, goSampleValue(input))];
  return expandTemplate(TEMPLATES, {
    mode: 'text',
    name: templateName(input.name),
    text: PRELUDE + text,
    data: { kind: 'struct', type: ALERT_DATA, fields },
    context: { query, at, externalUrl },
  });
}

/** Whether the text parses and names known functions: null, or Go's error. Load-time checks ask. */
export function checkAlertTemplate(name: string, text: string): string | null {
  return isPlain(text) ? null : TEMPLATES.check(PRELUDE + text, templateName(name));
}
