/** Worker threads as transports: who starts one, and the one that was started. */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { EngineProcess, Transport } from '../transport.ts';

const NOTHING: never[] = [];

/** Starts a thread that runs `script` (a path or file URL) with `data`. */
export function startThread<Outgoing, Incoming>(script: string, data: unknown, name: string): EngineProcess<Outgoing, Incoming> {
  const worker = new Worker(new URL(script), { workerData: data, name });
  let isTerminated = false;
  let failure: string | null = null;
  worker.on('error', (error) => {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer === undefined ? NOTHING : [...transfer]),
    onMessage: (handle) => worker.on('message', handle),
    onExit: (handle) =>
      worker.on('exit', (code) => {
        if (!isTerminated) handle(failure ?? `the ${name} thread ended with code ${code}`);
      }),
    terminate: () => {
      isTerminated = true;
      void worker.terminate();
    },
  };
}

/** In a thread: the line to who started it, and what that gave along. */
export function ownThread<Outgoing, Incoming>(): { readonly transport: Transport<Outgoing, Incoming>; readonly data: unknown } {
  const port = parentPort;
  if (port === null) throw new Error('BUG: this is not a worker thread');
  return {
    transport: {
      post: (message, transfer) => port.postMessage(message, transfer === undefined ? NOTHING : [...transfer]),
      onMessage: (handle) => port.on('message', handle),
    },
    data: workerData,
  };
}
