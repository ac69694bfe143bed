/**
 * A simulated world: one clock, one network, mailboxes and telephones, and machines that have a disk and boot processes. The
 * production application runs in it unchanged: for our tests, for `tocsin test`, for backtests. All chance comes from
 * one seed: the same seed and the same calls give the same history.
 */
import type { CrashLabel } from '../../model/crash-point.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Ports } from '../ports.ts';
import { SimClock } from './sim-clock.ts';
import { type Death, ProcessLife, SimCrashPoints } from './sim-crash.ts';
import { SimDisk } from './sim-disk.ts';
import { simHttpClients, simHttpServer } from './sim-http.ts';
import { collectingLog, type LogLine } from './sim-log.ts';
import { SimMail } from './sim-mail.ts';
import { SimNetwork } from './sim-network.ts';
import { SimRandom } from './sim-random.ts';
import { SimTelephony } from './sim-telephony.ts';

const REQUEST_MS_MAX = 60_000;

/** What stays when a process dies. */
type Machine = {
  readonly disk: SimDisk;
  readonly slots: Map<string, unknown>;
  readonly crashHits: Map<CrashLabel, number>;
  readonly logLines: LogLine[];
  process: SimProcess | null;
  boots: number;
};

export class SimWorld {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly mail: SimMail;
  readonly telephony: SimTelephony;
  readonly #seed: number;
  readonly #machines = new Map<string, Machine>();

  /** With `shuffles`, timers due at one instant run in an order drawn from the seed. */
  constructor({ seed, start, shuffles = false }: { readonly seed: number; readonly start: UnixMs; readonly shuffles?: boolean }) {
    this.#seed = seed;
    this.clock = new SimClock({ start, random: shuffles ? new SimRandom(seed, 'clock') : null });
    this.network = new SimNetwork(this.clock, new SimRandom(seed, 'network'));
    this.mail = new SimMail(this.clock);
    this.telephony = new SimTelephony(this.clock, (url, init) =>
      this.network.fetch(new Request(url, { method: 'POST', ...init }), 'twilio'),
    );
  }

