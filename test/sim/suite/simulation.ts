/**
 * One seed, one simulated installation, from its first boot to the end of its time: lets happen what is planned, looks at
 * the world every few seconds, and stops at the first invariant that does not hold. The same seed gives the same run.
 */
import { createHash } from 'node:crypto';
import type { OutboxId } from '../../../src/alerts/router-state.ts';
import type { App } from '../../../src/app/app.ts';
import type { AppPorts } from '../../../src/app/app-ports.ts';
import type { DurationMs } from '../../../src/model/time.ts';
import { unixMs } from '../../../src/model/time.ts';
import type { Disturbance } from '../../../src/platform/sim/sim-network.ts';
import { type SimProcess, SimWorld } from '../../../src/platform/sim/sim-world.ts';
import { FakeTarget } from '../../support/fake-target.ts';
import { bootApp, engineOf, sqliteOf, writeFiles } from '../../support/sim-app.ts';
import type { SimSqlite } from '../../support/sim-sqlite.ts';
import { differenceIn, type Times, timesIn, UNSTORED_MS } from './backtest.ts';
import { Checker, THERE, type Violation } from './checker.ts';
import { Oracle } from './oracle.ts';
import { type Action, drawAnswers, drawOutages, drawPlan, drawProfile, type Planned, type Profile } from './plan.ts';
import { type ProviderBehaviour, Providers } from './providers.ts';
import {
  drawScenario,
  editedScenario,
  happens,
  type LabelTest,
  pick,
  type Scenario,
  type Sender,
  WATCHDOG,
  withStandIns,
} from './scenario.ts';
import { exprOf, filesOf } from './scenario-files.ts';
import { counterAt, HIGH, valueAt } from './signal.ts';
import { stamp } from './stamp.ts';
import { Telephones, TWILIO } from './telephones.ts';
import type { Reach } from './truth.ts';

const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z
const LOOK_MS = 15_000;
const POST_MS = 60_000;
const MINUTE_MS = 60_000;
/** After a gap what was before it is held for as long as its data may be seen. */
const HELD_MS = 10 * MINUTE_MS;
const API = 'http://tocsin:9099';

/** A bug that is planted to see whether it is found. */
export type Mutant = {
  readonly name: string;
  /** Puts the bug into the code; the returned function takes it out again. */
  readonly plant?: () => () => void;
  /** Changes what the application stands on; called at each boot. */
  readonly prepare?: (ports: AppPorts) => AppPorts;
  /** Changes the application that has started. */
  readonly started?: (app: App) => void;
};

export type RunOptions = {
  readonly seed: number;
  readonly untilMs: number;
  readonly mutant?: Mutant;
  /** Without telephones, without receivers that stand in for others, and nobody does anything at a provider: what seeds were before these. */
  readonly isPlain?: boolean;
  /** What a seed would draw is given instead. */
  readonly profile?: Profile;
};

export type RunResult = {
  readonly seed: number;
  readonly profile: Profile;
  readonly violation: Violation | null;
  readonly story: readonly string[];
  /** Of everything that was decided and delivered. */
  readonly hash: string;
  readonly crashHits: ReadonlyMap<string, number>;
  readonly counts: { readonly taken: number; readonly boots: number; readonly events: number };
};

export async function simulate(options: RunOptions): Promise<RunResult> {
  const takeOut = options.mutant?.plant?.();
  const simulation = new Simulation(options);
  try {
    return await simulation.run();
  } finally {
    simulation.dispose();
    takeOut?.();
  }
}

class Simulation {
  readonly #options: RunOptions;
  readonly #world: SimWorld;
  readonly #profile: Profile;
  readonly #plan: readonly Planned[];
  readonly #oracle: Oracle;
  readonly #providers: Providers;
  readonly #checker: Checker;
  readonly #telephones: Telephones;
  readonly #targets = new Map<string, FakeTarget>();
  /** Hosts that are in some way not themselves, by what disturbs them. */
  readonly #unsure = new Map<string, number>();
  readonly #story: string[] = [];
  #scenario: Scenario;
  #app: App | null = null;
  #process: SimProcess | null = null;
  #sqlite: SimSqlite | null = null;
  #bootAtMs = 0;
  #bootPlan: ((process: SimProcess) => void) | null = null;
  #crashWhenTaken = false;
  /** The wall clock has yet to reach what it was before it was set back. */
  #wallMax = 0;
  #hits: ReadonlyMap<string, number> = new Map();

