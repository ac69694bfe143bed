/**
 * Outgoing HTTP. A request never throws: whatever happens is a result, which says whether the other side may have
 * acted on it. Prometheus' http_config fields are one HttpClientConfig for scrapes, discovery and receivers alike.
 */
import type { Secret, SecretSource } from './secret.ts';
import type { DurationMs } from './time.ts';

export type TlsClientConfig = {
  readonly ca: { readonly kind: 'inline'; readonly pem: string } | { readonly kind: 'file'; readonly path: string } | null;
  readonly cert: { readonly kind: 'inline'; readonly pem: string } | { readonly kind: 'file'; readonly path: string } | null;
  readonly key: SecretSource | null;
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  readonly minVersion: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13' | null;
  readonly maxVersion: 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13' | null;
};

export type HttpAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly usernameFile: string | null; readonly password: SecretSource | null }
  | { readonly kind: 'authorization'; readonly type: string; readonly credentials: SecretSource | null }
  | {
      readonly kind: 'oauth2';
      readonly clientId: string;
      readonly clientSecret: SecretSource | null;
      readonly tokenUrl: string;
      readonly scopes: readonly string[];
      readonly endpointParams: Readonly<Record<string, string>>;
      readonly tls: TlsClientConfig;
    };

export type HttpProxy =
  | { readonly kind: 'none' }
  | { readonly kind: 'environment' }
  | {
      readonly kind: 'url';
      readonly url: Secret;
      readonly noProxy: string;
      readonly connectHeaders: Readonly<Record<string, readonly Secret[]>>;
    };

export type HttpHeaderConfig = { readonly name: string; readonly values: readonly (Secret | string)[]; readonly files: readonly string[] };

export type HttpClientConfig = {
  readonly auth: HttpAuth;
  readonly tls: TlsClientConfig;
  readonly proxy: HttpProxy;
  readonly followRedirects: boolean;
  readonly enableHttp2: boolean;
  readonly headers: readonly HttpHeaderConfig[];
};

export const PLAIN_TLS: TlsClientConfig = {
  ca: null,
  cert: null,
  key: null,
  serverName: '',
  insecureSkipVerify: false,
  minVersion: null,
  maxVersion: null,
};
/** http_config left out. */
export const PLAIN_HTTP: HttpClientConfig = {
  auth: { kind: 'none' },
  tls: PLAIN_TLS,
  proxy: { kind: 'none' },
  followRedirects: true,
  enableHttp2: true,
  headers: [],
};

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** http, https, or http+unix://<percent-encoded path of a Unix socket>/path, as Docker's API is reached. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** From the first byte to the last. */
  readonly timeoutMs: DurationMs;
  /** Of the body after decompression; more is the failure 'body_too_large'. */
  readonly bodyBytesMax: number;
};

export type HttpResult =
  | { readonly kind: 'response'; readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: Uint8Array }
  | {
      readonly kind: 'failed';
      readonly reason: HttpFailure;
      readonly message: string;
      /** False only when surely nothing reached the other side. */
      readonly maybeSent: boolean;
      /** Of an answer that began to arrive: its head came, its body did not come whole or was not read. */
      readonly status?: number;
    };

export type HttpFailure =
  | 'refused'
  | 'dns'
  | 'timeout'
  | 'reset'
  | 'tls'
  | 'body_too_large'
  | 'bad_encoding'
  | 'redirect'
  | 'credentials'
  | 'canceled'
  | 'other';

export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResult>;
  /** Cancels what is under way. */
  close(): void;
}

export interface HttpClients {
  /** A client with its own connections; header names of responses are lower-case. */
  open(config: HttpClientConfig): HttpClient;
}
