/** Incoming HTTP, as the platform's Request and Response: what hono's `app.fetch` takes and gives. */
import type { ServerTls } from '../model/server-tls.ts';
import type { DurationMs } from '../model/time.ts';

export type ListenOptions = {
  /** An address, a name, or '' for all addresses. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /**
   * Asked at every new connection, so that a renewed certificate is seen; gives the same object while nothing has changed.
   * Whether clients' certificates are asked for stays as it was at first.
   */
  readonly tls?: () => ServerTls;
  /** Connections above this number are closed at once; without it there is no limit. */
  readonly connectionsMax?: number;
};

export type RequestInfo = {
  /** The peer's address as the connection has it: a proxy's, when there is one in front. */
  readonly remoteAddress: string;
  /** Not where the network is simulated. */
  readonly remotePort?: number;
  /** Cuts the connection unless the response has left whole: for a client that does not take it. */
  readonly cut?: () => void;
  /** Takes back the memory of bytes that nobody looks at but this response, as soon as it has left or broken off. */
  readonly release?: (bytes: Uint8Array<ArrayBuffer>) => void;
};

/** `request.signal` aborts when the client goes away before the response is complete. */
export type RequestHandler = (request: Request, info: RequestInfo) => Response | Promise<Response>;

export interface ListeningServer {
  /** As bound, with the port that was taken; an IPv6 address is in brackets. */
  readonly address: string;
  readonly port: number;
  /** Takes no more connections, waits for requests under way, and cuts what is left after `graceMs`. */
  close(options: { readonly graceMs: DurationMs }): Promise<void>;
}

/** The message says which address, why not, and what to do. */
export class ListenError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
  }
}

export interface HttpServer {
  /** Rejects with ListenError. */
  listen(options: ListenOptions, handler: RequestHandler): Promise<ListeningServer>;
}
