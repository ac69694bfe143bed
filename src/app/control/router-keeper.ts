/**
 * Keeps the router and its rows one: steps run one after another; what they changed is committed before anybody hears of
 * it, and only then its effects begin. Steps of one turn of the event loop share a commit, so that a burst costs the disk
 * a few commits and not thousands. When a commit fails the router is built anew from what is on disk, so
 * that memory never holds what the disk does not.
 */

import { Router, type RouterConfig } from '../../alerts/router.ts';
import type { RouterChanges } from '../../alerts/router-state.ts';
import type { DueRow } from '../../db/outbox-repository.ts';
import type { Claims, Report, Settlement, StateRepository } from '../../db/state-repository.ts';
import type { StoredRuleAlert } from '../../db/state-rows.ts';
import type { Clock } from '../../model/clock.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Log } from '../../model/log.ts';
import type { Random } from '../../model/random.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import type { RuleAlertRow } from '../../rules/alert-state.ts';
import { runSliced, yieldNow } from '../engine/slicing.ts';

export type KeeperPorts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly crash: CrashPoints;
  readonly state: StateRepository;
  /** Rows that are owed from now on, and rows that are not any more. */
  readonly owe: (rows: readonly DueRow[]) => void;
  readonly cancel: (ids: RouterChanges['outboxCancelled']) => void;
  /** The event log has grown. */
  readonly told: () => void;
};

/** What a step wants on disk besides the router's own changes. */
export type StepExtras = {
  readonly claims?: Claims;
  readonly settlements?: readonly Settlement[];
  readonly reports?: readonly Report[];
  readonly ruleAlerts?: { readonly stored: readonly StoredRuleAlert[]; readonly removed: readonly string[] };
};

