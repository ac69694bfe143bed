/** An engine in the same thread, behind the same protocol, its messages cloned: for tests, simulation and backtests. */
import type { Clock } from '../../model/clock.ts';
import { durationMs } from '../../model/time.ts';
import type { EngineProcess, Transport } from '../../platform/transport.ts';
import type { ToControl, ToEngine } from '../protocol.ts';
import { Engine, type EngineOptions, type EnginePorts } from './engine.ts';

export function startInlineEngine(ports: EnginePorts, options: EngineOptions): EngineProcess<ToEngine, ToControl> {
  const { clock } = ports;
  const toEngine = new Line<ToEngine>(clock);
  const toControl = new Line<ToControl>(clock);
  const transport: Transport<ToControl, ToEngine> = {
    post: (message, transfer) => toControl.post(message, transfer),
    onMessage: (handle) => toEngine.onMessage(handle),
  };
  const engine = new Engine(ports, options, transport);
  void engine.start();
  return {
    post: (message, transfer) => toEngine.post(message, transfer),
    onMessage: (handle) => toControl.onMessage(handle),
    onExit: () => {},
    terminate: () => {
      toEngine.close();
      toControl.close();
    },
  };
}

/** Delivers in order, each message in a turn of its own, as a message port does. */
class Line<Message> {
  readonly #clock: Clock;
  #handle: ((message: Message) => void) | null = null;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  onMessage(handle: (message: Message) => void): void {
    this.#handle = handle;
  }

  post(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    const copy = structuredClone(message, { transfer: [...transfer] });
    this.#clock.after(durationMs(0), () => {
      if (!this.#isClosed) this.#handle?.(copy);
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}
