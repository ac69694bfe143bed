/** Templates in the labels and annotations of alerting rules (prometheus/rules/alerting.go). */
import { ANY, asElement, type GoFunction, type GoValue, goString } from '../lib/go-value.ts';
import type { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';
import { ALERT_DATA, contextFunctions, goLabels, goSampleValue, type TemplateQuery } from './prometheus-functions.ts';
import { expansionOf, prometheusTemplates } from './prometheus-template.ts';
import type { Prepared } from './template-set.ts';

export type AlertTemplateInput = {
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
/** What Go's errors call the template. */
const templateName = (alert: string): string => `__alert_${alert}`;

/** A text of one rule, parsed once. */
export type AlertTemplate = { readonly name: string; readonly text: string; readonly prepared: Prepared | null };

export function alertTemplate(alert: string, text: string): AlertTemplate {
  const name = templateName(alert);
  return { name, text, prepared: isPlain(text) ? null : TEMPLATES.prepareText(PRELUDE + text, name) };
}

export type AlertExpansion = { readonly text: string } | { readonly error: string };

/**
 * Expands templates with one sample: the text, or why not. Prometheus puts `<error expanding template: …>` in the value's
 * place and goes on.
 */
export function alertExpander(input: AlertTemplateInput): (template: AlertTemplate) => AlertExpansion {
  let data: GoValue | null = null;
  let functions: ReadonlyMap<string, GoFunction> | null = null;
  const bind = (): ReadonlyMap<string, GoFunction> => (functions ??= contextFunctions(input));
  return ({ name, text, prepared }) => {
    if (prepared === null) return { text };
    data ??= alertData(input);
    return expansionOf(name, TEMPLATES.runText(prepared, data, { name, bind }));
  };
}

function alertData(input: AlertTemplateInput): GoValue {
  const fields = [
    goLabels(input.labels),
    goLabels(input.externalLabels),
    goString(input.externalUrl),
    asElement(ANY, goSampleValue(input)),
  ];
  return { kind: 'struct', type: ALERT_DATA, fields };
}

/** Whether the text parses and names known functions: null, or Go's error. Load-time checks ask. */
export function checkAlertTemplate(name: string, text: string): string | null {
  return isPlain(text) ? null : TEMPLATES.check(PRELUDE + text, templateName(name));
}
