/**
 * The application: opens what it keeps, starts the engine, brings the configuration to life, serves, and in the end stops
 * everything in order. It runs the same on the machine's ports and in a simulated world.
 */
import type { NotificationActions } from '../alerts/notification-action.ts';
import type { DeliveryOutcome as RouterOutcome } from '../alerts/router.ts';
import type { OutboxRow } from '../alerts/router-state.ts';
import { type Diagnostic, isError, renderAll } from '../config/diagnostic.ts';
import { type SourceFile, sourceFile } from '../config/source.ts';
import { type Database, DatabaseError } from '../db/database.ts';
import { type EventRepository, eventRepository } from '../db/event-repository.ts';
import { installationSecretRepository } from '../db/installation-secret-repository.ts';
import { type DueRow, type OutboxRepository, outboxRepository } from '../db/outbox-repository.ts';
import { replyCodeRepository } from '../db/reply-code-repository.ts';
import { type Settlement, type StateRepository, stateRepository } from '../db/state-repository.ts';
import { telephoneRepository } from '../db/telephone-repository.ts';
import { hexOf } from '../lib/sha256.ts';
import { makeDurableDirectory } from '../model/disk.ts';
import { type Fingerprint, fingerprintOf } from '../model/fingerprint.ts';
import { Labels } from '../model/labels.ts';
import { uuid } from '../model/random.ts';
import { durationMs, type UnixMs, unixMs } from '../model/time.ts';
import type { AppPorts } from './app-ports.ts';
import { type EngineConfig, parserOptions } from './config/engine-config.ts';
import { type AppConfig, type LoadResult, loadConfig } from './config/load.ts';
import { AlertCharts } from './control/alert-charts.ts';
import { registerControlMetrics } from './control/control-metrics.ts';
import { type Claimed, Delivery, type DeliveryOutcome } from './control/delivery.ts';
import { EngineSupervisor } from './control/engine-supervisor.ts';
import { EventFeed } from './control/event-feed.ts';
import { Housekeeping } from './control/housekeeping.ts';
import { LabelsAnswers } from './control/labels-answers.ts';
import { notificationActions } from './control/notification-actions.ts';
import { ProviderFollowUp } from './control/provider-follow-up.ts';
import { type PublicAddress, publicAddress, ReaderWays } from './control/reader-ways.ts';
import { Receivers } from './control/receivers.ts';
import { ReplyCodes } from './control/reply-codes.ts';
import { routerConfigOf } from './control/router-config.ts';
import { RouterKeeper } from './control/router-keeper.ts';
import { ruleAlertStep } from './control/rule-alerts.ts';
import { type LastResort, StorageNotice } from './control/storage-notice.ts';
import { Telephones } from './control/telephones.ts';
import type { AppOptions } from './options.ts';
import type { Evaluation } from './protocol.ts';
import { findSelf } from './self-target.ts';

/** Why the application did not start; the text is for the terminal. */
export class StartError extends Error {}

export type ReloadOutcome = { readonly kind: 'applied' } | { readonly kind: 'refused'; readonly error: string };

/** Which rule groups raised the alerts there are. */
type AlertGroups = {
  /** Of the keeper's rule alerts. */
  readonly version: number;
  readonly byAlert: ReadonlyMap<Fingerprint, string>;
  readonly keys: ReadonlySet<string>;
};

const STOP_GRACE_MS = 1500;
const EVALUATION_RETRY_MS = 1000;
/** What a provider is asked or told of a notification has so long, whatever is left of the notification's own time. */
const FOLLOW_UP_MS = 30_000;
const SECRET_BYTES = 32;