type Step = {
  readonly work: (router: Router, now: UnixMs) => { readonly result: unknown } & StepExtras;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** How often the keeper looks at the clock when there is nothing to do, and how late that look is after a stop. */
const BEAT_MS = 5000;
const STOPPED_MS = 15_000;
/** Bounds how long one transaction holds the thread. */
const STEPS_PER_COMMIT_MAX = 500;
/** When so many alerts changed at once, their silences are looked for before they are needed, but after the storm. */
const PREPARED_ALERTS_MIN = 100;
const PREPARE_AFTER_MS = 1000;

export class RouterKeeper {
  readonly #ports: KeeperPorts;
  #config: RouterConfig;
  #configHash: string;
  #router: Router;
  #ruleAlerts: Map<string, StoredRuleAlert>;
  readonly #queue: Step[] = [];
  #working: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #cancelBeat: (() => void) | null = null;
  #beatAt: number;
  #isStopped = false;
  /** Why the disk refused the last commit; null: it did not. */
  #refusal: string | null = null;
  #committedAt = Number.NEGATIVE_INFINITY;
  #probing: Promise<void> | null = null;
  #preparing: Promise<void> | null = null;
  #cancelPreparing: (() => void) | null = null;
  /** alertmanager_* counters that only steps know. */
  readonly stats = { steps: 0, commits: 0, commitsFailed: 0 };

  static async open(ports: KeeperPorts, config: RouterConfig, configHash: string): Promise<RouterKeeper> {
    const { snapshot, ruleAlerts } = await ports.state.load();
    const router = new Router(config, snapshot, ports.random, ports.clock.now());
    return new RouterKeeper(ports, config, configHash, router, ruleAlerts);
  }

  constructor(ports: KeeperPorts, config: RouterConfig, configHash: string, router: Router, ruleAlerts: readonly StoredRuleAlert[]) {
    this.#ports = ports;
    this.#config = config;
    this.#configHash = configHash;
    this.#router = router;
    this.#ruleAlerts = byId(ruleAlerts);
    this.#beatAt = ports.clock.elapsed();
  }

  /** Grows whenever `router` is another one. */
  generation = 0;
  /** Grows whenever `ruleAlerts` changes. */
  ruleAlertsVersion = 0;

  /** For reading. Steps change it. */
  get router(): Router {
    return this.#router;
  }

  /** Alerts of rules as they are on disk, by id. */
  get ruleAlerts(): ReadonlyMap<string, StoredRuleAlert> {
    return this.#ruleAlerts;
  }

  /** Steps that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Why the last change of state could not be stored; null: it was. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** As `refusal`, but the disk is asked when nothing was stored for some seconds. */
  async checkWritable(): Promise<string | null> {
    const { clock, state } = this.#ports;
    if (this.#refusal === null && clock.elapsed() - this.#committedAt < PROBE_AFTER_MS) return null;
    // However many ask, the disk is asked once at a time.
    this.#probing ??= state
      .probe(clock.now())
      .then(
        () => this.#stored(),
        (error: unknown) => this.#refused(error),
      )
      .finally(() => {
        this.#probing = null;
      });
    await this.#probing;
    return this.#refusal;
  }

  #stored(): void {
    if (this.#refusal !== null) this.#ports.log.info('the state database can be written again');
    this.#refusal = null;
    this.#committedAt = this.#ports.clock.elapsed();
  }

  #refused(error: unknown): void {
    this.#refusal = error instanceof Error ? error.message : String(error);
  }

  get restoredRows(): readonly RuleAlertRow[] {
    return [...this.#ruleAlerts.values()].map(({ row }) => row);
  }

  /** Runs a step in its turn; done when what it changed is on disk. Rejects, with nothing changed, when the disk refused. */
  step<T>(work: (router: Router, now: UnixMs) => { readonly result: T } & StepExtras): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as (result: unknown) => void, reject });
      this.#working ??= this.#work();
    });
  }

  /** Takes a new configuration: the router's own change, on disk when it is done. */
  reload(config: RouterConfig, configHash: string): Promise<void> {
    return this.step((router, now) => {
      this.#config = config;
      this.#configHash = configHash;
      router.reload(config, now);
      return { result: undefined };
    });
  }

  /** Begins to do what the clock asks for. */
  start(): void {
    this.#keepBeating();
    this.#arm();
    void this.prepareSilences();
  }

  /** Does, a slice at a time, the long part of what reading all alerts takes when many silences or alerts are new. */
  prepareSilences(): Promise<void> {
    const { clock } = this.#ports;
    const interrupt = { check: () => (this.#isStopped ? new Error('stopped') : null) };
    this.#preparing ??= runSliced(this.#router.prepareSilences(clock.now()), clock, interrupt)
      .catch(() => {}) // what is left to do, and what is wrong with it, is the reader's then
      .finally(() => {
        this.#preparing = null;
      });
    return this.#preparing;
  }

  #prepareSoon(): void {
    this.#cancelPreparing ??= this.#ports.clock.after(durationMs(PREPARE_AFTER_MS), () => {
      this.#cancelPreparing = null;
      void this.prepareSilences();
    });
  }

  /** No further timers; done when the steps under way are. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelBeat?.();
    this.#cancelPreparing?.();
    await this.#working;
  }

  #keepBeating(): void {
    const { clock } = this.#ports;
    this.#beat(clock.now());
    this.#cancelBeat = clock.after(durationMs(BEAT_MS), () => this.#keepBeating());
  }

  /** A process that did not run for a while heard nobody: no end that has passed meanwhile is taken for a resolve. */
  #beat(now: UnixMs): void {
    const elapsed = this.#ports.clock.elapsed();
    if (elapsed - this.#beatAt > STOPPED_MS) this.#router.graceAfterGap(now);
    this.#beatAt = elapsed;
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      // Each answer on the network comes in a task of its own: those of one turn of the event loop share a commit.
      await yieldNow(this.#ports.clock);
      await this.#commit(this.#queue.splice(0, STEPS_PER_COMMIT_MAX));
    }
    // In the same turn as the last look at the queue: a step asked for in between would wait for ever.
    this.#working = null;
  }

  async #commit(steps: readonly Step[]): Promise<void> {
    const { clock, crash, state, log } = this.#ports;
    const now = clock.now();
    this.stats.steps += steps.length;
    this.stats.commits++;
    try {
      this.#beat(now);
      const results = steps.map(({ work }) => work(this.#router, now));
      const changes = this.#router.takeChanges();
      const ruleAlerts = joinedRuleAlerts(results);
      crash.hit('flush.before-commit');
      await state.commit({
        at: now,
        configHash: this.#configHash,
        router: changes,
        ruleAlerts,
        settlements: results.flatMap(({ settlements = [] }) => settlements),
        reports: results.flatMap(({ reports = [] }) => reports),
        claims: results.flatMap(({ claims }) => (claims === undefined ? [] : [claims])),
      });
      this.#stored();
      crash.hit('flush.after-commit');
      if (ruleAlerts !== null) this.ruleAlertsVersion++;
      for (const stored of ruleAlerts?.stored ?? []) this.#ruleAlerts.set(stored.row.id, stored);
      for (const id of ruleAlerts?.removed ?? []) this.#ruleAlerts.delete(id);
      this.#perform(changes);
      this.#arm();
      if (changes.alertsUpserted.length >= PREPARED_ALERTS_MIN) this.#prepareSoon();
      steps.forEach(({ resolve }, i) => resolve(results[i]?.result));
    } catch (error) {
      this.stats.commitsFailed++;
      this.#refused(error);
      log.error('a change of alert state could not be stored; going on from what is on disk', {
        error: error instanceof Error ? error.message : String(error),
      });
      await this.#recover();
      for (const { reject } of steps) reject(error);
    }
  }

  #perform(changes: RouterChanges): void {
    if (changes.outboxInserted.length > 0)
      this.#ports.owe(
        changes.outboxInserted.map((row) => ({ row, attempts: 0, nextAttemptAt: row.createdAt, state: 'pending', mayRepeat: false })),
      );
    if (changes.outboxCancelled.length > 0) this.#ports.cancel(changes.outboxCancelled);
    if (changes.events.length > 0) this.#ports.told();
  }

  /** Memory as the disk has it. While the disk does not even answer, the old memory has to do. */
  async #recover(): Promise<void> {
    const { state, clock, random, log } = this.#ports;
    try {
      const { snapshot, ruleAlerts } = await state.load();
      this.#router = new Router(this.#config, snapshot, random, clock.now());
      this.generation++;
      this.#ruleAlerts = byId(ruleAlerts);
      this.ruleAlertsVersion++;
      void this.prepareSilences();
    } catch (error) {
      log.error('the state database cannot be read', { error: error instanceof Error ? error.message : String(error) });
    }
    this.#arm(RETRY_MS);
  }

  /** Timers are hints: `tick` looks at the clock itself. */
  #arm(atLeastMs = 0): void {
    if (this.#isStopped) return;
    this.#cancelTimer?.();
    const wakeAt = this.#router.nextWakeAt();
    if (wakeAt === null) return;
    const { clock, crash } = this.#ports;
    this.#cancelTimer = clock.after(durationMs(Math.max(atLeastMs, wakeAt - clock.now())), () => {
      this.step((router, now) => {
        crash.hit('flush.begin');
        router.tick(now);
        return { result: undefined };
      }).catch(() => {}); // #run has said why, and has armed the next try
    });
    crash.hit('group.timer-set');
  }
}

const RETRY_MS = 1000;
const PROBE_AFTER_MS = 5000;
const byId = (all: readonly StoredRuleAlert[]): Map<string, StoredRuleAlert> => new Map(all.map((stored) => [stored.row.id, stored]));

/** Evaluations of different groups have no row in common; of one group, the later wins. */
function joinedRuleAlerts(steps: readonly StepExtras[]): NonNullable<StepExtras['ruleAlerts']> | null {
  const given = steps.flatMap(({ ruleAlerts }) => (ruleAlerts === undefined ? [] : [ruleAlerts]));
  if (given.length === 0) return null;
  return { stored: given.flatMap(({ stored }) => stored), removed: given.flatMap(({ removed }) => removed) };
}
