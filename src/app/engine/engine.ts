/**
 * The engine: scraping, the time-series database, PromQL and rules, behind the protocol. It runs in a thread of its own,
 * or inline where a test or a simulation says so; it knows no difference. What it does for a human to see it says by
 * messages; it never touches SQLite, HTTP serving or delivery.
 */
import type { WireAnswer } from '../../api/prometheus-v1/backend.ts';
import { isError } from '../../config/diagnostic.ts';
import { sourceFile } from '../../config/source.ts';
import { unreachable } from '../../lib/never.ts';
import { type DurationMs, durationMs, unixMs } from '../../model/time.ts';
import type { Ports } from '../../platform/ports.ts';
import type { Transport } from '../../platform/transport.ts';
import { readRuleFile } from '../../rules/rule-file.ts';
import type { RuleGroup } from '../../rules/rule-group.ts';
import { RuleManager } from '../../rules/rule-manager.ts';
import { WriteWatch } from '../../rules/write-watch.ts';
import { RemoteWriteReceiver } from '../../scrape/remote-write.ts';
import { ScrapeManager } from '../../scrape/target-manager.ts';
import { openTsdb, type Tsdb } from '../../tsdb/tsdb.ts';
import type { ReplayDamage } from '../../tsdb/wal/replay.ts';
import { type EngineConfig, fromWire, parserOptions } from '../config/engine-config.ts';
import type { Metrics } from '../metrics.ts';
import type { EngineCalls, Evaluation, ReadingCall, ToControl, ToEngine } from '../protocol.ts';
import { alertChart } from './alert-chart.ts';
import { formatAnswer, instantAnswer, labelNamesAnswer, labelValuesAnswer, parseAnswer, rangeAnswer, seriesAnswer } from './answers.ts';
import { BadCall, errorOf } from './call-error.ts';
import { registerEngineMetrics } from './engine-metrics.ts';
import { federateAnswer } from './federation.ts';
import { type Cancellation, interruptOf, type QueryLimitsConfig, QueryService } from './query-service.ts';
import { openStage, type Stage } from './rehearsal-stage.ts';
import { ruleEnvironment } from './rule-environment.ts';
import { ruleSlots } from './rule-slots.ts';
import { runSliced, Turnstile, yieldNow } from './slicing.ts';
import { metadataOf, targetsOf } from './targets.ts';

export type EngineOptions = {
  readonly tsdbDir: string;
  readonly walSegmentBytes: number;
  readonly query: QueryLimitsConfig;
  /** --enable-feature */
  readonly features: readonly string[];
  readonly version: string;
  /** Alerts are told of again at most this often (--rules.alert.resend-delay). */
  readonly resendDelayMs: DurationMs;
  /** Moves scrapes within their interval: two servers of one fleet do not scrape at the same instant. */
  readonly offsetSeed: string;
};

export type EnginePorts = Pick<Ports, 'clock' | 'disk' | 'http' | 'log' | 'crash'> & { readonly metrics: Metrics };

const FLUSH_MS = 1000;
const MAINTAIN_MS = 60_000;

/** A configuration that was checked and can be made live. */
type Prepared = { readonly config: EngineConfig; readonly groups: readonly RuleGroup[] };

type Call = Extract<ToEngine, { readonly kind: 'call' }>;

export type OpenEngine = {
  readonly tsdb: Tsdb;
  readonly remoteWrites: RemoteWriteReceiver;
  readonly queries: QueryService;
  readonly scrapes: ScrapeManager;
  readonly rules: RuleManager;
};

export class Engine {
  readonly #ports: EnginePorts;
  readonly #options: EngineOptions;
  readonly #transport: Transport<ToControl, ToEngine>;
  readonly #underWay = new Map<number, Cancellation>();
  readonly #uncommitted = new Map<number, () => void>();
  readonly #writes = new Turnstile(1);
  #sequence = 0;
  /** The version of the labels when control was given an answer about them; null: it has heard since that it holds no longer. */
  #labelsGiven: number | null = null;
  #open: OpenEngine | null = null;
  #prepared: Prepared | null = null;
  #config: EngineConfig | null = null;
  #stage: Promise<Stage> | null = null;
  #isStopping = false;
  #cancelTimers: (() => void)[] = [];

