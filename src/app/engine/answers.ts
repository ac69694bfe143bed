/** Answers of the Prometheus API that the engine writes as bytes: the envelope around what promql and tsdb give. */
import type { InstantQuery, QueryLimits, RangeQuery, SeriesRequest, WireAnswer } from '../../api/prometheus-v1/backend.ts';
import { jsonText } from '../../lib/json-text.ts';
import { slicedSort } from '../../lib/sliced-sort.ts';
import { TextWriter } from '../../lib/text-writer.ts';
import type { Clock } from '../../model/clock.ts';
import type { Matcher } from '../../model/matcher.ts';
import { overlap, type TimeRange } from '../../model/time.ts';
import type { QueryValue } from '../../promql/engine.ts';
import { expressionJson } from '../../promql/expression-json.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { parseMatchers } from '../../promql/parser.ts';
import { prettyExpr } from '../../promql/prettier.ts';
import { sizeOfQueryData, writeLabels, writeQueryData } from '../../promql/result-json.ts';
import type { LabelsState, Tsdb } from '../../tsdb/tsdb.ts';
import type { LabelsAnswer } from '../protocol.ts';
import { BadCall } from './call-error.ts';
import { type Cancellation, interruptOf, type QueryService, type RunQuery } from './query-service.ts';
import { runSliced } from './slicing.ts';

/** Of each kind in an answer; how many more there were is said. */
const ANNOTATIONS_MAX = 10;
const TRUNCATED = 'results truncated due to limit';
const encoder = new TextEncoder();

export function instantAnswer(queries: QueryService, request: InstantQuery, cancellation: Cancellation): Promise<WireAnswer> {
  const { query, atMs } = request;
  return queries.run({ text: query, startMs: atMs, endMs: atMs, stepMs: 0 }, request, cancellation, (result) =>
    queryAnswer(result, request, queries.clock, cancellation),
  );
}

export function rangeAnswer(queries: QueryService, request: RangeQuery, cancellation: Cancellation): Promise<WireAnswer> {
  const { query, fromMs, toMs, stepMs } = request;
  return queries.run({ text: query, startMs: fromMs, endMs: toMs, stepMs }, request, cancellation, (result) =>
    queryAnswer(result, request, queries.clock, cancellation),
  );
}

export const formatAnswer = (queries: QueryService, query: string): WireAnswer => envelope(jsonText(prettyExpr(queries.parse(query))));

export const parseAnswer = (queries: QueryService, query: string): WireAnswer => envelope(jsonText(expressionJson(queries.parse(query))));

/** Pieces of work, as the answers of labels below: there may be a million series. */
export function* seriesAnswer(tsdb: Tsdb, { selectors, limit, ...range }: SeriesRequest): Generator<unknown, WireAnswer> {
  const cut = limited(yield* tsdb.series(selectors.map(matchersOf), range, limit === 0 ? 0 : limit + 1), limit);
  return yield* listAnswer(cut, (out, labels) => writeLabels(out, labels));
}

export function* labelNamesAnswer(tsdb: Tsdb, { selectors, limit, ...range }: SeriesRequest): Generator<unknown, LabelsAnswer> {
  const holds = holdsOver(tsdb, range);
  return { ...(yield* namesAnswer(selectors, limit, (matchers, max) => tsdb.labelNames(matchers, range, max))), holds };
}

export function* labelValuesAnswer(
  tsdb: Tsdb,
  { name, selectors, limit, ...range }: SeriesRequest & { readonly name: string },
): Generator<unknown, LabelsAnswer> {
  const holds = holdsOver(tsdb, range);
  return { ...(yield* namesAnswer(selectors, limit, (matchers, max) => tsdb.labelValues(name, matchers, range, max))), holds };
}

function holdsOver({ labelsState }: Tsdb, range: TimeRange): LabelsState | null {
  return overlap(range, labelsState) ? labelsState : null;
}

/** Union over the selectors, sorted; one more than the limit is asked for, to know whether there are more. */
function* namesAnswer(
  selectors: readonly string[],
  limit: number,
  find: (matchers: readonly Matcher[] | null, max: number) => Generator<number, string[]>,
): Generator<unknown, WireAnswer> {
  const max = limit === 0 ? 0 : limit + 1;
  if (selectors.length === 0) return yield* listAnswer(limited(yield* find(null, max), limit), (out, name) => out.string(name));
  const found = new Set<string>();
  for (const selector of selectors) for (const name of yield* find(matchersOf(selector), max)) found.add(name);
  return yield* listAnswer(limited(yield* slicedSort([...found], compareUtf16), limit), (out, name) => out.string(name));
}

