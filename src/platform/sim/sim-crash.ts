/**
 * Crashes of a simulated process. A process that was killed may have code on the stack: each port refuses it from then
 * on by throwing SimulatedCrash, so that nothing it does after its death reaches the world.
 */
import type { CrashLabel, CrashPoints } from '../../model/crash-point.ts';

/** Ends a simulated process. Production code must let it pass; the world expects it and swallows it at the top. */
export class SimulatedCrash extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SimulatedCrash';
  }
}

/** `kill`: the machine goes on, and with it what was written. `power`: the machine is off, and only what was synced is sure to be left. */
export type Death = 'kill' | 'power';

/** One run of a simulated process, from boot to its death; what the process holds dies with it. */
export class ProcessLife {
  readonly name: string;
  #alive = true;
  #deathWatchers: ((death: Death) => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** Called by each port before it does anything. */
  assertAlive(): void {
    if (!this.#alive) throw new SimulatedCrash(`process "${this.name}" is dead`);
  }

  onDeath(run: (death: Death) => void): void {
    this.#deathWatchers.push(run);
  }

  end(death: Death = 'kill'): void {
    if (!this.#alive) return;
    this.#alive = false;
    const watchers = this.#deathWatchers;
    this.#deathWatchers = [];
    for (const run of watchers) run(death);
  }
}

/** Counts every crash point that is passed, and kills at the planned one. */
export class SimCrashPoints implements CrashPoints {
  readonly #life: ProcessLife;
  readonly #hits: Map<CrashLabel, number>;
  #plan: { readonly label: CrashLabel; remaining: number; readonly death: Death } | null = null;

  /** `hits` counts over all runs of the process: tests assert that each label was passed. */
  constructor(life: ProcessLife, hits: Map<CrashLabel, number>) {
    this.#life = life;
    this.#hits = hits;
  }

  /** Dies when `label` is passed for the nth time from now on (1: the next time). */
  crashAt(label: CrashLabel, nth = 1, death: Death = 'kill'): void {
    this.#plan = { label, remaining: nth, death };
  }

  hit(label: CrashLabel): void {
    this.#life.assertAlive();
    this.#hits.set(label, (this.#hits.get(label) ?? 0) + 1);
    if (this.#plan?.label !== label || --this.#plan.remaining > 0) return;
    this.#life.end(this.#plan.death);
    throw new SimulatedCrash(`crash planned at "${label}"`);
  }
}