  constructor(ports: EnginePorts, options: EngineOptions, transport: Transport<ToControl, ToEngine>) {
    this.#ports = ports;
    this.#options = options;
    this.#transport = transport;
    registerEngineMetrics(ports.metrics, () => this.#open);
    transport.onMessage((message) => this.#receive(message));
  }

  /** Opens the database and begins to answer; says `ready`, or `failed` when it cannot. */
  async start(): Promise<void> {
    const { clock, disk, log, crash } = this.#ports;
    try {
      const writes = new WriteWatch(clock);
      const opening = openTsdb({
        disk,
        dir: this.#options.tsdbDir,
        crashPoints: crash,
        log,
        walSegmentBytes: this.#options.walSegmentBytes,
        settled: (writer, isStored) => {
          writes.noteBatch(writer, isStored);
          this.#tellOfLabels();
        },
      });
      let step = opening.next();
      while (step.done !== true) {
        this.#transport.post({ kind: 'replay', ...step.value });
        await yieldNow(clock);
        step = opening.next();
      }
      const { tsdb, report } = step.value;
      crash.hit('engine.replayed');
      const queries = new QueryService({
        clock,
        queryable: tsdb,
        limits: this.#options.query,
        features: this.#options.features,
        parser: parserOptions(this.#options.features),
        subqueryStepMs: 60_000,
      });
      const scrapes = new ScrapeManager({
        clock,
        disk,
        http: this.#ports.http,
        store: tsdb,
        log,
        version: this.#options.version,
        yieldNow: () => yieldNow(clock),
        offsetSeed: this.#options.offsetSeed,
        startTimestamps: this.#options.features.includes('st-storage'),
        typeAndUnitLabels: this.#options.features.includes('type-and-unit-labels'),
      });
      const environment = ruleEnvironment({
        queries,
        config: () => this.#config,
        resendDelayMs: this.#options.resendDelayMs,
        report: (evaluation) => this.#report(evaluation),
      });
      const { maxTime } = tsdb.stats;
      const samplesUntil = maxTime === null ? null : unixMs(maxTime);
      const rules = new RuleManager({ clock, log, store: tsdb, environment }, samplesUntil, tsdb.gaps, () => writes.gaps);
      this.#open = { tsdb, remoteWrites: new RemoteWriteReceiver(tsdb), queries, scrapes, rules };
      this.#every(FLUSH_MS, () => {
        this.#tellOfLabels(); // of series in batches that were rolled back, and of those that went
        return tsdb.flush();
      });
      this.#every(MAINTAIN_MS, () => runSliced(tsdb.maintain(clock.now()), clock));
      crash.hit('engine.ready');
      this.#transport.post({ kind: 'ready', notes: report.damages.map(describeDamage) });
    } catch (error) {
      this.#transport.post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Runs a task again and again, the next `ms` after the last ended. A failure is logged, and tried again. */
  #every(ms: number, task: () => Promise<void>): void {
    const { clock, log } = this.#ports;
    let cancel = (): void => {};
    const run = async (): Promise<void> => {
      try {
        await task();
      } catch (error) {
        log.error('storage task failed; it is tried again', { error: error instanceof Error ? error.message : String(error) });
      }
      if (!this.#isStopping) cancel = clock.after(durationMs(ms), () => void run());
    };
    cancel = clock.after(durationMs(ms), () => void run());
    this.#cancelTimers.push(() => cancel());
  }

  #receive(message: ToEngine): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message);
        return;
      case 'cancel': {
        const cancellation = this.#underWay.get(message.id);
        if (cancellation !== undefined) cancellation.isCanceled = true;
        return;
      }
      case 'committed':
        this.#uncommitted.get(message.sequence)?.();
        this.#uncommitted.delete(message.sequence);
        return;
    }
  }

  async #answer(call: Call): Promise<void> {
    const { id } = call;
    const cancellation: Cancellation = { isCanceled: false };
    this.#underWay.set(id, cancellation);
    try {
      const gives = await this.#handle(call, cancellation);
      const body = gives !== null && typeof gives === 'object' && 'body' in gives && gives.body instanceof Uint8Array ? gives.body : null;
      this.#transport.post({ kind: 'answer', id, gives }, body === null ? undefined : [body.buffer as ArrayBuffer]);
    } catch (error) {
      this.#transport.post({ kind: 'refused', id, error: errorOf(error, this.#ports.log) });
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #handle(call: Call, cancellation: Cancellation): Promise<unknown> {
    switch (call.name) {
      case 'prepare':
        return this.#prepare(fromWire<EngineConfig>(call.takes.config));
      case 'metrics':
        return this.#ports.metrics.families();
      case 'stop':
        return this.#stop();
      case 'leaveStage':
        this.#stage = null;
        return null;
    }
    const open = this.#open;
    if (open === null) throw new Error('Service Unavailable');
    const { scrapes, rules } = open;
    const stage = call.isOnStage ? await this.#openStage() : open;
    const { tsdb, remoteWrites, queries } = stage;
    switch (call.name) {
      case 'apply':
        return this.#apply(open, call.takes.restored);
      case 'write': {
        const { clock } = this.#ports;
        // One after the other: each is in memory several times as large as it came.
        const outcome = await this.#writes.pass(() => runSliced(remoteWrites.receive(call.takes.body, clock.now()), clock));
        if (outcome.kind === 'refused') throw new BadCall(outcome.error);
        return null;
      }
      case 'federate':
        return runSliced(
          federateAnswer(tsdb, call.takes, this.#config?.externalLabels ?? {}, this.#options.query.lookbackDeltaMs),
          this.#ports.clock,
          interruptOf(cancellation),
        );
      case 'targets':
        return targetsOf(scrapes);
      case 'metadata':
        return metadataOf(scrapes);
      case 'alertChart':
        return this.#config === null ? null : alertChart({ rules, queries, naming: this.#config }, call.takes, cancellation);
      case 'ruleGroups':
        return rules.status();
      case 'headStatus': {
        const { series, chunks, minTime, maxTime } = tsdb.stats;
        return { series, chunks, minTime, maxTime, cardinality: tsdb.cardinality(call.takes.limit) };
      }
      case 'labelNames':
      case 'labelValues':
        if (!call.isOnStage) this.#labelsGiven ??= tsdb.labelsVersion;
        return readingAnswer(tsdb, queries, call, cancellation);
      default:
        return readingAnswer(tsdb, queries, call, cancellation);
    }
  }

  /** Once for all answers about labels that control may have kept. */
  #tellOfLabels(): void {
    const version = this.#open?.tsdb.labelsVersion;
    if (version === undefined || this.#labelsGiven === null || this.#labelsGiven === version) return;
    this.#labelsGiven = null;
    this.#transport.post({ kind: 'labels', version });
  }

  #openStage(): Promise<Stage> {
    this.#stage ??= openStage(this.#ports.clock, { limits: this.#options.query, features: this.#options.features });
    return this.#stage;
  }

  #prepare(config: EngineConfig): EngineCalls['prepare']['gives'] {
    const groups: RuleGroup[] = [];
    const diagnostics = config.ruleFiles.flatMap(({ path, text }) => {
      const file = readRuleFile(sourceFile(path, text), {
        nameScheme: config.nameScheme,
        parser: config.parser,
        intervalMs: config.evaluationIntervalMs,
        queryOffsetMs: config.ruleQueryOffsetMs,
      });
      groups.push(...file.groups);
      return file.diagnostics;
    });
    this.#prepared = diagnostics.some(isError) ? null : { config, groups };
    return { diagnostics };
  }