  /** Chance for the test itself, reproducible and apart from the world's. */
  random(stream: string): SimRandom {
    return new SimRandom(this.#seed, `test:${stream}`);
  }

  /** The disk of a machine, also while nothing runs on it. */
  disk(host = 'tocsin'): SimDisk {
    return this.#machine(host).disk;
  }

  /** Boots a process on a machine, the first time or again after its death. */
  process(options: { readonly host?: string; readonly environment?: Readonly<Record<string, string>> } = {}): SimProcess {
    const host = options.host ?? 'tocsin';
    const machine = this.#machine(host);
    if (machine.process?.isAlive === true) throw new Error(`BUG: a process is running on "${host}" already`);
    machine.boots++;
    const life = new ProcessLife(host);
    const crash = new SimCrashPoints(life, machine.crashHits);
    const random = new SimRandom(this.#seed, `${host}:${machine.boots}`);
    life.onDeath((death) => {
      if (death === 'kill') machine.disk.crash();
      else machine.disk.powerLoss(new SimRandom(this.#seed, `power:${this.clock.elapsed()}`));
    });
    const environment = (name: string): string | undefined => options.environment?.[name];
    const portsFor = (owner: ProcessLife): Ports => {
      const clock = this.clock.forProcess(owner);
      const disk = machine.disk.forProcess(owner);
      return {
        clock,
        random,
        disk,
        http: simHttpClients({ clock, disk, environment, network: this.network, host, life: owner, crash }),
        httpServer: simHttpServer(this.network, host, owner),
        mail: this.mail.transport(clock, owner),
        telephony: this.telephony.transport(clock, owner),
        crash,
        log: collectingLog(machine.logLines, clock, owner),
        environment,
      };
    };
    machine.process = new SimProcess(host, portsFor, life, crash, machine.slots, machine.logLines, machine.crashHits);
    return machine.process;
  }

  /** kill -9: what was written stays, timers and connections are gone. */
  kill(process: SimProcess): void {
    process.life.end('kill');
  }

  /** The machine loses power: what was not synced is lost or torn. */
  powerLoss(process: SimProcess): void {
    process.life.end('power');
  }

  /** SIGSTOP for a while: the process neither runs timers nor answers, and then does all that is overdue. */
  freeze(process: SimProcess, forMs: number): void {
    for (const life of process.lives) this.clock.freeze(life, forMs);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Waits for what processes of this world do, with as much of its time as that takes and no more. */
  async settled<T>(work: Promise<T>, withinMs = REQUEST_MS_MAX): Promise<T> {
    let isSettled = false;
    const done = work.finally(() => {
      isSettled = true;
    });
    done.catch(() => {}); // it is awaited below, or given up
    const end = this.clock.elapsed() + withinMs;
    await this.clock.settle();
    while (!isSettled) {
      const next = this.clock.nextTimerAt();
      if (next === null || next > end) throw new Error(`not done within ${withinMs} simulated milliseconds`);
      await this.clock.advance(Math.max(0, next - this.clock.elapsed()));
    }
    return done;
  }

  /** A request of a browser, amtool or a sender: straight to the server, with as much time as it takes (a minute at most). */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await this.settled(this.network.fetch(new Request(url, init)));
    } catch (error) {
      throw new Error(`no answer from ${url}: ${(error as Error).message}`, { cause: error });
    }
  }

  #machine(host: string): Machine {
    let machine = this.#machines.get(host);
    if (machine === undefined) {
      const disk = new SimDisk({ clock: this.clock, flushMs: 1 });
      machine = { disk, slots: new Map(), crashHits: new Map(), logLines: [], process: null, boots: 0 };
      this.#machines.set(host, machine);
    }
    return machine;
  }
}

/** One boot of the application on a machine. */
export class SimProcess {
  readonly host: string;
  readonly ports: Ports;
  readonly life: ProcessLife;
  /** Of all boots on this machine. */
  readonly logLines: readonly LogLine[];
  /** How often each crash point was passed, over all boots on this machine. */
  readonly crashHits: ReadonlyMap<CrashLabel, number>;
  readonly #portsFor: (life: ProcessLife) => Ports;
  readonly #threads = new Set<ProcessLife>();
  readonly #crash: SimCrashPoints;
  readonly #slots: Map<string, unknown>;

  constructor(
    host: string,
    portsFor: (life: ProcessLife) => Ports,
    life: ProcessLife,
    crash: SimCrashPoints,
    slots: Map<string, unknown>,
    logLines: readonly LogLine[],
    crashHits: ReadonlyMap<CrashLabel, number>,
  ) {
    this.host = host;
    this.#portsFor = portsFor;
    this.ports = portsFor(life);
    this.life = life;
    this.#crash = crash;
    this.#slots = slots;
    this.logLines = logLines;
    this.crashHits = crashHits;
  }

  get isAlive(): boolean {
    return this.life.isAlive;
  }

  /** A thread of the process: it can die alone, and dies with the process. */
  thread(name: string): { readonly ports: Ports; readonly life: ProcessLife } {
    const life = new ProcessLife(`${this.host} ${name}`);
    this.#threads.add(life);
    life.onDeath(() => this.#threads.delete(life));
    this.life.onDeath((death) => life.end(death));
    return { ports: this.#portsFor(life), life };
  }

  /** Of the process and its threads. */
  get lives(): readonly ProcessLife[] {
    return [this.life, ...this.#threads];
  }

  /** Dies when it passes `label` for the nth time from now on. */
  crashAt(label: CrashLabel, nth = 1, death: Death = 'kill'): void {
    this.#crash.crashAt(label, nth, death);
  }

  /**
   * Something that outlives the process on its machine, such as a database's files: made at first use, the same at each
   * later boot. It knows nothing of death: who writes to it asks `life.assertAlive()` first.
   */
  slot<T>(name: string, create: () => T): T {
    if (!this.#slots.has(name)) this.#slots.set(name, create());
    return this.#slots.get(name) as T;
  }
}
