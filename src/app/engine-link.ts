/**
 * Control's end of the protocol: calls with answers, tells to a handler. An engine that has gone refuses every call
 * under way and to come with 'unavailable'; who supervises it makes a new link.
 */

import type { EngineProcess } from '../platform/transport.ts';
import type { CallError, CallName, EngineCalls, ToControl, ToEngine } from './protocol.ts';

export type CallResult<Name extends CallName> =
  | { readonly kind: 'gave'; readonly gives: EngineCalls[Name]['gives'] }
  | { readonly kind: 'refused'; readonly error: CallError };

/** What the engine says by itself. */
export type Told = Exclude<ToControl, { readonly kind: 'answer' | 'refused' }>;

export interface EngineLink {
  call<Name extends CallName>(
    name: Name,
    takes: EngineCalls[Name]['takes'],
    options?: { readonly transfer?: readonly ArrayBuffer[]; readonly signal?: AbortSignal },
  ): Promise<CallResult<Name>>;
  committed(sequence: number): void;
  /** Calls without an answer yet. */
  readonly pending: number;
}

export class LiveEngineLink implements EngineLink {
  readonly #engine: EngineProcess<ToEngine, ToControl>;
  readonly #waiting = new Map<number, (result: CallResult<CallName>) => void>();
  #nextId = 1;
  #gone: string | null = null;

  constructor(engine: EngineProcess<ToEngine, ToControl>, told: (message: Told) => void, exited: (why: string) => void) {
    this.#engine = engine;
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

  call<Name extends CallName>(
    name: Name,
    takes: EngineCalls[Name]['takes'],
    options: { readonly transfer?: readonly ArrayBuffer[]; readonly signal?: AbortSignal } = {},
  ): Promise<CallResult<Name>> {
    if (this.#gone !== null) return Promise.resolve(unavailable(this.#gone));
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const cancel = (): void => this.#engine.post({ kind: 'cancel', id });
      options.signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.set(id, (result) => {
        options.signal?.removeEventListener('abort', cancel);
        resolve(result as CallResult<Name>);
      });
      this.#engine.post({ kind: 'call', id, name, takes } as ToEngine, options.transfer);
    });
  }

  committed(sequence: number): void {
    if (this.#gone === null) this.#engine.post({ kind: 'committed', sequence });
  }

  #settle(id: number, result: CallResult<CallName>): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(result);
  }
}

const unavailable = (why: string): { readonly kind: 'refused'; readonly error: CallError } => ({
  kind: 'refused',
  error: { type: 'unavailable', message: `the engine is not running: ${why}` },
});
