/**
 * HTTP/1.1 over sockets, by undici. GET keeps connections and is sent once more when the server had closed the kept
 * connection at that moment. Anything that acts (POST, PUT, DELETE) is never sent twice: where a connection ends before
 * the answer, it may have been taken. So it keeps connections for a burst only, while a server hardly closes them by
 * itself; without TLS all clients share those. No HTTP/2: every server that offers it speaks 1.1 too.
 */
import { Agent, buildConnector, type Dispatcher, Socks5ProxyAgent } from 'undici';
import type { HttpClientConfig, HttpFailure } from '../../model/http.ts';
import type { Wire, WireListener, WireRequest } from '../http-wire.ts';
import type { SecretReader } from '../secret-reader.ts';
import { chooseProxy } from './proxy-choice.ts';
import { type TlsMaterial, TlsMaterialError, TlsMaterialSource } from './tls-material.ts';
import { proxyAuthorization, tunnelConnector } from './tunnel.ts';

const CONNECT_MS_MAX = 30_000;
const HEADER_BYTES_MAX = 256 * 1024;
/** As Prometheus keeps its connections to targets. */
const KEEP_ALIVE_MS = 300_000;
/** Of what acts; half of what the most impatient servers grant. */
const BURST_KEEP_ALIVE_MS = 1000;

/** Where to send a request, and how it looks on that way. */
type Way = {
  readonly key: string;
  /** What we connect to, for messages. */
  readonly peer: string;
  readonly make: (options: Agent.Options) => Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly extraHeaders: Readonly<Record<string, string>>;
};

/** Connections for what acts, straight to servers without TLS: they differ in nothing, whoever opened them. */
export const sharedBurstAgent = (): Dispatcher => new Agent({ ...agentOptions(false), connect: { timeout: CONNECT_MS_MAX } });

const agentOptions = (isGet: boolean): Agent.Options => ({
  pipelining: 1,
  keepAliveTimeout: isGet ? KEEP_ALIVE_MS : BURST_KEEP_ALIVE_MS,
  // What a server's Keep-Alive header may make of it.
  keepAliveMaxTimeout: isGet ? 2 * KEEP_ALIVE_MS : BURST_KEEP_ALIVE_MS,
  maxHeaderSize: HEADER_BYTES_MAX,
});

export class UndiciWire implements Wire {
  readonly #config: Pick<HttpClientConfig, 'tls' | 'proxy'>;
  readonly #secrets: SecretReader;
  readonly #tls: TlsMaterialSource;
  #tlsVersion = 0;
  readonly #agents = new Map<string, Dispatcher>();
  readonly #shared: Dispatcher;

  /** `shared` is the caller's sharedBurstAgent. */
  constructor(config: Pick<HttpClientConfig, 'tls' | 'proxy'>, secrets: SecretReader, shared: Dispatcher) {
    this.#config = config;
    this.#secrets = secrets;
    this.#shared = shared;
    this.#tls = new TlsMaterialSource(config.tls, secrets);
  }

  exchange(request: WireRequest, listener: WireListener): () => void {
    let dispatcher: Dispatcher;
    let way: Way;
    try {
      way = this.#way(request.url);
      dispatcher = this.#agent(way, request.method === 'GET');
    } catch (error) {
      listener.fail(error instanceof TlsMaterialError ? 'tls' : 'other', (error as Error).message);
      return () => {};
    }
    const headers: Record<string, string | string[]> = { ...way.extraHeaders };
    for (const [name, value] of request.headers) {
      const lower = name.toLowerCase();
      const before = headers[lower];
      headers[lower] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value];
    }
    const options: Dispatcher.DispatchOptions = {
      origin: way.origin,
      path: way.path,
      method: request.method,
      headers,
      body: request.body,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const handler = new Handler(
      request.url,
      way.peer,
      listener,
      request.method === 'GET' ? () => dispatcher.dispatch(options, handler) : null,
    );
    dispatcher.dispatch(options, handler);
    return () => handler.abort();
  }