export class App {
  readonly options: AppOptions;
  readonly ports: AppPorts;
  readonly startedAt: UnixMs;
  readonly outbox: OutboxRepository;
  readonly events: EventRepository;
  readonly eventFeed = new EventFeed();
  readonly keeper: RouterKeeper;
  readonly engine: EngineSupervisor;
  readonly labelsAnswers = new LabelsAnswers();
  readonly delivery: Delivery;
  /** What people do about a notification, and what providers report of one. */
  readonly actions: NotificationActions;
  readonly ways: ReaderWays;
  readonly telephones: Telephones;
  /** Evaluations as the router last heard of them: what the endsAt of an own alert is counted from. By group key. */
  readonly evaluated = new Map<string, { readonly at: number; readonly intervalMs: number }>();
  /** Grows whenever that changes the endsAt of an alert. */
  shownEnds = 0;
  readonly stats = {
    reloads: 0,
    reloadsFailed: 0,
    clockSteps: 0,
    deliveries: new Map<string, number>(),
    failures: new Map<string, number>(),
    /** Notifications in the place of others, by the receiver that got them. */
    standIns: new Map<string, number>(),
    /** Requests in the name of the telephone provider, by why they were refused. */
    callbacksRefused: new Map<string, number>(),
  };
  config: AppConfig;
  /** By state, as of the last `countOutbox`. */
  outboxRows: ReadonlyMap<string, number> = new Map();
  /** By receiver, likewise. */
  undelivered: ReadonlyMap<string, number> = new Map();
  /** Of the last reload; prometheus_config_last_reload_successful and its like. */
  lastReload: { readonly isSuccess: boolean; readonly at: UnixMs; readonly error: string };

  readonly #database: Database;
  readonly #state: StateRepository;
  readonly #receivers: Receivers;
  readonly #housekeeping: Housekeeping;
  readonly #followUp: ProviderFollowUp;
  readonly #storageNotice: StorageNotice;
  readonly #release: () => void;
  readonly #bootId: string;
  #unwatch: () => void = () => {};
  #reloading: Promise<unknown> = Promise.resolve();

