/**
 * Control's end of the protocol: calls with answers, tells to a handler. An engine that has gone refuses every call
 * under way and to come with 'unavailable'; who supervises it makes a new link.
 */

import type { Asker } from '../api/prometheus-v1/backend.ts';
import type { Clock } from '../model/clock.ts';
import { durationMs } from '../model/time.ts';
import type { EngineProcess } from '../platform/transport.ts';
import type { CallError, CallName, EngineCalls, ToControl, ToEngine } from './protocol.ts';

export type CallResult<Name extends CallName> =
  | { readonly kind: 'gave'; readonly gives: EngineCalls[Name]['gives'] }
  | { readonly kind: 'refused'; readonly error: CallError };

/** What the engine says by itself. */
export type Told = Exclude<ToControl, { readonly kind: 'answer' | 'refused' }>;

export type CallOptions = {
  readonly transfer?: readonly ArrayBuffer[];
  /** Who waits for the answer: when it goes away the call is canceled. */
  readonly asker?: Asker | null;
  /** A rehearsal. */
  readonly isOnStage?: boolean;
};

export interface EngineLink {
  call<Name extends CallName>(name: Name, takes: EngineCalls[Name]['takes'], options?: CallOptions): Promise<CallResult<Name>>;
  committed(sequence: number): void;
  /** Calls without an answer yet. */
  readonly pending: number;
  /** Since when (monotonic) no call but rehearsed ones is without an answer; null: one is. */
  readonly freeSince: number | null;
}

/** Whether the asker is still there is looked after from this long on: most answers are there before. */
const WATCH_AFTER_MS = durationMs(50);

type Waiting = { readonly resolve: (result: CallResult<CallName>) => void; readonly isOnStage: boolean };

export class LiveEngineLink implements EngineLink {
  readonly #engine: EngineProcess<ToEngine, ToControl>;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  /** Askers of calls that are too young to be looked after. */
  readonly #unwatched = new Map<number, Asker>();
  #isWatchDue = false;
  /** Calls without an answer that are no rehearsal, and when there was none any more. */
  #serious = 0;
  #freeSince: number;
  #nextId = 1;
  #gone: string | null = null;

  constructor(engine: EngineProcess<ToEngine, ToControl>, clock: Clock, told: (message: Told) => void, exited: (why: string) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#freeSince = clock.elapsed();
    engine.onMessage((message) => {
      if (message.kind === 'answer') this.#settle(message.id, { kind: 'gave', gives: message.gives as EngineCalls[CallName]['gives'] });
      else if (message.kind === 'refused') this.#settle(message.id, { kind: 'refused', error: message.error });
      else told(message);
    });
    engine.onExit((why) => {
      this.#gone = why;
      for (const id of Array.from(this.#waiting.keys())) this.#settle(id, unavailable(why));
      exited(why);
    });
  }

  get pending(): number {
    return this.#waiting.size;
  }

  get freeSince(): number | null {
    return this.#serious === 0 ? this.#freeSince : null;
  }

  call<Name extends CallName>(
    name: Name,
    takes: EngineCalls[Name]['takes'],
    { transfer, asker = null, isOnStage = false }: CallOptions = {},
  ): Promise<CallResult<Name>> {
    if (this.#gone !== null) return Promise.resolve(unavailable(this.#gone));
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], isOnStage });
      if (!isOnStage) this.#serious++;
      this.#engine.post({ kind: 'call', id, isOnStage, name, takes } as ToEngine, transfer);
      if (asker === null) return;
      this.#unwatched.set(id, asker);
      if (this.#isWatchDue) return;
      this.#isWatchDue = true;
      this.#clock.after(WATCH_AFTER_MS, () => this.#watch());
    });
  }

  committed(sequence: number): void {
    if (this.#gone === null) this.#engine.post({ kind: 'committed', sequence });
  }

  /** Listening to whether somebody goes away costs as much as a small query: only who waits long is listened to. */
  #watch(): void {
    this.#isWatchDue = false;
    for (const [id, { signal }] of this.#unwatched) {
      const cancel = (): void => this.#engine.post({ kind: 'cancel', id });
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    }
    this.#unwatched.clear();
  }

  #settle(id: number, result: CallResult<CallName>): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#unwatched.delete(id);
    if (!waiting.isOnStage && --this.#serious === 0) this.#freeSince = this.#clock.elapsed();
    waiting.resolve(result);
  }
}

const unavailable = (why: string): { readonly kind: 'refused'; readonly error: CallError } => ({
  kind: 'refused',
  error: { type: 'unavailable', message: `the engine is not running: ${why}` },
});