  async #apply({ queries, scrapes, rules }: OpenEngine, restored: EngineCalls['apply']['takes']['restored']): Promise<null> {
    const prepared = this.#prepared;
    if (prepared === null) throw new Error('BUG: nothing was prepared');
    this.#prepared = null;
    const before = this.#config;
    this.#config = prepared.config;
    queries.configure(prepared.config.parser, prepared.config.evaluationIntervalMs);
    scrapes.apply(prepared.config.scrapeConfigs, ruleSlots(prepared.groups));
    // What alerts are called outside depends on these: they are announced anew under their new names.
    if (before !== null && namingOf(before) !== namingOf(prepared.config)) rules.announceAgain();
    const { scrapeConfigs } = prepared.config;
    await rules.apply(prepared.groups, restored, Math.max(0, ...scrapeConfigs.map(({ scrapeIntervalMs }) => scrapeIntervalMs)));
    return null;
  }

  /** Sends an evaluation; done when control has it on disk. */
  #report(evaluation: Omit<Evaluation, 'kind' | 'sequence'>): Promise<void> {
    const sequence = ++this.#sequence;
    return new Promise((resolve) => {
      this.#ports.crash.hit('evaluate.report');
      this.#uncommitted.set(sequence, resolve);
      this.#transport.post({ kind: 'evaluation', sequence, ...evaluation });
    });
  }

  /** prometheus-style: no stale markers at the end, all samples durable. */
  async #stop(): Promise<null> {
    this.#isStopping = true;
    for (const cancel of this.#cancelTimers) cancel();
    const open = this.#open;
    this.#open = null;
    if (open !== null) {
      await open.scrapes.stop();
      await open.rules.stop();
      // After the remote writes that came before: none may meet a closed log.
      await this.#writes.pass(() => open.tsdb.close());
    }
    return null;
  }
}

function readingAnswer(tsdb: Tsdb, queries: QueryService, call: ReadingCall, cancellation: Cancellation): WireAnswer | Promise<WireAnswer> {
  switch (call.name) {
    case 'instantQuery':
      return instantAnswer(queries, call.takes, cancellation);
    case 'rangeQuery':
      return rangeAnswer(queries, call.takes, cancellation);
    case 'formatQuery':
      return formatAnswer(queries, call.takes.query);
    case 'parseQuery':
      return parseAnswer(queries, call.takes.query);
    case 'series':
      return runSliced(seriesAnswer(tsdb, call.takes), queries.clock, interruptOf(cancellation));
    case 'labelNames':
      return runSliced(labelNamesAnswer(tsdb, call.takes), queries.clock, interruptOf(cancellation));
    case 'labelValues':
      return runSliced(labelValuesAnswer(tsdb, call.takes), queries.clock, interruptOf(cancellation));
    default:
      return unreachable(call);
  }
}

/** All that decides what a rule's alert is called outside, as one text. */
const namingOf = ({ externalLabels, alertRelabelConfigs, externalUrl }: EngineConfig): string =>
  JSON.stringify([externalLabels, alertRelabelConfigs, externalUrl], (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );

function describeDamage({ file, offset, reason, outcome }: ReplayDamage): string {
  const where = `${file} at byte ${offset}: ${reason}`;
  switch (outcome.kind) {
    case 'torn':
      return `${where}; the unfinished end of a crash was cut off`;
    case 'aside':
      return `${where}; what could not be read was moved to ${outcome.quarantine}`;
    case 'left':
      return `${where}; it could not be repaired: ${outcome.error}`;
    default:
      return unreachable(outcome);
  }
}
