/**
 * Rules that run: a RuleManager over a real database on a simulated clock, with a scraper whose values the test sets, and a
 * control side that keeps what it was told. Production code does the queries, the templates and the storing.
 */
import { parserOptions } from '../../src/app/config/engine-config.ts';
import { QueryService } from '../../src/app/engine/query-service.ts';
import { ruleEnvironment } from '../../src/app/engine/rule-environment.ts';
import { isError } from '../../src/config/diagnostic.ts';
import { sourceFile } from '../../src/config/source.ts';
import { Labels } from '../../src/model/labels.ts';
import { silentLog } from '../../src/model/log.ts';
import type { AppendStore } from '../../src/model/storage.ts';
import { type DurationMs, durationMs, unixMs } from '../../src/model/time.ts';
import { SimClock } from '../../src/platform/sim/sim-clock.ts';
import { SimDisk } from '../../src/platform/sim/sim-disk.ts';
import { parseMetric } from '../../src/promql/series-description.ts';
import type { AlertChange, RuleAlertRow } from '../../src/rules/alert-state.ts';
import { readRuleFile } from '../../src/rules/rule-file.ts';
import type { RuleGroup } from '../../src/rules/rule-group.ts';
import { RuleManager } from '../../src/rules/rule-manager.ts';
import type { EvaluationReport } from '../../src/rules/rule-ports.ts';
import type { Tsdb } from '../../src/tsdb/tsdb.ts';
import { contents, openTestTsdb } from './tsdb.ts';

export const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z

export class RuleWorld {
  readonly clock = new SimClock({ start: START });
  readonly tsdb: Tsdb = openTestTsdb(new SimDisk()).tsdb;
  /** Values that the scraper finds, by series; it scrapes every 15 s. Null: the target gives it no more. */
  readonly values = new Map<string, number>();
  isScraping = true;
  readonly reports: EvaluationReport[] = [];
  /** As control keeps them. */
  readonly rows = new Map<string, RuleAlertRow>();
  /** Awaited before a report is on disk. */
  commit: () => Promise<void> = async () => {};
  /** Called after each evaluation of a group. */
  onReport: (report: EvaluationReport) => void = () => {};
  config = { externalLabels: {} as Readonly<Record<string, string>>, alertRelabelConfigs: [], externalUrl: 'http://tocsin' };
  store: AppendStore = this.tsdb;
  readonly #scrapeMs: DurationMs;
  manager = this.#newManager(null);

  constructor(scrapeMs = 15_000) {
    this.#scrapeMs = durationMs(scrapeMs);
    this.clock.after(durationMs(1), () => this.#scrape());
  }

  /** Reads groups of a file and makes them live. */
  async apply(files: Readonly<Record<string, string>> | string, restored: readonly RuleAlertRow[] = []): Promise<void> {
    const groups = Object.entries(typeof files === 'string' ? { 'rules.yml': files } : files).flatMap(([path, text]) =>
      readGroups(path, text),
    );
    let isDone = false;
    const applied = this.manager.apply(groups, restored, this.#scrapeMs).then(() => {
      isDone = true;
    });
    for (let i = 0; i < 100 && !isDone; i++) await this.clock.advance(1);
    await applied;
  }

  /** The process ends and another starts: what it knows is on disk. */
  async restart(files: Readonly<Record<string, string>> | string, downMs: number): Promise<void> {
    const { isScraping } = this;
    this.isScraping = false;
    void this.manager.stop();
    await this.clock.advance(downMs);
    this.isScraping = isScraping;
    const { maxTime } = this.tsdb.stats;
    this.manager = this.#newManager(maxTime);
    await this.apply(files, [...this.rows.values()]);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Changes told since the last call: `firing {…}`, `resolved {…} data_missing`. */
  take(): readonly string[] {
    return this.reports.splice(0).flatMap(({ changes }) => changes.map(printChange));
  }

  /** name{labels} state of all active alerts. */
  active(): readonly string[] {
    return this.manager.groups.flatMap(({ runners }) =>
      runners.flatMap(({ active }) => Array.from(active.values(), ({ labels, state }) => `${state} ${labels.toString()}`)),
    );
  }

  /** Samples of the series with this name, with the time in seconds since the start. */
  samples(name: string): Readonly<Record<string, readonly string[]>> {
    const all = contents(this.tsdb, [{ name: '__name__', op: '=', value: name, regex: null }]);
    return Object.fromEntries(
      Object.entries(all).map(([labels, samples]) => [
        labels,
        samples.map(([at, value]) => `${(at - START) / 1000}s ${Number.isNaN(value) ? 'stale' : value}`),
      ]),
    );
  }

  #scrape(): void {
    if (this.isScraping && this.values.size > 0) {
      const appender = this.tsdb.appender();
      for (const [series, value] of this.values) {
        const parsed = parseMetric(series);
        if ('errors' in parsed) throw new Error(`not a series: ${series}`);
        appender.append(appender.series(parsed.labels), this.clock.now(), value);
      }
      appender.commit();
    }
    this.clock.after(this.#scrapeMs, () => this.#scrape());
  }

  #newQueries(): QueryService {
    return new QueryService({
      clock: this.clock,
      queryable: this.tsdb,
      limits: { lookbackDeltaMs: 300_000, timeoutMs: 120_000, concurrencyMax: 20, samplesMax: 50_000_000 },
      features: [],
      parser: parserOptions([]),
      subqueryStepMs: 60_000,
    });
  }

  #newManager(samplesUntil: number | null): RuleManager {
    const environment = ruleEnvironment({
      queries: this.#newQueries(),
      config: () => this.config,
      resendDelayMs: durationMs(60_000),
      report: async (report) => {
        await this.commit();
        this.reports.push(report);
        for (const row of report.stored) this.rows.set(row.id, row);
        for (const id of report.removed) this.rows.delete(id);
        this.onReport(report);
      },
    });
    const store: AppendStore = { appender: () => this.store.appender() };
    return new RuleManager({ clock: this.clock, log: silentLog, store, environment }, samplesUntil === null ? null : unixMs(samplesUntil));
  }
}

function readGroups(path: string, text: string): readonly RuleGroup[] {
  const file = readRuleFile(sourceFile(path, text), {
    nameScheme: 'utf8',
    parser: parserOptions([]),
    intervalMs: durationMs(30_000),
    queryOffsetMs: durationMs(0),
  });
  const error = file.diagnostics.find(isError);
  if (error !== undefined) throw new Error(`${error.line}:${error.col} ${error.message}`);
  return file.groups;
}

const printChange = ({ kind, labels, reason }: AlertChange): string =>
  `${kind} ${Labels.fromSorted(labels).toString()}${reason === null ? '' : ` ${reason}`}`;
