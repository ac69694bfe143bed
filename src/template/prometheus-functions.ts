/** The functions of Prometheus' templates (prometheus/template): alert labels and annotations. */

import { goToLower, goToUpper } from '../lib/go-case.ts';
import { isIpAddress, splitHostPort } from '../lib/go-net.ts';
import { titleCase } from '../lib/go-strings.ts';
import { parseGoUrl } from '../lib/go-url.ts';
import {
  ANY,
  ANY_MAP,
  asElement,
  GoCallError,
  type GoFunction,
  type GoStruct,
  type GoType,
  type GoValue,
  goFloat,
  goFunction,
  goMap,
  goMethod,
  goPointer,
  goString,
  goVariadic,
  pointerTo,
  STRING,
  STRING_MAP,
} from '../lib/go-value.ts';
import { queryEscape } from '../lib/query-escape.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { parseDuration } from '../model/duration.ts';
import type { Labels } from '../model/labels.ts';
import type { UnixMs } from '../model/time.ts';
import { itemsArgument, textArgument } from './arguments.ts';
import { HTML_CONTENT } from './content.ts';
import { HUMANIZE, HUMANIZE_1024, HUMANIZE_DURATION, HUMANIZE_PERCENTAGE, HUMANIZE_TIMESTAMP, timeOfSeconds, toFloat } from './humanize.ts';
import { REGEX_FUNCTIONS } from './regex-functions.ts';
import { goDuration, goTime, truncatedToInt64 } from './time-values.ts';

/** One element of an instant vector. A native histogram comes as its text, `value` then does not count. */
export type TemplateSample = { readonly labels: Labels; readonly value: number; readonly histogram?: string };

/** Answers a PromQL query in the middle of a template. */
export type TemplateQuery = (expression: string) => readonly TemplateSample[] | { readonly error: string };

export type PrometheusContext = {
  readonly query: TemplateQuery;
  /** The evaluation's instant. */
  readonly at: UnixMs;
  /** --web.external-url, without a trailing slash in its path. */
  readonly externalUrl: string;
};

const HISTOGRAM: GoType = {
  name: 'histogram.FloatHistogram',
  kind: 'struct',
  fields: [],
  methods: new Map([['String', goMethod([], (self) => goString(self.kind === 'struct' ? String(self.native) : ''))]]),
};
const SAMPLE: GoType = {
  name: 'template.sample',
  kind: 'struct',
  fields: [
    { name: 'Labels', type: STRING_MAP },
    { name: 'Value', type: ANY },
  ],
};
const SAMPLE_POINTER = pointerTo(SAMPLE);
const QUERY_RESULT: GoType = { name: 'template.queryResult', kind: 'slice', element: SAMPLE_POINTER };

export function goLabels(labels: Labels): GoValue {
  return goMap(STRING_MAP, new Map([...labels].map(([name, value]) => [name, goString(value)])));
}

/** What `.Value` of a sample or an alert holds. */
export function goSampleValue(sample: Pick<TemplateSample, 'value' | 'histogram'>): GoValue {
  if (sample.histogram === undefined) return goFloat(sample.value);
  return goPointer({ kind: 'struct', type: HISTOGRAM, fields: [], native: sample.histogram });
}

function goSample(sample: TemplateSample): GoValue {
  return goPointer({ kind: 'struct', type: SAMPLE, fields: [goLabels(sample.labels), asElement(ANY, goSampleValue(sample))] });
}

function sampleOf(value: GoValue | null | undefined): GoStruct {
  if (value?.kind !== 'pointer' || value.to?.kind !== 'struct')
    throw new GoCallError('runtime error: invalid memory address or nil pointer dereference');
  return value.to;
}

function labelOf(sample: GoStruct, name: string): string {
  const [labels] = sample.fields;
  const value = labels?.kind === 'map' ? labels.entries?.get(name) : undefined;
  return value?.kind === 'string' ? value.text : '';
}

const text = (make: (text: string) => string): GoFunction => goFunction([STRING], (args) => goString(make(textArgument(args, 0))));

function seconds(duration: string): number {
  const negative = duration.startsWith('-');
  const parsed = parseDuration(negative ? duration.slice(1) : duration);
  if (typeof parsed !== 'number') throw new GoCallError(parsed.error);
  return (negative ? -parsed : parsed) / 1000;
}

function stripPort(hostPort: string): string {
  return splitHostPort(hostPort)?.host ?? hostPort;
}

function stripDomain(hostPort: string): string {
  const split = splitHostPort(hostPort);
  const host = split?.host ?? hostPort;
  if (isIpAddress(host)) return hostPort;
  const [first = ''] = host.split('.');
  if (split === null || split.port === '') return first;
  return /[:%]/.test(first) ? `[${first}]:${split.port}` : `${first}:${split.port}`;
}