const compareUtf16 = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function* listAnswer<T>({ kept, isCut }: Cut<T>, write: (out: TextWriter, item: T) => void): Generator<unknown, WireAnswer> {
  const out = new TextWriter();
  out.ascii('{"status":"success","data":[');
  for (let i = 0; i < kept.length; i++) {
    if (i > 0) out.byte(0x2c);
    write(out, kept[i]!); // in bounds
    if (i % ITEMS_AT_ONCE === ITEMS_AT_ONCE - 1) yield;
  }
  out.utf8(`]${annotationsJson(isCut ? [TRUNCATED] : [], [])}}`);
  return { body: out.finish() };
}

const ITEMS_AT_ONCE = 1000;

export function matchersOf(selector: string): readonly Matcher[] {
  const parsed = parseMatchers(selector);
  if ('matchers' in parsed) return parsed.matchers;
  throw new BadCall(`invalid parameter "match[]": ${formatFirstError(selector, parsed.errors)}`);
}

type Cut<T> = { readonly kept: readonly T[]; readonly isCut: boolean };

function limited<T>(all: readonly T[], limit: number): Cut<T> {
  return limit > 0 && all.length > limit ? { kept: all.slice(0, limit), isCut: true } : { kept: all, isCut: false };
}

async function queryAnswer(
  result: RunQuery,
  { limit, stats, warnings: aboutRequest }: QueryLimits,
  clock: Clock,
  cancellation: Cancellation,
): Promise<WireAnswer> {
  const { value, isCut } = cutTo(result.value, limit);
  const out = new TextWriter(sizeOfQueryData(value));
  out.ascii('{"status":"success","data":');
  await runSliced(writeQueryData(out, value, stats === 'none' ? null : statsJson(result)), clock, interruptOf(cancellation));
  const warnings = [...result.warnings, ...(isCut ? [TRUNCATED] : []), ...aboutRequest];
  out.utf8(`${annotationsJson(warnings, result.infos)}}`);
  return { body: out.finish() };
}

function cutTo(value: QueryValue, limit: number): { readonly value: QueryValue; readonly isCut: boolean } {
  if (limit === 0) return { value, isCut: false };
  switch (value.kind) {
    case 'vector':
      return { value: { ...value, labels: value.labels.slice(0, limit) }, isCut: value.labels.length > limit };
    case 'matrix':
      return { value: { ...value, series: value.series.slice(0, limit) }, isCut: value.series.length > limit };
    default:
      return { value, isCut: false };
  }
}

/** As Prometheus' util/stats, in seconds; nothing is sorted after the evaluation. */
function statsJson({ stats, timings: { parsedMs, queuedMs, evaluatedMs } }: RunQuery): string {
  const timings = {
    evalTotalTime: evaluatedMs / 1000,
    resultSortTime: 0,
    queryPreparationTime: parsedMs / 1000,
    innerEvalTime: evaluatedMs / 1000,
    execQueueTime: queuedMs / 1000,
    execTotalTime: (queuedMs + evaluatedMs) / 1000,
  };
  const { samplesTotal, samplesPeak, samplesRead, perStep } = stats;
  const samples = {
    totalQueryableSamplesPerStep: perStep === null ? undefined : countsAtTimes(perStep, perStep.total),
    totalQueryableSamples: samplesTotal,
    samplesReadPerStep: perStep === null ? undefined : countsAtTimes(perStep, perStep.read),
    samplesRead,
    peakSamples: samplesPeak,
  };
  return JSON.stringify({ timings, samples });
}

const countsAtTimes = ({ startMs, stepMs }: { readonly startMs: number; readonly stepMs: number }, counts: Float64Array): number[][] =>
  Array.from(counts, (count, step) => [(startMs + step * stepMs) / 1000, count]);

const envelope = (data: string): WireAnswer => ({ body: encoder.encode(`{"status":"success","data":${data}}`) });

function annotationsJson(warnings: readonly string[], infos: readonly string[]): string {
  const list = (name: string, texts: readonly string[], what: string): string => {
    if (texts.length === 0) return '';
    const more = texts.length - ANNOTATIONS_MAX;
    const shown = more > 0 ? [...texts.slice(0, ANNOTATIONS_MAX), `${more} more ${what} annotations omitted`] : texts;
    return `,"${name}":${jsonText(shown)}`;
  };
  return list('warnings', warnings, 'warning') + list('infos', infos, 'info');
}