  constructor(options: RunOptions) {
    const { seed, untilMs } = options;
    this.#options = options;
    this.#world = new SimWorld({ seed, start: START, shuffles: true });
    const random = (stream: string) => this.#world.random(stream);
    this.#profile = options.profile ?? drawProfile(random('profile'));
    const plain = drawScenario(random('scenario'), untilMs);
    const more = options.isPlain !== true;
    this.#scenario = more && happens(random('has stand-ins'), 0.6) ? withStandIns(random('stand-ins'), plain) : plain;
    this.#plan = [
      ...drawPlan(random('plan'), this.#profile, plain, untilMs),
      ...drawAnswers(random('answers'), 'acknowledge', untilMs),
      ...(more ? drawAnswers(random('answers there'), 'acknowledge_there', untilMs) : []),
      ...(this.#scenario === plain ? [] : drawOutages(random('outages'), this.#profile, this.#scenario, untilMs)),
    ].sort((a, b) => a.atMs - b.atMs);
    this.#oracle = new Oracle(this.#scenario);
    const integrations = this.#scenario.receivers.flatMap((receiver) => receiver.integrations);
    this.#providers = new Providers(this.#world, integrations);
    this.#checker = new Checker({
      oracle: this.#oracle,
      providers: this.#providers,
      now: () => this.#nowMs,
      wall: () => this.#world.clock.now(),
      read: (sql, ...values) => this.#sqlite?.read(sql, ...values) ?? [],
      hasWallSteps: this.#profile.faults.includes('wall clock'),
      watchdogAt: () => this.#app?.evaluated.get(`/etc/rules.yml;${WATCHDOG.name}`)?.at ?? null,
    });
    this.#providers.onTaken = (taken) => {
      this.#checker.taken(taken);
      if (!this.#crashWhenTaken || this.#process?.isAlive !== true) return;
      this.#crashWhenTaken = false;
      this.#die('kill', `killed when ${taken.integration.id} took a notification`);
    };
    this.#telephones = new Telephones(
      {
        world: this.#world,
        providers: this.#providers,
        toldWith: (id) => this.#checker.toldWith(id),
        unsureSince: () => this.#checker.health.controlSince,
        acknowledging: (row) => this.#checker.acknowledging(row),
        tell: (what) => this.#tell(what),
        areAnswered: happens(random('answered telephones'), 0.6),
      },
      integrations,
    );
    for (const { host, gauge, other, rate } of this.#scenario.targets) {
      const target = new FakeTarget(this.#world.clock);
      Object.defineProperty(target, 'exposition', {
        get: () => {
          const at = this.#nowMs;
          const line = (name: string, value: number | null): string => (value === null ? '' : `${name} ${value}\n`);
          return `${line('gauge', valueAt(gauge, at))}${line('other', valueAt(other, at))}# TYPE work_total counter\n${line('work_total', counterAt(rate, at))}`;
        },
      });
      this.#targets.set(host, target);
      this.#world.network.serve(`${host}:80`, target.handler);
    }
  }

  get #nowMs(): number {
    return this.#world.clock.elapsed();
  }

  async run(): Promise<RunResult> {
    const { untilMs, seed } = this.#options;
    writeFiles(this.#world, filesOf(this.#scenario));
    let next = 0;
    let lookAt = 0;
    let postAt = 30_000;
    while (this.#nowMs < untilMs && this.#checker.violation === null) {
      if (this.#app === null && this.#nowMs >= this.#bootAtMs) await this.#boot();
      const planned = this.#plan[next];
      const until = Math.min(
        planned?.atMs ?? untilMs,
        lookAt,
        postAt,
        this.#app === null ? Math.max(this.#bootAtMs, this.#nowMs + 1) : untilMs,
        untilMs,
      );
      if (until > this.#nowMs) await this.#world.advance(until - this.#nowMs);
      this.#noticeDeath();
      if (this.#nowMs >= lookAt) {
        this.#look();
        lookAt = this.#nowMs + LOOK_MS;
      }
      if (this.#nowMs >= postAt) {
        for (const sender of this.#scenario.senders) this.#post(sender);
        postAt += POST_MS;
      }
      if (planned !== undefined && this.#nowMs >= planned.atMs) {
        next++;
        await this.#perform(planned.action);
        this.#noticeDeath();
      }
    }
    if (this.#checker.violation === null) this.#checker.atEnd();
    if (this.#checker.violation === null) await this.#backtest();
    const events = this.#sqlite?.read('SELECT at_ms, fingerprint, group_key, stage, verdict, reason, detail FROM event ORDER BY id') ?? [];
    const outbox =
      this.#sqlite?.read('SELECT id, group_key, state, created_at_ms, settled_at_ms, attempts FROM outbox ORDER BY created_at_ms, id') ??
      [];
    const taken = this.#providers.taken.map(({ integration, ...rest }) => ({ ...rest, integration: integration.id }));
    return {
      seed,
      profile: this.#profile,
      violation: this.#checker.violation,
      story: this.#checker.violation === null ? this.#story : [...this.#story, ...this.#checker.story()].sort(),
      hash: createHash('sha256')
        .update(JSON.stringify([events, outbox, taken]))
        .digest('hex'),
      crashHits: this.#hits,
      counts: { taken: taken.length, boots: this.#providers.boot, events: events.length },
    };
  }

  dispose(): void {
    if (this.#process !== null) this.#world.kill(this.#process);
    this.#sqlite?.dispose();
  }

  // ---- the process

  async #boot(): Promise<void> {
    this.#providers.boot++;
    const { mutant } = this.#options;
    const boot = this.#bootPlan;
    this.#bootPlan = null;
    try {
      const { app } = await bootApp(this.#world, {
        serves: true,
        prepare: (starting, ports) => {
          this.#process = starting;
          this.#hits = starting.crashHits;
          this.#sqlite = sqliteOf(starting);
          boot?.(starting);
          return mutant?.prepare?.(ports) ?? ports;
        },
      });
      this.#app = app;
      mutant?.started?.(app);
      this.#tell('the application is up');
      // Files may have been edited while it was down or in the very reload that it died in.
      this.#configured();
      this.#checker.booted(app);
    } catch (error) {
      this.#tell(`the application did not start: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
      if (this.#checker.violation === null) this.#checker.bootFailed(error);
      this.#dead();
      this.#bootAtMs = this.#nowMs + 10_000;
    }
  }

  #configured(): void {
    if (this.#oracle.scenario !== this.#scenario) this.#oracle.configure(this.#scenario, this.#nowMs);
  }

  #die(death: 'kill' | 'power', why: string): void {
    const process = this.#process;
    if (process === null || !process.isAlive) return;
    this.#tell(why);
    if (death === 'kill') this.#world.kill(process);
    else this.#world.powerLoss(process);
    this.#checker.died(death);
    this.#dead();
  }

  #noticeDeath(): void {
    if (this.#app === null || this.#process?.isAlive === true) return;
    this.#tell('the process has died');
    this.#checker.died(this.#plannedDeath);
    this.#dead();
  }
  #plannedDeath: 'kill' | 'power' = 'kill';

  #dead(): void {
    this.#app = null;
    const downMs = pick(this.#world.random(`down ${this.#nowMs}`), [1000, 5000, 30_000, 4 * MINUTE_MS, 11 * MINUTE_MS]);
    this.#bootAtMs = this.#nowMs + downMs;
    this.#checker.unwell('control', 'engine');
  }

  // ---- looking

  #look(): void {
    const now = this.#nowMs;
    const wall = this.#world.clock.now();
    this.#providers.readMail();
    this.#telephones.look();
    if (this.#app === null) this.#checker.unwell('control', 'engine');
    // Until the clock has caught up with where it was, no rule is evaluated again and no sample taken.
    if (wall < this.#wallMax) this.#checker.unwell('engine');
    else this.#wallMax = wall;
    this.#oracle.look(now, wall, (host) => this.#reach(host), this.#checker.health);
    this.#checker.look(this.#app, this.#process);
  }

  #reach(host: string): Reach {
    if ((this.#unsure.get(host) ?? 0) > 0) return 'unsure';
    return this.#targets.get(host)?.behaviour === 'ok' ? 'good' : 'bad';
  }

  // ---- what people and other programs do

  #post({ labels, active, saysEnd, name }: Sender): void {
    const isActive = valueAt(active, this.#nowMs) === HIGH;
    if (!isActive && !saysEnd) return;
    const body = [
      { labels, annotations: { summary: name }, ...(isActive ? {} : { endsAt: new Date(this.#world.clock.now()).toISOString() }) },
    ];
    this.#send('/api/v2/alerts', { method: 'POST', body: JSON.stringify(body) }, () => {});
  }

  /** Does not wait: the answer, if one comes, comes in its time. */
  #send(path: string, init: RequestInit, answered: (status: number, text: string) => void): void {
    if (this.#app === null) return;
    const request = new Request(`${API}${path}`, { ...init, headers: { 'content-type': 'application/json' } });
    this.#world.network
      .fetch(request)
      .then(async (response) => answered(response.status, await response.text()))
      .catch(() => {}); // nobody there, or it died: no answer
  }

  async #perform(action: Action): Promise<void> {
    switch (action.kind) {
      case 'crash_at':
        this.#tell(`will ${action.death === 'kill' ? 'be killed' : 'lose power'} at ${action.label}, pass ${action.nth}`);
        this.#plannedDeath = action.death;
        if (/^(start|migrate|engine)/.test(action.label)) {
          this.#bootPlan = (process) => process.crashAt(action.label, action.nth, action.death);
          return this.#die('kill', 'killed, to die again at its start');
        }
        this.#process?.crashAt(action.label, action.nth, action.death);
        if (action.label.startsWith('reload')) return this.#reload('same');
        if (action.label.startsWith('stop')) return this.#stop();
        return;
      case 'crash_in_write': {
        const sqlite = this.#sqlite;
        const process = this.#process;
        if (sqlite === null || process === null) return;
        const at = sqlite.writes + action.nth;
        this.#plannedDeath = action.death;
        this.#tell(`will ${action.death === 'kill' ? 'be killed' : 'lose power'} before its ${action.nth}. write to the state database`);
        sqlite.onWrite = (writes) => {
          if (writes < at) return;
          sqlite.onWrite = null;
          process.life.end(action.death);
        };
        return;
      }
      case 'crash_when_taken':
        this.#plannedDeath = 'kill';
        this.#crashWhenTaken = true;
        return;
      case 'die':
        return this.#die(action.death, action.death === 'kill' ? 'killed' : 'power lost');
      case 'stop':
        return this.#stop();
      case 'tsdb_fault': {
        this.#tell(`disk of samples: ${action.code} at ${action.operation} for ${action.forMs / 1000} s`);
        const heal = this.#world.disk().inject({ operation: action.operation, path: /^\/data\/tsdb/, code: action.code });
        return this.#during(action.forMs, ['engine', 'samples'], heal);
      }
      case 'state_fault': {
        this.#tell(`state database: ${action.code} for ${action.forMs / 1000} s`);
        const statement = action.code === 'SQLITE_BUSY' ? /^BEGIN/ : /^\s*(INSERT|UPDATE|DELETE|CREATE|COMMIT)/i;
        const heal = this.#sqlite?.inject({ code: action.code, statement });
        return this.#during(action.forMs, ['control', 'engine', 'state'], () => heal?.());
      }
      case 'wall_step':
        this.#tell(`the wall clock is set by ${action.byMs / 1000} s`);
        this.#wallMax = Math.max(this.#wallMax, this.#world.clock.now());
        this.#world.clock.stepWall(action.byMs);
        this.#checker.unwell('control', 'engine');
        this.#checker.wallStepped(action.byMs);
        this.#look(); // silences and intervals go by it
        return;
      case 'freeze':
        if (this.#process?.isAlive !== true) return;
        this.#tell(`the process is stopped for ${action.forMs / 1000} s`);
        this.#world.freeze(this.#process, action.forMs);
        return this.#during(action.forMs, ['control', 'engine'], () => {});
      case 'provider': {
        this.#tell(`${action.id} ${action.behaviour} for ${action.forMs / 1000} s`);
        const heal = this.#providers.behave(action.id, action.behaviour);
        const ids = action.id === TWILIO ? this.#checker.telephones : [action.id];
        if (HANGING.has(action.behaviour)) for (const id of ids) this.#checker.hangsUntil(this.#nowMs + action.forMs, id);
        return this.#during(action.forMs, ids, heal);
      }
      case 'network': {
        this.#tell(`network to ${action.host} ${action.how} for ${action.forMs / 1000} s`);
        const heal = this.#world.network.disturb({ to: action.host, ...DISTURBANCES[action.how] });
        this.#unsure.set(action.host, (this.#unsure.get(action.host) ?? 0) + 1);
        this.#checker.disturbed(action.host, true);
        if (action.how !== 'refused') this.#checker.hangsUntil(this.#nowMs + action.forMs, action.host);
        return this.#during(action.forMs, [action.host], () => {
          heal();
          this.#unsure.set(action.host, (this.#unsure.get(action.host) ?? 0) - 1);
          this.#checker.disturbed(action.host, false);
        });
      }
      case 'target': {
        const target = this.#targets.get(action.host);
        if (target === undefined) return;
        this.#tell(`target ${action.host} ${action.behaviour} for ${action.forMs / 1000} s`);
        target.behaviour = action.behaviour;
        return this.#during(action.forMs, [], () => {
          target.behaviour = 'ok';
        });
      }
      case 'engine_death':
        if (this.#process?.isAlive !== true) return;
        this.#tell('the engine thread dies');
        this.#checker.unwell('engine');
        this.#checker.engineDied();
        engineOf(this.#process)?.end();
        return;
      case 'reload':
        for (let i = 0; i < action.times; i++) await this.#reload(action.what);
        return;
      case 'silence':
        return this.#silence(action.tests, action.forMs);
      case 'unsilence':
        return this.#unsilence(action.nth);
      case 'acknowledge':
        return this.#acknowledge(action.nth);
      case 'acknowledge_there':
        return this.#acknowledgeThere(action.nth);
      case 'query':
        return this.#query();
      case 'browse':
        for (const path of [
          '/',
          '/metrics',
          '/api/v1/status/config',
          '/api/v1/status/flags',
          '/api/v1/targets',
          '/api/v2/status',
          '/api/v1/rules',
        ])
          this.#send(path, {}, (_status, text) => this.#checker.read(path, text));
        return;
    }
  }

  /** Something is not well for a while. */
  #during(forMs: number, parts: readonly string[], heal: () => void): void {
    const endsAt = this.#nowMs + forMs;
    this.#checker.unwellUntil(endsAt, parts);
    this.#world.clock.after(forMs as DurationMs, () => {
      heal();
      this.#tell(`over: ${parts.join(', ')}`);
    });
  }

  async #stop(): Promise<void> {
    const app = this.#app;
    if (app === null) return;
    this.#tell('stopped in order');
    this.#checker.unwell('control', 'engine');
    let isOver = false;
    void app.stop().finally(() => {
      isOver = true;
    });
    for (let i = 0; i < 50 && !isOver && this.#process?.isAlive === true; i++) await this.#world.advance(100);
    this.#die('kill', 'gone');
  }

  async #reload(what: 'same' | 'edited' | 'broken'): Promise<void> {
    const app = this.#app;
    if (app === null) return;
    const before = this.#scenario;
    const files = filesOf(before);
    this.#tell(`reload: ${what}`);
    if (what === 'edited') {
      this.#scenario = editedScenario(this.#world.random(`edit ${this.#nowMs}`), before);
      writeFiles(this.#world, filesOf(this.#scenario));
      this.#oracle.configure(this.#scenario, this.#nowMs);
    }
    if (what === 'broken') writeFiles(this.#world, { '/etc/tocsin.yml': `${files['/etc/tocsin.yml']}\nnonsense: [` });
    let outcome: string | null = null;
    app.reload().then(
      ({ kind }) => {
        outcome = kind;
      },
      () => {
        outcome = 'failed';
      },
    );
    // A process that is stopped reads them when it goes on.
    for (let i = 0; i < 600 && outcome === null && this.#process?.isAlive === true; i++) await this.#world.advance(i < 50 ? 100 : 5000);
    if (what === 'broken') {
      writeFiles(this.#world, files);
      if (outcome === 'applied') this.#checker.violated('P8', 'a broken configuration went live');
    }
    if (what !== 'edited') return;
    this.#oracle.configure(this.#scenario, this.#nowMs);
    this.#checker.reconfigured();
    if (outcome === 'applied') return;
    // Refused by a fault: what is live is what was; and what is on disk is that again.
    this.#scenario = before;
    writeFiles(this.#world, files);
    this.#oracle.configure(before, this.#nowMs);
  }

  #silence(tests: readonly LabelTest[], forMs: number): void {
    if (this.#app === null) return;
    const wall = this.#world.clock.now();
    const silence = { id: null as string | null, tests, fromMs: wall, untilMs: wall + forMs, isSure: false };
    this.#oracle.silences.push(silence);
    const matchers = tests.map(({ name, op, value }) => ({ name, value, isRegex: op.endsWith('~'), isEqual: op.startsWith('=') }));
    const body = {
      matchers,
      startsAt: new Date(wall).toISOString(),
      endsAt: new Date(wall + forMs).toISOString(),
      createdBy: 'ana',
      comment: 'simulated',
    };
    this.#tell(`silence ${tests.map(({ name, op, value }) => `${name}${op}${value}`).join(', ')} for ${forMs / 1000} s`);
    this.#send('/api/v2/silences', { method: 'POST', body: JSON.stringify(body) }, (status, text) => {
      if (status !== 200) return;
      silence.id = (JSON.parse(text) as { readonly silenceID: string }).silenceID;
      silence.isSure = true;
    });
  }

  #unsilence(nth: number): void {
    const wall = this.#world.clock.now();
    const active = this.#oracle.silences.filter(({ isSure, untilMs, fromMs }) => isSure && wall >= fromMs && wall < untilMs);
    const silence = active[nth % Math.max(1, active.length)];
    if (silence === undefined) return;
    silence.isSure = false;
    this.#tell(`the silence ${silence.id} is ended`);
    this.#send(`/api/v2/silence/${silence.id}`, { method: 'DELETE' }, (status) => {
      if (status === 200) silence.untilMs = Math.min(silence.untilMs, this.#world.clock.now());
    });
  }

  /** Somebody who has one of the latest notifications says that it is looked after. */
  #acknowledge(nth: number): void {
    const app = this.#app;
    const told = this.#checker.answerable();
    const row = told[nth % Math.max(1, told.length)];
    if (app === null || row === undefined) return;
    const settle = this.#checker.acknowledging(row);
    this.#tell(`ana looks after ${row.firing.join(', ')} of ${row.groupKey}, told to ${row.receiver}`);
    app.actions.act(row.id as OutboxId, { kind: 'acknowledge' }, 'ana').then(
      ({ kind }) => settle(kind),
      () => settle('refused'),
    );
  }

  /** Somebody takes an alert on at a provider. */
  #acknowledgeThere(nth: number): void {
    const open = [...this.#providers.unacknowledged()];
    const one = open[nth % Math.max(1, open.length)];
    if (one === undefined) return;
    this.#tell(`${THERE} looks after ${one.groupKey} at ${one.integration.id}`);
    one.acknowledge(THERE);
    this.#checker.acknowledgedThere(one.integration, one.groupKey);
  }

  #query(): void {
    const wall = this.#world.clock.now();
    const query = new URLSearchParams({ query: '{__name__=~"gauge|up"}[30m]', time: String(wall / 1000) });
    this.#send(`/api/v1/query?${query.toString()}`, {}, (status, text) => {
      if (status === 200) this.#checker.samples(text, wall);
    });
  }

  /** Rules are held against what was recorded since the last disturbance. */
  async #backtest(): Promise<void> {
    const app = this.#app;
    const sinceMs = this.#checker.undisturbedSince;
    if (app === null || this.#process?.isAlive !== true || this.#profile.faults.includes('wall clock')) return;
    const { evaluationMs, rules } = this.#scenario;
    for (const rule of rules) {
      const last = app.evaluated.get(`/etc/rules.yml;${rule.name}`)?.at;
      const evaluationsMs: number[] = [];
      for (let at = last ?? 0; at > START + sinceMs + HELD_MS; at -= evaluationMs) evaluationsMs.unshift(at);
      if (evaluationsMs.length < 2) continue;
      const times = async (query: string, shiftMs = 0): Promise<Times> => {
        const at = (ms: number | undefined): string => String(((ms ?? 0) - shiftMs) / 1000);
        const params = { query, start: at(evaluationsMs[0]), end: at(evaluationsMs.at(-1)), step: String(evaluationMs / 1000) };
        const response = await this.#world.request(`${API}/api/v1/query_range?${new URLSearchParams(params).toString()}`);
        return timesIn(await response.text(), rule, shiftMs);
      };
      const alerts = (state: string): Promise<Times> => times(`ALERTS{alertname="${rule.name}",alertstate="${state}"}`);
      const expr = exprOf(rule);
      const difference = differenceIn(rule, {
        evaluationsMs,
        holds: await times(expr),
        heldBefore: await times(expr, UNSTORED_MS),
        pending: await alerts('pending'),
        firing: await alerts('firing'),
      });
      if (difference !== null) this.#checker.violated('I13', difference);
    }
  }

  #tell(what: string): void {
    this.#story.push(`${stamp(this.#nowMs)} ${what}`);
  }
}

const HANGING: ReadonlySet<ProviderBehaviour> = new Set(['hangs', 'takes_silently']);
const DISTURBANCES: Readonly<Record<'cut' | 'refused' | 'late' | 'lossy', Disturbance>> = {
  cut: { blackhole: 1 },
  refused: { refuse: { chance: 1, reason: 'refused' } },
  late: { delayMs: [500, 8000] },
  lossy: { loseRequest: 0.2, loseResponse: 0.2, resetResponse: 0.2, duplicate: 0.1 },
};