  /**
   * Reads the configuration, opens the state and starts the engine, which checks the rules; nothing is scraped, evaluated
   * or sent before `begin`. Rejects with StartError, having let go of everything again.
   */
  static async open(options: AppOptions, ports: AppPorts): Promise<App> {
    const loaded = await loadConfig(options.configFiles, loadPorts(options, ports));
    const config = usable(loaded);
    logWarnings(loaded.diagnostics, ports);
    makeDataDir(options, ports);
    const lock = await ports.lock(options.dataDir, options.tsdbDir).catch((error: unknown) => {
      throw new StartError(error instanceof Error ? error.message : String(error));
    });
    ports.crash.hit('start.locked');
    let database: Database;
    try {
      database = ports.openDatabase(`${options.dataDir}/state.db`);
    } catch (error) {
      lock.release();
      if (error instanceof DatabaseError) throw new StartError(error.message);
      throw error;
    }
    ports.crash.hit('start.opened');
    const state = stateRepository(database, ports.crash);
    const bootId = uuid(ports.random);
    const outbox = outboxRepository(database);
    await outbox.orphan(bootId, ports.clock.now());
    ports.crash.hit('start.orphaned');
    let app: App | null = null;
    const running = (): App => {
      if (app === null) throw new Error('BUG: the application is not there yet');
      return app;
    };
    const charts = new AlertCharts({
      clock: ports.clock,
      log: ports.log,
      rasterizer: ports.rasterizer,
      call: (name, takes, called) => running().engine.call(name, takes, called),
      externalUrl: () => running().externalUrl,
    });
    const secret = await installationSecretRepository(database).secret('reader-ways', () => hexOf(ports.random.bytes(SECRET_BYTES)));
    const replyCodes = await ReplyCodes.open(replyCodeRepository(database), ports.log);
    const ways = new ReaderWays({ key: new TextEncoder().encode(secret), codes: replyCodes, address: () => running().publicAddress });
    const receivers = new Receivers(ports, outbox, charts, ways, {
      texting: (...given) => running().telephones.desk.texting(...given),
      optedOut: (...given) => running().telephones.desk.optedOut(...given),
      placed: (...given) => running().telephones.desk.placed(...given),
      isAnothers: (...given) => running().telephones.desk.isAnothers(...given),
    });
    receivers.configure(config.alertmanager.receivers, config.templates);
    const keeper = await RouterKeeper.open(
      {
        clock: ports.clock,
        random: ports.random,
        log: ports.log,
        crash: ports.crash,
        state,
        owe: (rows) => running().#owe(rows),
        cancel: (cancelled) => running().delivery.drop(cancelled.map(({ id }) => id)),
        told: () => running().eventFeed.written(),
      },
      routerConfigOf(config, options),
      config.hash,
    );
    app = new App({
      ...{ options, ports, config, database, state, outbox, receivers, keeper, bootId, ways, replyCodes },
      release: () => lock.release(),
    });
    try {
      await app.#startEngine();
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  constructor(parts: {
    readonly options: AppOptions;
    readonly ports: AppPorts;
    readonly config: AppConfig;
    readonly database: Database;
    readonly state: StateRepository;
    readonly outbox: OutboxRepository;
    readonly receivers: Receivers;
    readonly keeper: RouterKeeper;
    readonly ways: ReaderWays;
    readonly replyCodes: ReplyCodes;
    readonly bootId: string;
    readonly release: () => void;
  }) {
    const { options, ports, outbox, keeper } = parts;
    const { clock, log, random, crash } = ports;
    this.options = options;
    this.ports = ports;
    this.config = parts.config;
    this.startedAt = clock.now();
    this.lastReload = { isSuccess: true, at: clock.now(), error: '' };
    this.#database = parts.database;
    this.#state = parts.state;
    this.#receivers = parts.receivers;
    this.#release = parts.release;
    this.#bootId = parts.bootId;
    this.outbox = outbox;
    this.events = eventRepository(parts.database);
    this.keeper = keeper;
    this.delivery = new Delivery({
      clock,
      random,
      log,
      crash,
      destination: (row) => this.#receivers.destinationOf(row),
      input: (due, late) => this.#receivers.inputOf(due, late, { now: clock.now(), externalUrl: this.externalUrl }),
      claim: (rows) => this.#claim(rows),
      settle: (outcome) => this.#settle(outcome),
      troubled: (rows, how) =>
        this.keeper.step((router, now) => {
          router.troubled(
            rows.map(({ id }) => id),
            how,
            now,
          );
          return { result: undefined };
        }),
    });
    this.actions = notificationActions({
      keeper,
      outbox,
      delivery: this.delivery,
      crash,
      acknowledged: () => this.#followUp.acknowledged(),
    });
    this.#followUp = new ProviderFollowUp({
      clock,
      random,
      log,
      outbox,
      actions: this.actions,
      told: () => this.keeper.router.toldGroups(),
      passedOn: (groupId, ref, ackAt) =>
        this.keeper.step((router) => {
          router.acknowledgementPassedOn(groupId, ref, ackAt);
          return { result: undefined };
        }),
      integration: (place) => this.#receivers.integrationOf(place),
      input: (row, kept) =>
        this.#receivers.inputOf(
          {
            row: { ...row, data: kept, deadline: unixMs(Math.max(row.deadline, clock.now() + FOLLOW_UP_MS)) },
            attempts: 0,
            mayRepeat: false,
          },
          null,
          {
            now: clock.now(),
            externalUrl: this.externalUrl,
          },
        ),
    });
    this.engine = new EngineSupervisor({
      clock,
      log,
      start: () =>
        ports.startEngine({
          tsdbDir: options.tsdbDir,
          walSegmentBytes: options.storage.walSegmentBytes,
          query: options.query,
          features: options.features,
          version: options.version,
          resendDelayMs: options.rules.resendDelayMs,
          offsetSeed: `${ports.hostname}${JSON.stringify(this.config.prometheus.global.externalLabels)}`,
        }),
      restored: () => this.keeper.restoredRows,
      labelsChanged: (version) => this.labelsAnswers.changed(version),
      evaluated: (evaluation, isWanted) => this.#evaluated(evaluation, isWanted),
    });
    this.ways = parts.ways;
    const repository = telephoneRepository(parts.database);
    this.telephones = new Telephones({
      ports,
      outbox,
      telephones: repository,
      receivers: parts.receivers,
      ways: parts.ways,
      keeper,
      actions: () => this.actions,
      configured: () => this.config.alertmanager.receivers,
      externalUrl: () => this.externalUrl,
    });
    this.#storageNotice = new StorageNotice({
      ...{ clock, random, log, keeper },
      ...{ http: ports.http, mail: ports.mail, telephony: ports.telephony, hostname: ports.hostname },
      readSecret: (source) => this.#receivers.readSecret(source),
      waiting: () => this.delivery.waiting,
      lastResort: () => this.#lastResort,
    });
    this.#housekeeping = new Housekeeping({ clock, log, crash, state: this.#state, telephones: repository, replyCodes: parts.replyCodes });
    registerControlMetrics(ports.metrics, this);
  }

  /** As links in notifications have it: without a slash at the end. */
  get externalUrl(): string {
    const { externalUrl, listen } = this.options.web;
    if (externalUrl !== null) return externalUrl.replace(/\/+$/, '');
    const [address] = listen;
    const host = address === undefined || ['0.0.0.0', '::', ''].includes(address.host) ? this.ports.hostname : address.host;
    return `http://${host.includes(':') ? `[${host}]` : host}:${address?.port ?? 0}${this.options.web.routePrefix ?? ''}`.replace(
      /\/+$/,
      '',
    );
  }

  /** Where people and providers outside reach this server; null: nowhere. */
  get publicAddress(): PublicAddress | null {
    const { callbackUrl } = this.config.alertmanager;
    return publicAddress({ given: this.options.web.externalUrl, externalUrl: this.externalUrl, callbackUrl });
  }

  get #lastResort(): LastResort | null {
    const { alertmanager, templates } = this.config;
    const receiver = alertmanager.receivers.find(({ name }) => name === alertmanager.lastResort);
    return receiver === undefined ? null : { receiver, templates, externalUrl: this.externalUrl };
  }

  /** Key of the rule group that raised an alert; null for alerts from outside. */
  groupOfAlert(fingerprint: Fingerprint): string | null {
    return this.#alertGroups().byAlert.get(fingerprint) ?? null;
  }

  #alertGroups(): AlertGroups {
    if (this.#groupOf.version !== this.keeper.ruleAlertsVersion) {
      const byAlert = new Map<Fingerprint, string>();
      for (const { row, announced } of this.keeper.ruleAlerts.values())
        if (announced !== null) byAlert.set(fingerprintOf(Labels.fromSorted(announced)), row.groupKey);
      this.#groupOf = { version: this.keeper.ruleAlertsVersion, byAlert, keys: new Set(byAlert.values()) };
    }
    return this.#groupOf;
  }
  #groupOf: AlertGroups = { version: -1, byAlert: new Map(), keys: new Set() };

  #owe(rows: readonly DueRow[]): void {
    for (const { row } of rows) if (row.standsInFor !== null) count(this.stats.standIns, row.receiver);
    this.delivery.enqueue(rows);
  }

  /** Brings `outboxRows` and `undelivered` up to date, for who reads metrics. */
  async countOutbox(): Promise<void> {
    [this.outboxRows, this.undelivered] = await Promise.all([this.outbox.countByState(), this.outbox.countUndelivered()]);
  }

  /** In front of all paths, without a slash at the end. */
  get pathPrefix(): string {
    const { routePrefix } = this.options.web;
    if (routePrefix !== null) return `/${routePrefix}`.replace(/\/+/g, '/').replace(/\/$/, '');
    return this.linkPrefix;
  }

  /** The same as browsers see it: a proxy in front may take it off before requests come here. */
  get linkPrefix(): string {
    return new URL(this.externalUrl).pathname.replace(/\/+$/, '');
  }

  /** Reads the files again and makes them live, whole or not at all. One at a time. */
  reload(): Promise<ReloadOutcome> {
    const turn = this.#reloading.then(() => this.#reload());
    this.#reloading = turn.catch(() => {});
    return turn;
  }

  async stop(): Promise<void> {
    const { crash } = this.ports;
    crash.hit('stop.begin');
    this.#unwatch();
    this.#housekeeping.stop();
    this.#followUp.stop();
    this.#storageNotice.stop();
    this.telephones.desk.stop();
    await Promise.all([this.engine.stop(STOP_GRACE_MS), this.delivery.stop(STOP_GRACE_MS)]);
    crash.hit('stop.engine');
    await this.keeper.stop();
    crash.hit('stop.keeper');
    this.#receivers.close();
    this.#database.close();
    crash.hit('stop.closed');
    this.#release();
  }

  async #startEngine(): Promise<void> {
    this.engine.start();
    const checked = await this.engine.prepare(this.#engineConfig(this.config));
    if ('error' in checked) throw new StartError(checked.error.message);
    if (checked.some(isError)) throw new StartError(rendered(checked, ruleSources(this.config)));
  }

  /** Waits until the engine has replayed its log, and lets everything run. Rejects with StartError; `stop` is still to be called then. */
  async begin(): Promise<void> {
    const { ports } = this;
    const failure = await this.engine.ready();
    if (failure !== null) throw new StartError(`cannot open the time-series database in ${this.options.tsdbDir}: ${failure}`);
    // While we were away nobody could tell us that an alert goes on: nothing ends because of that.
    await this.keeper.step((router, now) => {
      router.graceAfterGap(now);
      return { result: undefined };
    });
    this.delivery.enqueue(await this.outbox.open());
    await this.telephones.desk.start();
    ports.crash.hit('start.enqueued');
    this.keeper.start();
    const error = await this.engine.apply(this.#engineConfig(this.config));
    if (error !== null) throw new StartError(error.message);
    this.#warnOfSelf();
    this.#tellOfOneWay();
    this.#housekeeping.start();
    this.#followUp.start();
    this.#storageNotice.start();
    this.#unwatch = ports.watchWallSteps((byMs) => {
      this.stats.clockSteps++;
      ports.log.warn('the wall clock jumped', { byMs });
      this.keeper
        .step((router, now) => {
          router.graceAfterGap(now);
          return { result: undefined };
        })
        .catch(() => {}); // the keeper has said why
    });
    ports.crash.hit('start.done');
  }

  async #reload(): Promise<ReloadOutcome> {
    const { ports, options } = this;
    this.stats.reloads++;
    const refuse = (error: string): ReloadOutcome => {
      this.stats.reloadsFailed++;
      this.lastReload = { isSuccess: false, at: this.lastReload.at, error };
      ports.log.error('the configuration was not reloaded; the old one stays', { error });
      return { kind: 'refused', error };
    };
    const loaded = await loadConfig(options.configFiles, loadPorts(options, ports));
    if (loaded.config === null) return refuse(rendered(loaded.diagnostics, loaded.sources));
    const { config } = loaded;
    const engineConfig = this.#engineConfig(config);
    ports.crash.hit('reload.read');
    const checked = await this.engine.prepare(engineConfig);
    if ('error' in checked) return refuse(checked.error.message);
    if (checked.some(isError)) return refuse(rendered(checked, ruleSources(config)));
    ports.crash.hit('reload.parsed');
    try {
      await this.keeper.reload(routerConfigOf(config, options), config.hash);
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error));
    }
    ports.crash.hit('reload.half');
    this.config = config;
    this.#receivers.configure(config.alertmanager.receivers, config.templates);
    ports.crash.hit('reload.receivers');
    const failure = await this.engine.apply(engineConfig);
    if (failure !== null) ports.log.error('the engine takes the new configuration when it runs again', { error: failure.message });
    ports.crash.hit('reload.done');
    logWarnings(loaded.diagnostics, ports);
    this.#warnOfSelf();
    this.#tellOfOneWay();
    this.lastReload = { isSuccess: true, at: ports.clock.now(), error: '' };
    ports.log.info('configuration reloaded', { hash: config.hash });
    return { kind: 'applied' };
  }

  /** Nothing is wrong with that, but who expects to press a key would wait for ever. */
  #tellOfOneWay(): void {
    const isTelephone = ({ name }: { readonly name: string }): boolean => name === 'phone' || name === 'sms';
    const hasTelephones = this.config.alertmanager.receivers.some(({ integrations }) => integrations.some(isTelephone));
    if (hasTelephones && this.publicAddress === null)
      this.ports.log.info('calls take no keys and texts no replies: give --web.external-url or twilio_callback_url for that');
  }

  #warnOfSelf(): void {
    const { alertmanagers } = this.config.prometheus.alerting;
    for (const note of findSelf(alertmanagers, this.options.web.listen)) this.ports.log.warn(note);
  }

  #engineConfig({ prometheus, ruleFiles }: AppConfig): EngineConfig {
    return {
      scrapeConfigs: prometheus.scrapeConfigs,
      ruleFiles,
      evaluationIntervalMs: prometheus.global.evaluationIntervalMs,
      ruleQueryOffsetMs: prometheus.global.ruleQueryOffsetMs,
      externalLabels: prometheus.global.externalLabels.toRecord(),
      alertRelabelConfigs: prometheus.alerting.alertRelabelConfigs,
      externalUrl: this.externalUrl,
      nameScheme: prometheus.global.metricNameValidationScheme,
      parser: parserOptions(this.options.features),
    };
  }

  /**
   * Tries until it is on disk: the engine does not evaluate the group again before. What an engine that has ended said is
   * dropped, for the next one begins with what is on disk, and would never hear of a change that came after that.
   */
  async #evaluated(evaluation: Evaluation, isWanted: () => boolean): Promise<void> {
    const { crash, clock } = this.ports;
    while (isWanted()) {
      try {
        crash.hit('evaluate.before-commit');
        const isQuiet = evaluation.changes.length + evaluation.stored.length + evaluation.removed.length === 0;
        if (!isQuiet)
          await this.keeper.step((router, now) => {
            if (!isWanted()) return { result: undefined };
            const { changes, stored, removed } = ruleAlertStep(this.keeper.ruleAlerts, evaluation);
            router.applyRuleAlerts(changes, now);
            return { result: undefined, ruleAlerts: { stored, removed } };
          });
        crash.hit('evaluate.after-commit');
        this.evaluated.set(evaluation.groupKey, { at: evaluation.at, intervalMs: evaluation.intervalMs });
        if (this.#alertGroups().keys.has(evaluation.groupKey)) this.shownEnds++;
        return;
      } catch {
        await new Promise<void>((resolve) => clock.after(durationMs(EVALUATION_RETRY_MS), resolve));
      }
    }
  }

  /** The router says what is still wanted, and the claim is committed with what it cancels instead. */
  #claim(rows: readonly OutboxRow[]): Promise<readonly Claimed[]> {
    const attemptId = uuid(this.ports.random);
    return this.keeper.step((router, now) => {
      const wanted = rows.flatMap((row): readonly Claimed[] => {
        const verdict = router.claim(row.id, now);
        return verdict.kind === 'send' ? [{ row, late: verdict.late }] : [];
      });
      return { result: wanted, claims: { ids: wanted.map(({ row }) => row.id), attemptId, bootId: this.#bootId } };
    });
  }

  async #settle(outcome: DeliveryOutcome): Promise<void> {
    const { row } = outcome;
    await this.keeper.step((router, now) => {
      router.settle(routerOutcome(outcome), now);
      return { result: undefined, settlements: [settlementOf(outcome)] };
    });
    count(this.stats.deliveries, row.integration);
    if (outcome.kind === 'accepted') this.#followUp.accepted(row, outcome.data ?? row.data);
    else count(this.stats.failures, `${row.integration} ${outcome.reason}`);
  }
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

