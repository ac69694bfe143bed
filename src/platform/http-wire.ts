/**
 * One HTTP exchange without policy: no redirects, no credentials, no decoding, no time limit. What carries the bytes
 * (sockets, or the simulated network) lies behind it; http-exchange.ts lies in front and is the same for both.
 */
import type { HttpClientConfig, HttpFailure, HttpRequest } from '../model/http.ts';

export type WireRequest = {
  readonly method: HttpRequest['method'];
  /** http, https or http+unix (the socket's path, percent-encoded, is the host); without user, password and fragment. */
  readonly url: URL;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
};

/** Told at most one of `end` and `fail`, and nothing after it or after the exchange was aborted. */
export interface WireListener {
  /** From here on the other side may have got something. */
  sent(): void;
  /** Names are lower-case; values of a repeated header are joined by ', '. */
  head(status: number, headers: ReadonlyMap<string, string>): void;
  /** The chunk belongs to the listener. */
  data(chunk: Uint8Array): void;
  end(): void;
  fail(reason: HttpFailure, message: string): void;
}

export interface Wire {
  /** Begins at once; the returned function aborts. */
  exchange(request: WireRequest, listener: WireListener): () => void;
  /** Drops all connections; exchanges under way are the caller's to abort first. */
  close(): void;
}

/** Opens connections of their own by the parts of the configuration that concern them: TLS and proxy. */
export type OpenWire = (config: Pick<HttpClientConfig, 'tls' | 'proxy'>) => Wire;
