/**
 * Outgoing HTTP as Prometheus' clients do it (common/config/http_config.go and Go's net/http), over any Wire:
 * credentials and own headers on each hop, redirects, decoding within the limit, one time limit over all of it.
 *
 * Redirects follow Go's rules for method and body, and are stricter about secrets: once a redirect leaves the host (or
 * TLS), credentials and secret headers stay behind, also when a later hop comes back.
 */
import type { Clock } from '../model/clock.ts';
import type { CrashPoints } from '../model/crash-point.ts';
import { formatDuration } from '../model/duration.ts';
import type { HttpClient, HttpClientConfig, HttpClients, HttpFailure, HttpRequest, HttpResult } from '../model/http.ts';
import { PLAIN_HTTP } from '../model/http.ts';
import { DECODE_IN_PLACE_BYTES, decodeBody } from './body-decoder.ts';
import type { OpenWire, Wire, WireRequest } from './http-wire.ts';
import { basicHeader, OAuth2Tokens } from './oauth2-token.ts';
import type { SecretReader } from './secret-reader.ts';

const REDIRECTS_MAX = 10;
const REDIRECT_BODY_BYTES_MAX = 64 * 1024;

export type HttpExchangePorts = {
  readonly clock: Clock;
  readonly secrets: SecretReader;
  readonly openWire: OpenWire;
  /** Compressed bodies larger than this are decoded in another thread. */
  readonly inPlaceBytesMax?: number;
  readonly crash?: CrashPoints;
  /** Sent unless the request brings its own. */
  readonly userAgent: string;
};

export function httpClients(ports: HttpExchangePorts): HttpClients {
  return { open: (config) => new ExchangeClient(ports, config) };
}

type Finish = (result: HttpResult) => void;

class ExchangeClient implements HttpClient {
  readonly #ports: HttpExchangePorts;
  readonly #config: HttpClientConfig;
  readonly #wire: Wire;
  readonly #tokens: OAuth2Tokens | null;
  readonly #running = new Set<Exchange>();
  #closed = false;

  constructor(ports: HttpExchangePorts, config: HttpClientConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#wire = ports.openWire(config);
    const { auth, proxy } = config;
    this.#tokens =
      auth.kind === 'oauth2'
        ? new OAuth2Tokens(auth, new ExchangeClient(ports, { ...PLAIN_HTTP, tls: auth.tls, proxy }), ports.secrets, ports.clock)
        : null;
  }

  request(request: HttpRequest): Promise<HttpResult> {
    if (this.#closed) return Promise.resolve(failed('canceled', 'the client is closed', false));
    return new Promise((resolve) => {
      const exchange = new Exchange(this.#ports, this.#config, this.#wire, this.#tokens, request, (result) => {
        this.#running.delete(exchange);
        resolve(result);
      });
      this.#running.add(exchange);
      exchange.start();
    });
  }

  close(): void {
    this.#closed = true;
    for (const exchange of this.#running) exchange.cancel();
    this.#tokens?.close();
    this.#wire.close();
  }
}

/** What one hop brought: an answer whose body is still as it came, or the end of the request. */
type Hop =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: HttpFailure; readonly message: string };

/** One request from its first hop to its result. */
class Exchange {
  readonly #ports: HttpExchangePorts;
  readonly #config: HttpClientConfig;
  readonly #wire: Wire;
  readonly #tokens: OAuth2Tokens | null;
  readonly #request: HttpRequest;
  readonly #onResult: Finish;
  #sent = false;
  /** Of the answer that is arriving; 0 before its head has come, and for one that only redirects. */
  #status = 0;
  #done = false;
  #stopHop: () => void = () => {};
  #stopTimer: () => void = () => {};

  constructor(
    ports: HttpExchangePorts,
    config: HttpClientConfig,
    wire: Wire,
    tokens: OAuth2Tokens | null,
    request: HttpRequest,
    onResult: Finish,
  ) {
    this.#ports = ports;
    this.#config = config;
    this.#wire = wire;
    this.#tokens = tokens;
    this.#request = request;
    this.#onResult = onResult;
  }