const graphLink = (expression: string, tab: 0 | 1): string => `/graph?g0.expr=${queryEscape(expression)}&g0.tab=${tab}`;

/** Everything that does not depend on the evaluation. */
const CONSTANT: readonly (readonly [name: string, implementation: GoFunction])[] = [
  [
    'first',
    goFunction([QUERY_RESULT], (args) => {
      const [first] = itemsArgument(args, 0);
      if (first === undefined) throw new GoCallError('first() called on vector with no elements');
      return first;
    }),
  ],
  ['label', goFunction([STRING, SAMPLE_POINTER], (args) => goString(labelOf(sampleOf(args[1]), textArgument(args, 0))))],
  ['value', goFunction([SAMPLE_POINTER], ([sample]) => sampleOf(sample).fields[1] ?? null)],
  ['strvalue', goFunction([SAMPLE_POINTER], ([sample]) => goString(labelOf(sampleOf(sample), '__value__')))],
  [
    'sortByLabel',
    goFunction([STRING, QUERY_RESULT], (args) => {
      const label = textArgument(args, 0);
      const items = [...itemsArgument(args, 1)].sort((a, b) => compareUtf8(labelOf(sampleOf(a), label), labelOf(sampleOf(b), label)));
      return { kind: 'slice', type: QUERY_RESULT, items };
    }),
  ],
  ['args', goVariadic([ANY], (args) => goMap(ANY_MAP, new Map(args.map((arg, i) => [`arg${i}`, arg]))))],
  ...REGEX_FUNCTIONS,
  ['safeHtml', goFunction([STRING], (args) => goString(textArgument(args, 0), HTML_CONTENT))],
  ['title', text((value) => titleCase(value, { keepsRest: true }))],
  ['toUpper', text(goToUpper)],
  ['toLower', text(goToLower)],
  ['urlQueryEscape', text(queryEscape)],
  ['graphLink', text((expression) => graphLink(expression, 0))],
  ['tableLink', text((expression) => graphLink(expression, 1))],
  ['stripPort', text(stripPort)],
  ['stripDomain', text(stripDomain)],
  ['humanize', HUMANIZE],
  ['humanize1024', HUMANIZE_1024],
  ['humanizeDuration', HUMANIZE_DURATION],
  ['humanizePercentage', HUMANIZE_PERCENTAGE],
  ['humanizeTimestamp', HUMANIZE_TIMESTAMP],
  [
    'toTime',
    goFunction([ANY], ([value]) => {
      const time = timeOfSeconds(toFloat(value ?? null));
      if (time === null) throw new GoCallError('value is NaN or Inf');
      return goPointer(goTime(time));
    }),
  ],
  ['toDuration', goFunction([ANY], ([value]) => goPointer(goDuration(truncatedToInt64(toFloat(value ?? null) * 1e9))))],
  ['parseDuration', goFunction([STRING], (args) => goFloat(seconds(textArgument(args, 0))))],
  ['parseDurationTime', goFunction([STRING], (args) => goDuration(truncatedToInt64(seconds(textArgument(args, 0)) * 1e9)))],
];

function pathOf(externalUrl: string): string {
  const url = parseGoUrl(externalUrl);
  return 'error' in url ? '' : url.path;
}

/** Those that need to know the evaluation, in the form that parsing and checking need. */
const UNBOUND: readonly (readonly [name: string, implementation: GoFunction])[] = [
  ['query', goFunction([STRING], unbound)],
  ['now', goFunction([], unbound)],
  ['externalURL', goFunction([], unbound)],
  ['pathPrefix', goFunction([], unbound)],
];

function unbound(): never {
  throw new Error('BUG: the function is not bound to an evaluation');
}

/** All names; what depends on the evaluation is to be replaced by `contextFunctions`. */
export const PROMETHEUS_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map([...CONSTANT, ...UNBOUND]);

export function contextFunctions(context: PrometheusContext): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>([
    [
      'query',
      goFunction([STRING], (args) => {
        const result = context.query(textArgument(args, 0));
        if ('error' in result) throw new GoCallError(result.error);
        return { kind: 'slice', type: QUERY_RESULT, items: result.map(goSample) };
      }),
    ],
    ['now', goFunction([], () => goFloat(context.at / 1000))],
    ['externalURL', goFunction([], () => goString(context.externalUrl))],
    ['pathPrefix', goFunction([], () => goString(pathOf(context.externalUrl)))],
  ]);
}

/** The type of an alert's data: `.Labels`, `.ExternalLabels`, `.ExternalURL`, `.Value`. */
export const ALERT_DATA: GoType = {
  name: 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  kind: 'struct',
  fields: [
    { name: 'Labels', type: STRING_MAP },
    { name: 'ExternalLabels', type: STRING_MAP },
    { name: 'ExternalURL', type: STRING },
    { name: 'Value', type: ANY },
  ],
};
