/**
 * Queries against the head: of people and dashboards (limited in number, time and samples, cancelled when nobody waits
 * any more) and of rules (in turn with everything else, never behind a queue of dashboards).
 */

import { finish } from '../../lib/finish.ts';
import { unreachable } from '../../lib/never.ts';
import type { Clock } from '../../model/clock.ts';
import { Labels } from '../../model/labels.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Expr } from '../../promql/ast.ts';
import { type EngineOptions, evaluate, type Query, type QueryResult } from '../../promql/engine.ts';
import { ExpressionCache } from '../../promql/expression-cache.ts';
import { printHistogram } from '../../promql/histogram/histogram-text.ts';
import { formatFirstError } from '../../promql/parse-error.ts';
import { type ParserOptions, parseExpr } from '../../promql/parser.ts';
import { QueryError, queryCanceled, queryTimedOut } from '../../promql/query-error.ts';
import type { Queryable } from '../../promql/queryable.ts';
import type { Element, QueryOutcome } from '../../rules/rule-ports.ts';
import type { TemplateSample } from '../../template/prometheus-functions.ts';
import { type Interrupt, runSliced, Turnstile } from './slicing.ts';

export type QueryLimitsConfig = {
  readonly lookbackDeltaMs: number;
  readonly timeoutMs: number;
  readonly concurrencyMax: number;
  readonly samplesMax: number;
};

/** What a caller may choose for one query. */
export type QueryChoices = {
  /** Null: the server's own, as below. */
  readonly timeoutMs: number | null;
  readonly lookbackDeltaMs: number | null;
  /** Step by step (all) only where a feature allows it. */
  readonly stats: 'none' | 'basic' | 'all';
};
const SERVERS_OWN: QueryChoices = { timeoutMs: null, lookbackDeltaMs: null, stats: 'none' };

export type Cancellation = { isCanceled: boolean };

export const interruptOf = (cancellation: Cancellation): Interrupt => ({ check: () => (cancellation.isCanceled ? queryCanceled() : null) });

/** Where the time of a query went, in milliseconds. */
export type QueryTimings = {
  /** Reading its text. */
  readonly parsedMs: number;
  /** Waiting for others. */
  readonly queuedMs: number;
  readonly evaluatedMs: number;
};

export type RunQuery = QueryResult & { readonly timings: QueryTimings };