  /** Shared connections stay: they end by themselves when nobody has used them for a second. */
  close(): void {
    for (const agent of this.#agents.values()) void agent.destroy();
    this.#agents.clear();
  }

  #way(url: URL): Way {
    const path = `${url.pathname === '' ? '/' : url.pathname}${url.search}`;
    if (url.protocol === 'http+unix:') {
      const socketPath = decodeURIComponent(url.host);
      const connect = { socketPath, timeout: CONNECT_MS_MAX };
      return {
        key: `unix:${socketPath}`,
        peer: socketPath,
        make: (o) => new Agent({ ...o, connect }),
        origin: 'http://localhost',
        path,
        extraHeaders: {},
      };
    }
    const proxy = chooseProxy(this.#config.proxy, url, (name) => this.#secrets.environment(name));
    const isTls = url.protocol === 'https:' || proxy?.protocol === 'https:';
    const tls = isTls ? this.#currentTls() : {};
    const connect = { ...tls, timeout: CONNECT_MS_MAX };
    if (proxy === null)
      return {
        key: isTls ? 'tls' : 'plain',
        peer: url.host,
        make: (o) => new Agent({ ...o, connect }),
        origin: url.origin,
        path,
        extraHeaders: {},
      };
    const peer = `the proxy ${proxy.host}`;
    switch (proxy.protocol) {
      case 'socks5:':
      case 'socks5h:': {
        const socks = new URL(proxy.href.replace(/^socks5h:/, 'socks5:'));
        const make = (o: Agent.Options): Dispatcher =>
          new Socks5ProxyAgent(socks, { ...o, connect: buildConnector(connect), requestTls: tls } as Socks5ProxyAgent.Options);
        return { key: proxy.href, peer, make, origin: url.origin, path, extraHeaders: {} };
      }
      case 'http:':
      case 'https:': {
        if (url.protocol === 'http:') {
          // Plain requests are handed to the proxy whole (RFC 9112 §3.2.2).
          const extraHeaders = { host: url.host, ...proxyAuthorization(proxy) };
          return {
            key: proxy.href,
            peer,
            make: (o) => new Agent({ ...o, connect }),
            origin: proxy.origin,
            path: `${url.origin}${path}`,
            extraHeaders,
          };
        }
        const connectHeaders: Record<string, string[]> = {};
        if (this.#config.proxy.kind === 'url') {
          for (const [name, values] of Object.entries(this.#config.proxy.connectHeaders)) {
            connectHeaders[name] = values.map((value) => value.reveal());
          }
        }
        const tunnel = tunnelConnector({ proxy, connectHeaders, tls, timeoutMs: CONNECT_MS_MAX });
        return {
          key: `tunnel:${proxy.href}`,
          peer,
          make: (o) => new Agent({ ...o, connect: tunnel }),
          origin: url.origin,
          path,
          extraHeaders: {},
        };
      }
      default:
        throw new Error(`proxy scheme "${proxy.protocol.slice(0, -1)}" is not one of http, https, socks5`);
    }
  }

  #currentTls(): TlsMaterial['options'] {
    const { version, options } = this.#tls.current();
    if (version !== this.#tlsVersion) {
      // Connections made with the old certificates finish what they do and are not used again.
      for (const agent of this.#agents.values()) void agent.close();
      this.#agents.clear();
      this.#tlsVersion = version;
    }
    return options;
  }

  #agent(way: Way, isGet: boolean): Dispatcher {
    if (!isGet && way.key === 'plain') return this.#shared;
    const key = `${isGet} ${way.key}`;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const agent = way.make(agentOptions(isGet));
    this.#agents.set(key, agent);
    return agent;
  }
}

class Handler implements Dispatcher.DispatchHandler {
  readonly #url: URL;
  readonly #peer: string;
  readonly #listener: WireListener;
  #again: (() => void) | null;
  #controller: Dispatcher.DispatchController | null = null;
  #sent = false;
  #done = false;

  /** `again` sends the request once more; null when a repeat could do harm. */
  constructor(url: URL, peer: string, listener: WireListener, again: (() => void) | null) {
    this.#url = url;
    this.#peer = peer;
    this.#listener = listener;
    this.#again = again;
  }

  abort(): void {
    if (this.#done) return;
    this.#done = true;
    this.#controller?.abort(new Error('aborted'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#done) {
      controller.abort(new Error('aborted before it was sent'));
      return;
    }
    this.#controller = controller;
    this.#sent = true;
    this.#listener.sent();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.#done || status < 200) return;
    this.#again = null;
    const map = new Map<string, string>();
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) map.set(name, typeof value === 'string' ? value : value.join(', '));
    }
    this.#listener.head(status, map);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#done) this.#listener.data(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
  }

  onResponseEnd(): void {
    if (this.#done) return;
    this.#done = true;
    this.#listener.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#done) return;
    const again = this.#again;
    this.#again = null;
    if (again !== null && this.#sent && isStaleConnection(error)) {
      again();
      return;
    }
    this.#done = true;
    const { reason, message } = explain(error, this.#url, this.#peer, this.#sent);
    this.#listener.fail(reason, message);
  }
}

/** The connection served an earlier request, and was closed before it brought an answer to this one. */
function isStaleConnection(error: Error): boolean {
  const { code, socket } = error as NodeJS.ErrnoException & { socket?: { bytesRead?: number } };
  return code === 'UND_ERR_SOCKET' ? (socket?.bytesRead ?? 0) > 0 : code === 'ECONNRESET' || code === 'EPIPE';
}

/** What people look for, before OpenSSL's words. */
const CERTIFICATE_CAUSES: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate does not match',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not of an authority known here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not of an authority known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not of an authority known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not of an authority known here',
};

function explain(error: Error, url: URL, peer: string, sent: boolean): { readonly reason: HttpFailure; readonly message: string } {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'ECONNREFUSED':
      return { reason: 'refused', message: `connection to ${peer} refused` };
    case 'ENOENT': // of a Unix socket
      return { reason: 'refused', message: `nothing listens on ${peer}` };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
    case 'EAI_FAIL':
      return { reason: 'dns', message: `no address found for ${peer} (${code})` };
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return { reason: 'timeout', message: `connecting to ${peer} took too long` };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return {
        reason: 'reset',
        message: sent ? `${peer} closed the connection before the answer was complete` : `${peer} closed the connection`,
      };
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { reason: 'other', message: `the headers of the answer are larger than ${HEADER_BYTES_MAX} bytes` };
    default:
      break;
  }
  if (error.name === 'HTTPParserError') return { reason: 'other', message: `the answer of ${peer} is not HTTP: ${error.message}` };
  const isNetwork = /^E[A-Z]+$/.test(code) && code !== 'EPROTO';
  if (!sent && url.protocol === 'https:' && code !== '' && !isNetwork) {
    const cause = CERTIFICATE_CAUSES[code];
    return { reason: 'tls', message: `no TLS connection to ${peer}: ${cause === undefined ? '' : `${cause}: `}${error.message}` };
  }
  return { reason: 'other', message: `${peer}: ${error.message === '' ? code : error.message}` };
}
