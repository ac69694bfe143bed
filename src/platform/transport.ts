/** The line between the two threads, seen from one end: a worker's port in production, a cloning queue inline. */
export interface Transport<Outgoing, Incoming> {
  /** `transfer`: buffers given away with the message. Nothing is delivered after the other side has gone. */
  post(message: Outgoing, transfer?: readonly ArrayBuffer[]): void;
  /** Set once, before the first message can arrive. */
  onMessage(handle: (message: Incoming) => void): void;
}

/** Control's handle on a running engine. */
export interface EngineProcess<Outgoing, Incoming> extends Transport<Outgoing, Incoming> {
  /** Called once when it has ended for whatever reason but `terminate`; `why` is for the log. */
  onExit(handle: (why: string) => void): void;
  /** Ends it at once, without its say. */
  terminate(): void;
}