export class QueryService {
  readonly clock: Clock;
  readonly #queryable: Queryable;
  readonly #limits: QueryLimitsConfig;
  readonly #turnstile: Turnstile;
  readonly #features: readonly string[];
  readonly #parsed = new ExpressionCache();
  #parser: ParserOptions;
  #subqueryStepMs: number;
  /** Queries of the API; `samplesLoaded`: by all queries that had a result, those of rules and templates among them. */
  readonly stats = { queries: 0, failed: 0, secondsSum: 0, samplesLoaded: 0 };
  #underWay = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly queryable: Queryable;
    readonly limits: QueryLimitsConfig;
    readonly features: readonly string[];
    readonly parser: ParserOptions;
    readonly subqueryStepMs: number;
  }) {
    this.#features = options.features;
    this.clock = options.clock;
    this.#queryable = options.queryable;
    this.#limits = options.limits;
    this.#turnstile = new Turnstile(options.limits.concurrencyMax);
    this.#parser = options.parser;
    this.#subqueryStepMs = options.subqueryStepMs;
  }

  get lookbackDeltaMs(): number {
    return this.#limits.lookbackDeltaMs;
  }

  /** Queries that are evaluated, those of rules among them. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Of the API, for their turn. */
  get waiting(): number {
    return this.#turnstile.waiting;
  }

  configure(parser: ParserOptions, subqueryStepMs: number): void {
    this.#parser = parser;
    this.#subqueryStepMs = subqueryStepMs;
    this.#parsed.clear();
  }

  parse(text: string): Expr {
    const known = this.#parsed.get(text);
    if (known !== null) return known;
    const parsed = parseExpr(text, this.#parser);
    if ('expr' in parsed) {
      this.#parsed.add(text, parsed.expr);
      return parsed.expr;
    }
    throw new QueryError('bad_data', `invalid parameter "query": ${formatFirstError(text, parsed.errors)}`);
  }

  /**
   * `use` is given the result while the query still has its place among those that are under way: so many results are in
   * memory at a time, whoever waits. Throws QueryError.
   */
  async run<T>(
    query: { readonly text: string; readonly startMs: number; readonly endMs: number; readonly stepMs: number },
    choices: QueryChoices,
    cancellation: Cancellation,
    use: (result: RunQuery) => T | Promise<T>,
  ): Promise<T> {
    const askedAt = this.clock.elapsed();
    const expr = this.parse(query.text);
    const parsedAt = this.clock.elapsed();
    const timeoutMs = Math.min(choices.timeoutMs ?? this.#limits.timeoutMs, this.#limits.timeoutMs);
    if (timeoutMs <= 0) throw new QueryError('execution', 'context deadline exceeded');
    return this.#turnstile.pass(async () => {
      if (cancellation.isCanceled) throw queryCanceled();
      const began = this.clock.elapsed();
      this.stats.queries++;
      let result: QueryResult;
      try {
        const { text, startMs, endMs, stepMs } = query;
        result = await runSliced(this.#evaluate({ expr, text, startMs, endMs, stepMs }, choices), this.clock, {
          check: () => (cancellation.isCanceled ? queryCanceled() : this.clock.elapsed() - began > timeoutMs ? queryTimedOut() : null),
        });
      } catch (error) {
        this.stats.failed++;
        // Found when it was prepared: as wrong as one that does not parse.
        if (error instanceof QueryError && error.type === 'bad_data')
          throw new QueryError('bad_data', `invalid parameter "query": ${error.message}`);
        throw error;
      } finally {
        this.stats.secondsSum += (this.clock.elapsed() - began) / 1000;
      }
      const evaluatedMs = this.clock.elapsed() - began;
      return use({ ...result, timings: { parsedMs: parsedAt - askedAt, queuedMs: began - parsedAt, evaluatedMs } });
    });
  }

  /** For a rule: in slices, but past the queue. */
  async runRule(expr: Expr, at: UnixMs): Promise<QueryOutcome> {
    try {
      return outcomeOf(await runSliced(this.#evaluate({ expr, text: '', startMs: at, endMs: at, stepMs: 0 }, SERVERS_OWN), this.clock));
    } catch (error) {
      if (error instanceof QueryError) return { kind: 'failed', error: error.message };
      throw error;
    }
  }

  /** For `query` inside a template, which cannot wait: at once, bounded by the limit of samples. */
  runInTemplate(text: string, at: UnixMs): readonly TemplateSample[] | { readonly error: string } {
    const parsed = parseExpr(text, this.#parser);
    if ('errors' in parsed) return { error: formatFirstError(text, parsed.errors) };
    try {
      const evaluation = this.#evaluate({ expr: parsed.expr, text, startMs: at, endMs: at, stepMs: 0 }, SERVERS_OWN);
      const outcome = outcomeOf(finish(evaluation));
      return outcome.kind === 'failed' ? { error: outcome.error } : outcome.elements.map(templateSample);
    } catch (error) {
      if (error instanceof QueryError) return { error: error.message };
      throw error;
    }
  }

  *#evaluate(query: Query, choices: QueryChoices): Generator<void, QueryResult> {
    this.#underWay++;
    try {
      const result = yield* evaluate(query, this.#queryable, this.#options(choices));
      this.stats.samplesLoaded += result.stats.samplesTotal;
      return result;
    } finally {
      this.#underWay--;
    }
  }

  #options({ lookbackDeltaMs, stats }: QueryChoices): EngineOptions {
    const isPerStep = stats === 'all' && this.#features.includes('promql-per-step-stats');
    return {
      lookbackDeltaMs: lookbackDeltaMs ?? this.#limits.lookbackDeltaMs,
      samplesMax: this.#limits.samplesMax,
      defaultSubqueryStepMs: this.#subqueryStepMs,
      delayedNameRemoval: this.#features.includes('promql-delayed-name-removal'),
      useStartTimestamps: this.#features.includes('use-start-timestamps'),
      typeAndUnitLabels: this.#features.includes('type-and-unit-labels'),
      counting: stats === 'none' ? 'total' : isPerStep ? 'per_step' : 'read',
    };
  }
}

const templateSample = ({ labels, value, histogram }: Element): TemplateSample =>
  histogram === null ? { labels, value } : { labels, value, histogram: printHistogram(histogram) };

/** Rules take vectors; a scalar is a vector of one element without labels, as upstream has it. */
function outcomeOf({ value }: QueryResult): QueryOutcome {
  switch (value.kind) {
    case 'vector':
      return {
        kind: 'vector',
        elements: value.labels.map((labels, i) => ({ labels, value: value.values[i] ?? 0, histogram: value.histograms?.[i] ?? null })),
      };
    case 'scalar':
      return { kind: 'vector', elements: [{ labels: Labels.empty, value: value.value, histogram: null }] };
    case 'string':
    case 'matrix':
      return { kind: 'failed', error: 'rule result is not a vector or scalar' };
    default:
      return unreachable(value);
  }
}