  start(): void {
    this.#stopTimer = this.#ports.clock.after(this.#request.timeoutMs, () => {
      this.#finish(this.#failed('timeout', `no complete answer within ${formatDuration(this.#request.timeoutMs)}`));
    });
    this.#run().then(
      (result) => this.#finish(result),
      // Only our own mistakes get here; a request must still end as a result.
      (error: Error) => this.#finish(this.#failed('other', error.message)),
    );
  }

  cancel(): void {
    this.#finish(this.#failed('canceled', 'canceled'));
  }

  #failed(reason: HttpFailure, message: string): HttpResult {
    const failure = { kind: 'failed', reason, message, maybeSent: this.#sent } as const;
    return this.#status === 0 ? failure : { ...failure, status: this.#status };
  }

  #finish(result: HttpResult): void {
    if (this.#done) return;
    this.#done = true;
    this.#stopTimer();
    this.#stopHop();
    this.#onResult(result);
  }

  async #run(): Promise<HttpResult> {
    let url = parseUrl(this.#request.url);
    if (url === null) return failed('other', `"${this.#request.url}" is not a URL of http or https`, false);
    let method = this.#request.method;
    let body = this.#request.body ?? null;
    let withSecrets = true;
    for (let redirects = 0; ; redirects++) {
      const headers = await this.#headers(url, { withSecrets, withBody: body !== null });
      if (headers.kind === 'failed') return this.#failed('credentials', headers.message);
      if (this.#done) return this.#failed('canceled', 'canceled');
      const hop = await this.#send({ method, url: bareUrl(url), headers: headers.list, body });
      if (hop.kind === 'failed') return this.#failed(hop.reason, hop.message);
      if (hop.status === 401) this.#tokens?.forget();
      const location = this.#config.followRedirects && isRedirect(hop.status) ? hop.headers.get('location') : undefined;
      if (location === undefined || location === '') return this.#decode(hop);
      if (redirects === REDIRECTS_MAX) return this.#failed('redirect', `stopped after ${REDIRECTS_MAX} redirects`);
      const next = parseUrl(location, url);
      if (next === null) return this.#failed('redirect', `redirected to "${location}", which is not a URL of http or https`);
      if (hop.status !== 307 && hop.status !== 308) {
        method = 'GET';
        body = null;
      }
      withSecrets &&= next.hostname === url.hostname && !(url.protocol === 'https:' && next.protocol === 'http:');
      url = next;
    }
  }

  async #headers(
    url: URL,
    options: { readonly withSecrets: boolean; readonly withBody: boolean },
  ): Promise<{ readonly kind: 'headers'; readonly list: WireRequest['headers'] } | { readonly kind: 'failed'; readonly message: string }> {
    const list: [string, string][] = [];
    const names = new Set<string>();
    const add = (name: string, value: string): void => {
      list.push([name, value]);
      names.add(name.toLowerCase());
    };
    for (const [name, value] of Object.entries(this.#request.headers)) {
      const lower = name.toLowerCase();
      if (!options.withSecrets && CREDENTIAL_HEADERS.has(lower)) continue;
      if (!options.withBody && BODY_HEADERS.has(lower)) continue;
      add(name, value);
    }
    try {
      for (const { name, values, files } of this.#config.headers) {
        for (const value of values) {
          if (typeof value === 'string') add(name, value);
          else if (options.withSecrets) add(name, value.reveal());
        }
        if (options.withSecrets) for (const path of files) add(name, this.#ports.secrets.file(path));
      }
      if (options.withSecrets && !names.has('authorization')) {
        const authorization = await this.#authorization(url);
        if (typeof authorization === 'object') return authorization;
        if (authorization !== '') add('Authorization', authorization);
      }
    } catch (error) {
      return { kind: 'failed', message: (error as Error).message };
    }
    if (!names.has('user-agent')) add('User-Agent', this.#ports.userAgent);
    return { kind: 'headers', list };
  }

  async #authorization(url: URL): Promise<string | { readonly kind: 'failed'; readonly message: string }> {
    const { auth } = this.#config;
    const { secrets } = this.#ports;
    switch (auth.kind) {
      case 'none':
        if (url.username === '' && url.password === '') return '';
        return basicHeader(decodeURIComponent(url.username), decodeURIComponent(url.password));
      case 'basic':
        return basicHeader(auth.usernameFile === null ? auth.username : secrets.file(auth.usernameFile), secrets.secret(auth.password));
      case 'authorization':
        return `${auth.type} ${secrets.secret(auth.credentials)}`;
      case 'oauth2': {
        const token = await this.#tokens?.header(this.#request.timeoutMs);
        if (token === undefined) throw new Error('BUG: oauth2 without a token source');
        return token.kind === 'token' ? token.header : token;
      }
    }
  }

  #send(request: WireRequest): Promise<Hop> {
    return new Promise((resolve) => {
      let status = 0;
      let headers: ReadonlyMap<string, string> = new Map();
      let dropsBody = false;
      let bytes = 0;
      let bytesMax = 0;
      const chunks: Uint8Array[] = [];
      let stop: (() => void) | null = null;
      let settled = false;
      const settle = (hop: Hop): void => {
        settled = true;
        stop?.();
        resolve(hop);
      };
      const answer = (): void => {
        this.#ports.crash?.hit('request.answered');
        settle({ kind: 'answer', status, headers, body: joined(chunks, bytes) });
      };
      stop = this.#wire.exchange(request, {
        sent: () => {
          this.#sent = true;
          this.#ports.crash?.hit('request.sent');
        },
        head: (newStatus, newHeaders) => {
          status = newStatus;
          headers = newHeaders;
          dropsBody = this.#config.followRedirects && isRedirect(status) && headers.has('location');
          this.#status = dropsBody ? 0 : status;
          bytesMax = dropsBody ? REDIRECT_BODY_BYTES_MAX : wireBytesMax(this.#request.bodyBytesMax, headers);
        },
        data: (chunk) => {
          if (bytes + chunk.length <= bytesMax) {
            bytes += chunk.length;
            chunks.push(chunk);
          } else if (dropsBody) answer();
          else settle({ kind: 'failed', reason: 'body_too_large', message: tooLarge(this.#request.bodyBytesMax) });
        },
        end: answer,
        fail: (reason, message) => settle({ kind: 'failed', reason, message }),
      });
      // The wire may have settled it, or a listener ended the whole request, before it gave us the way to stop.
      if (settled || this.#done) stop();
      else this.#stopHop = stop;
    });
  }

  async #decode(hop: Extract<Hop, { kind: 'answer' }>): Promise<HttpResult> {
    const bytesMax = this.#request.bodyBytesMax;
    const inPlaceBytesMax = this.#ports.inPlaceBytesMax ?? DECODE_IN_PLACE_BYTES;
    const encoding = hop.headers.get('content-encoding');
    if (encoding === undefined) return { kind: 'response', status: hop.status, headers: hop.headers, body: hop.body };
    const decoded = await decodeBody(encoding, hop.body, { bytesMax, inPlaceBytesMax });
    if (decoded.kind === 'too_large') return this.#failed('body_too_large', tooLarge(bytesMax));
    if (decoded.kind === 'bad_encoding') return this.#failed('bad_encoding', decoded.message);
    const headers = new Map(hop.headers);
    headers.delete('content-encoding');
    headers.delete('content-length');
    return { kind: 'response', status: hop.status, headers, body: decoded.body };
  }
}

const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'cookie2',
  'www-authenticate',
  'x-auth-token',
]);
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding']);

const failed = (reason: HttpFailure, message: string, maybeSent: boolean): HttpResult => ({ kind: 'failed', reason, message, maybeSent });

const isRedirect = (status: number): boolean => status === 301 || status === 302 || status === 303 || status === 307 || status === 308;

const tooLarge = (bytesMax: number): string => `the body is larger than ${bytesMax} bytes`;

/** Compression may make a body a little longer, never much: what is far over the limit already is not waited for. */
function wireBytesMax(bytesMax: number, headers: ReadonlyMap<string, string>): number {
  return headers.has('content-encoding') ? bytesMax + bytesMax / 1000 + 1024 : bytesMax;
}

function parseUrl(text: string, base?: URL): URL | null {
  try {
    const url = new URL(text, base);
    return url.protocol === 'http:' || url.protocol === 'https:' || url.protocol === 'http+unix:' ? url : null;
  } catch {
    return null; // the caller reports the text
  }
}

function bareUrl(url: URL): URL {
  const bare = new URL(url.href);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare;
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return new Uint8Array(0);
  if (chunks.length === 1) return first;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
