/** textparse/: whole expositions to entries, first errors, and which parser reads an answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Labels } from '../../../src/model/labels.ts';
import { chooseFormat } from '../../../src/scrape/exposition/content-type.ts';
import { openParser } from '../../../src/scrape/exposition/open-parser.ts';
import type { ExpositionParser } from '../../../src/scrape/exposition/parser.ts';
import type { ScrapeProtocol } from '../../../src/scrape/scrape-config.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Format = 'text' | 'openmetrics';
type Input = string | { readonly $hex: string };
type Options = {
  readonly typeAndUnitLabels?: boolean;
  readonly skipSTSeries?: boolean;
  readonly convertClassicHistogramsToNHCB?: boolean;
  readonly keepClassicOnClassicAndNativeHistograms?: boolean;
};
type FullCase = {
  readonly id: number;
  readonly format: Format;
  readonly options?: Options;
  readonly input: Input;
  readonly compareOnly?: readonly string[];
  readonly expected: readonly Readonly<Record<string, unknown>>[];
};
type ErrorCase = {
  readonly id: number;
  readonly format: Format;
  readonly options?: Options;
  readonly input: Input;
  readonly error: string | null;
};
type ContentTypeCase = {
  readonly id: number;
  readonly contentType: string;
  readonly fallbackScrapeProtocol: ScrapeProtocol | null;
  readonly parser: string | null;
  readonly errorContains: string | null;
};

/** Errors whose text is part of the contract; of others only their being there. */
const SEMANTIC = [
  'invalid metric type',
  'data does not end with # EOF',
  'unexpected data after # EOF',
  'not a suffix of metric',
  'metric name not set',
  'invalid UTF-8 label value',
  'invalid timestamp',
  'invalid exemplar timestamp',
  'unsupported character in float',
];

const cases = <Case>(dir: string, file: string): readonly Case[] =>
  (JSON.parse(readFileSync(join(dir, file), 'utf8')) as { cases: readonly Case[] }).cases;

const open = (format: Format, input: Input, options: Options = {}): ExpositionParser =>
  openParser(format, typeof input === 'string' ? Buffer.from(input) : Buffer.from(input.$hex, 'hex'), {
    typeAndUnitLabels: options.typeAndUnitLabels ?? false,
    startTimestamps: options.skipSTSeries ?? false,
    convertClassicHistogramsToNhcb: options.convertClassicHistogramsToNHCB ?? false,
    keepClassicHistograms: options.keepClassicOnClassicAndNativeHistograms ?? false,
  });

const number = (value: number): number | string =>
  Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? value : value > 0 ? '+Inf' : '-Inf';

function labelsOf(pairs: string[] | { readonly error: string }): Record<string, string> {
  if ('error' in pairs) throw new Error(pairs.error);
  return Object.fromEntries(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1] ?? '']] : [])));
}

function exemplarsOf(parser: ExpositionParser): readonly Readonly<Record<string, unknown>>[] {
  const exemplars: Record<string, unknown>[] = [];
  for (let one = parser.exemplar(); one !== null; one = parser.exemplar()) {
    const time = one.timestampMs === null ? {} : { timestampMs: one.timestampMs };
    exemplars.push({ labels: labelsOf([...one.pairs]), value: number(one.value), ...time });
  }
  return exemplars;
}

function histogramOf(parser: ExpositionParser): Readonly<Record<string, unknown>> {
  const { schema, count, sum, positiveSpans, positiveBuckets, customValues } = parser.histogram();
  const isWhole = positiveBuckets.every((bucket) => Number.isInteger(bucket));
  return {
    schema,
    count,
    sum: number(sum),
    positiveSpans: positiveSpans.map(({ offset, length }) => [offset, length]),
    positiveBuckets: positiveBuckets.map((bucket, i) => (isWhole ? bucket - (positiveBuckets[i - 1] ?? 0) : bucket)),
    customValues: customValues.map(number),
  };
}

/** The current entry in the form of the table; optional fields only where they say something. */
function entryOf(parser: ExpositionParser, kind: string): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'help':
      return { kind, metric: parser.family(), help: parser.text() };
    case 'type':
      return { kind, metric: parser.family(), type: parser.metricType() };
    case 'unit':
      return { kind, metric: parser.family(), unit: parser.text() };
    case 'series':
    case 'histogram': {
      const sample = kind === 'series' ? { value: number(parser.value) } : { histogram: histogramOf(parser) };
      const raw = Buffer.from(parser.raw.subarray(parser.rawFrom, parser.rawTo)).toString();
      const labels = labelsOf(parser.pairs());
      const startTimestampMs = parser.startTimestamp();
      const exemplars = exemplarsOf(parser);
      return {
        kind,
        raw,
        labels: Labels.of(labels).toRecord(),
        ...sample,
        ...(parser.hasTimestamp ? { timestampMs: parser.timestampMs } : {}),
        ...(startTimestampMs === 0 ? {} : { startTimestampMs }),
        ...(exemplars.length === 0 ? {} : { exemplars }),
      };
    }
    default:
      return { kind, comment: Buffer.from(parser.raw.subarray(parser.rawFrom, parser.rawTo)).toString() };
  }
}

function entries(parser: ExpositionParser): readonly Readonly<Record<string, unknown>>[] {
  const all: Readonly<Record<string, unknown>>[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'error') throw new Error(parser.error);
    all.push(entryOf(parser, kind));
  }
  return all;
}

/** The fields that a table compares; the values of the others are not filled in there. */
function narrowed(all: readonly Readonly<Record<string, unknown>>[], fields: readonly string[] | undefined): unknown {
  if (fields === undefined) return all;
  return all.map((entry) => Object.fromEntries(['kind', 'metric', ...fields].map((field) => [field, entry[field] ?? 0])));
}

function firstError(parser: ExpositionParser): string | null {
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) if (kind === 'error') return parser.error;
  return null;
}

export const run: KindRunner = async (dir) => {
  const results: CaseResult[] = [];
  for (const { id, format, input, options, compareOnly, expected } of cases<FullCase>(dir, 'full.json')) {
    const want = narrowed(expected, compareOnly);
    results.push(await checkCase(`full.json#${id}`, want, () => narrowed(entries(open(format, input, options)), compareOnly)));
  }
  for (const { id, format, input, options, error } of cases<ErrorCase>(dir, 'errors.json')) {
    const semantic = SEMANTIC.find((text) => error?.includes(text) === true);
    const judged = (text: string | null): string | null => (semantic === undefined && text !== null ? 'an error' : text);
    results.push(await checkCase(`errors.json#${id}`, judged(error), () => judged(firstError(open(format, input, options)))));
  }
  for (const { id, contentType, fallbackScrapeProtocol, parser, errorContains } of cases<ContentTypeCase>(dir, 'content_type.json')) {
    results.push(
      await checkCase(`content_type.json#${id}`, { parser, errorContains }, () => {
        const { format, problem } = chooseFormat(contentType, fallbackScrapeProtocol);
        return {
          parser: format,
          errorContains: errorContains !== null && problem?.includes(errorContains) === true ? errorContains : problem,
        };
      }),
    );
  }
  return results;
};
