/**
 * Keeps an engine running: starts it, gives it the configuration that is live, and when its thread dies starts another,
 * which replays the log and takes over the alerts from what is on disk. Meanwhile calls are refused and nothing resolves.
 */
import type { Diagnostic } from '../../config/diagnostic.ts';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import { durationMs } from '../../model/time.ts';
import type { EngineProcess } from '../../platform/transport.ts';
import type { RuleAlertRow } from '../../rules/alert-state.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import { toWire } from '../config/engine-config.ts';
import { type CallOptions, type CallResult, type EngineLink, LiveEngineLink } from '../engine-link.ts';
import type { CallError, CallName, EngineCalls, Evaluation, ToControl, ToEngine } from '../protocol.ts';

const RESTART_MS_MIN = 1000;
const RESTART_MS_MAX = 60_000;

export type SupervisorPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly start: () => EngineProcess<ToEngine, ToControl>;
  /** What is on disk of rule alerts, for an engine that starts. */
  readonly restored: () => readonly RuleAlertRow[];
  /** Answers about labels of an older version hold no longer; 0: there is no engine, and the next counts anew. */
  readonly labelsChanged: (version: number) => void;
  /** Commits an evaluation, however often it has to be tried. */
  /** `isWanted`: the engine that says so is still the one that runs. */
  readonly evaluated: (evaluation: Evaluation, isWanted: () => boolean) => Promise<void>;
};

export type ReplayState = { readonly reading: string; readonly bytesRead: number; readonly bytesTotal: number };

export class EngineSupervisor implements EngineLink {
  readonly #ports: SupervisorPorts;
  #engine: EngineProcess<ToEngine, ToControl> | null = null;
  #link: LiveEngineLink | null = null;
  #config: EngineConfig | null = null;
  #isReady = false;
  #isStopping = false;
  /** Why the first engine cannot run; it is not tried again. */
  #failure: string | null = null;
  #readyWaiters: ((failure: string | null) => void)[] = [];
  #restartMs = RESTART_MS_MIN;
  replay: ReplayState = { reading: '', bytesRead: 0, bytesTotal: 0 };
  restarts = 0;
  /** Since when there is no engine that answers; null while there is. */
  downSince: number | null = null;

  constructor(ports: SupervisorPorts) {
    this.#ports = ports;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get pending(): number {
    return this.#link?.pending ?? 0;
  }

  get freeSince(): number | null {
    return this.#link?.freeSince ?? null;
  }

  /** Starts the first engine; it answers `prepare` at once and everything else when it is ready. */
  start(): void {
    this.#begin();
  }

  /** Done when the head is replayed; the text is why it cannot be opened. */
  ready(): Promise<string | null> {
    if (this.#isReady || this.#failure !== null) return Promise.resolve(this.#failure);
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  call<Name extends CallName>(name: Name, takes: EngineCalls[Name]['takes'], options: CallOptions = {}): Promise<CallResult<Name>> {
    const link = this.#link;
    if (link === null || (!this.#isReady && name !== 'prepare' && name !== 'metrics'))
      return Promise.resolve({ kind: 'refused', error: NOT_READY });
    return link.call(name, takes, options);
  }

  committed(sequence: number): void {
    this.#link?.committed(sequence);
  }

  /** Checks a configuration; nothing changes. */
  async prepare(config: EngineConfig): Promise<readonly Diagnostic[] | { readonly error: CallError }> {
    const result = await this.call('prepare', { config: toWire(config) });
    return result.kind === 'gave' ? result.gives.diagnostics : { error: result.error };
  }

  /** Makes what was prepared last live; an engine that starts later gets it too. */
  async apply(config: EngineConfig): Promise<CallError | null> {
    this.#config = config;
    const result = await this.call('apply', { restored: this.#ports.restored() });
    return result.kind === 'gave' ? null : result.error;
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    if (this.#isReady) {
      const grace = new Promise<void>((resolve) => this.#ports.clock.after(durationMs(graceMs), resolve));
      await Promise.race([this.call('stop', null), grace]);
    }
    this.#engine?.terminate();
  }

  #begin(): void {
    const engine = this.#ports.start();
    this.#engine = engine;
    this.#link = new LiveEngineLink(
      engine,
      this.#ports.clock,
      (told) => {
        if (this.#engine !== engine) return;
        switch (told.kind) {
          case 'replay':
            this.replay = told;
            return;
          case 'ready':
            for (const note of told.notes) this.#ports.log.warn('time-series database repaired', { what: note });
            void this.#becameReady();
            return;
          case 'evaluation':
            void this.#ports
              .evaluated(told, () => this.#engine === engine)
              .then(() => {
                if (this.#engine === engine) this.committed(told.sequence);
              });
            return;
          case 'labels':
            this.#ports.labelsChanged(told.version);
            return;
          case 'log':
            this.#ports.log[told.level](told.message, told.fields);
            return;
          case 'failed':
            this.#ports.log.error('the engine cannot run', { error: told.message });
            if (this.#config === null) this.#failure = told.message;
            this.#tellWaiters(told.message);
            if (this.#config !== null) this.#again(`it failed: ${told.message}`, engine);
            return;
        }
      },
      (why) => this.#again(why, engine),
    );
  }

  async #becameReady(): Promise<void> {
    this.#isReady = true;
    this.downSince = null;
    this.#restartMs = RESTART_MS_MIN;
    this.#tellWaiters(null);
    const config = this.#config;
    if (config === null) return; // the first start: the application applies it
    const prepared = await this.prepare(config);
    const error = 'error' in prepared ? prepared.error : await this.apply(config);
    if (error !== null) this.#ports.log.error('the restarted engine did not take the configuration', { error: error.message });
  }

  #tellWaiters(failure: string | null): void {
    const waiters = this.#readyWaiters;
    this.#readyWaiters = [];
    for (const tell of waiters) tell(failure);
  }

  /** Another engine, after a pause that grows while they keep dying. */
  #again(why: string, engine: EngineProcess<ToEngine, ToControl>): void {
    if (this.#isStopping || this.#engine !== engine) return;
    const { clock, log } = this.#ports;
    engine.terminate();
    this.#engine = null;
    this.#link = null;
    this.#isReady = false;
    this.#ports.labelsChanged(0);
    this.downSince ??= clock.now();
    this.restarts++;
    log.error('the engine ended; paging goes on, and another is started', { why, inMs: this.#restartMs });
    clock.after(durationMs(this.#restartMs), () => {
      if (!this.#isStopping) this.#begin();
    });
    this.#restartMs = Math.min(RESTART_MS_MAX, this.#restartMs * 2);
  }
}

const NOT_READY: CallError = { type: 'unavailable', message: 'Service Unavailable: the time-series database is being opened' };