function routerOutcome(outcome: DeliveryOutcome): RouterOutcome {
  const outboxId = outcome.row.id;
  if (outcome.kind !== 'accepted') return { kind: outcome.kind, outboxId, error: outcome.message };
  return outcome.data === null ? { kind: 'accepted', outboxId } : { kind: 'accepted', outboxId, data: outcome.data };
}

function settlementOf(outcome: DeliveryOutcome): Settlement {
  const { row, at } = outcome;
  if (outcome.kind === 'accepted') return { id: row.id, state: 'accepted', nextAttemptAt: at, answer: outcome.answer };
  if (outcome.kind === 'failed') return { id: row.id, state: 'failed', nextAttemptAt: at, answer: outcome.message };
  return { id: row.id, state: outcome.kind, nextAttemptAt: outcome.nextAttemptAt, answer: outcome.message };
}

const loadPorts = (options: AppOptions, { clock, disk, environment, localZone }: AppPorts): Parameters<typeof loadConfig>[1] => ({
  clock,
  disk,
  environment,
  localZone,
  features: options.features,
});

function usable(loaded: LoadResult): AppConfig {
  if (loaded.config !== null) return loaded.config;
  throw new StartError(rendered(loaded.diagnostics, loaded.sources));
}

const rendered = (diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, SourceFile>): string =>
  renderAll(diagnostics.filter(isError), sources).trimEnd();

function ruleSources({ ruleFiles }: AppConfig): ReadonlyMap<string, SourceFile> {
  return new Map(ruleFiles.map(({ path, text }) => [path, sourceFile(path, text)]));
}

function logWarnings(diagnostics: readonly Diagnostic[], { log }: AppPorts): void {
  for (const { severity, file, line, col, message } of diagnostics)
    if (severity === 'warning') log.warn(message, { at: `${file}:${line}:${col}` });
}

function makeDataDir({ dataDir, tsdbDir }: AppOptions, { disk }: AppPorts): void {
  for (const dir of [dataDir, tsdbDir]) {
    try {
      makeDurableDirectory(disk, dir);
      const probe = `${dir}/.writable`;
      disk.open(probe, 'write').close();
      disk.remove(probe);
    } catch (error) {
      throw new StartError(
        `the data directory ${dir} cannot be used: ${error instanceof Error ? error.message : String(error)}; give another with --data, or make it writable`,
      );
    }
  }
}
