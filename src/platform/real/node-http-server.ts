/**
 * HTTP on the machine's sockets: node:http(s), with @hono/node-server between its streams and Request/Response.
 * Slow and greedy clients are bounded here (headers, time for headers and for a whole request); what a body may weigh
 * and who may ask is the API's.
 */
import type { X509Certificate } from 'node:crypto';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { ServerTls } from '../../model/server-tls.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { type HttpServer, ListenError, type ListeningServer, type ListenOptions, type RequestHandler } from '../http-server.ts';
import { discard } from './garbage-collection.ts';
import { TLS_VERSIONS } from './tls-material.ts';

/** Node's 16 KiB are too few for long GET queries and cookies of proxies in front. */
const HEADER_BYTES_MAX = 128 * 1024;
const HEADERS_MS_MAX = 30_000;
/** Prometheus' --web.read-timeout. */
const REQUEST_MS_MAX = 300_000;
/** Longer than clients and proxies keep theirs, so that it is they who close. */
const KEEP_ALIVE_MS = 90_000;
const LIMITS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES_MAX,
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS,
};
/** Smaller answers are left to the garbage collector. */
const RELEASE_BYTES_MIN = 64 * 1024;

export class NodeHttpServer implements HttpServer {
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  async listen(options: ListenOptions, handler: RequestHandler): Promise<ListeningServer> {
    const { server, close } = await this.#open(options, handler);
    const bound = server.address() as AddressInfo;
    return {
      address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
      port: bound.port,
      close,
    };
  }

  /** Over this machine's loopback, on sockets as everybody's: what V8 compiles for them is then right for all. */
  async openInside(handler: RequestHandler): Promise<InnerWay> {
    let near: Socket | null = null;
    const { server, close } = await this.#open({ host: '127.0.0.1', port: 0 }, (request, info) =>
      info.remotePort === near?.localPort ? handler(request, info) : new Response(null, { status: 403 }),
    );
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true });
    return {
      send: ({ method, path, headers, body }) =>
        new Promise((resolve, reject) => {
          const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
            answer.resume();
            answer.once('end', () => resolve(answer.statusCode ?? 0));
          });
          sent.once('socket', (socket) => {
            near = socket;
          });
          sent.once('error', reject);
          sent.end(body);
        }),
      close: () => {
        agent.destroy();
        void close({ graceMs: durationMs(0) });
      },
    };
  }

  async #open(
    options: ListenOptions,
    handler: RequestHandler,
  ): Promise<{ readonly server: Server | TlsServer; readonly close: ListeningServer['close'] }> {
    const answering = new Set<ServerResponse>();
    let isClosing = false;
    const respond = responder(handler, this.#log);
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      if (isClosing) outgoing.shouldKeepAlive = false;
      answering.add(outgoing);
      outgoing.once('close', () => {
        answering.delete(outgoing);
        if (isClosing) server.closeIdleConnections();
      });
      void respond(incoming, outgoing);
    };
    const { tls } = options;
    const server = tls === undefined ? createServer(LIMITS, listener) : tlsServer(LIMITS, tls, listener);
    if (options.connectionsMax !== undefined) server.maxConnections = options.connectionsMax;
    await bind(server, options);
    // From here on an error is one of accepting (EMFILE): that connection is lost, the server goes on.
    server.on('error', (error) => this.#log.warn('cannot take a connection', { error: error.message }));
    const close: ListeningServer['close'] = ({ graceMs }) =>
      new Promise((resolve) => {
        isClosing = true;
        const cancel = this.#clock.after(graceMs as DurationMs, () => server.closeAllConnections());
        server.close(() => {
          cancel();
          resolve();
        });
        for (const outgoing of answering) outgoing.shouldKeepAlive = false;
        server.closeIdleConnections();
      });
    return { server, close };
  }
}

export type InnerRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
};

/** The way to a handler from inside the process: nobody else's. */
export type InnerWay = {
  /** One request after the other; gives the answer's status when all of it is there, rejects when the connection breaks. */
  send(request: InnerRequest): Promise<number>;
  close(): void;
};

const responder = (handler: RequestHandler, log: Log): RequestListener =>
  getRequestListener(
    (request, { incoming, outgoing }) =>
      handler(request, {
        remoteAddress: plainAddress(incoming.socket?.remoteAddress),
        remotePort: incoming.socket?.remotePort ?? 0,
        cut: () => {
          if (!outgoing.writableFinished) outgoing.destroy();
        },
        release: (bytes) => {
          if (bytes.length >= RELEASE_BYTES_MIN) outgoing.once('close', () => discard(bytes.buffer));
        },
      }),
    {
      errorHandler: (error) => {
        log.error('request failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        return new Response('internal error\n', { status: 500 });
      },
    },
  );

function tlsServer(limits: ServerOptions, tlsNow: () => ServerTls, listener: RequestListener): TlsServer {
  let tls = tlsNow();
  const server = createTlsServer({ ...limits, ...tlsOptions(tls) }, listener);
  // Before Node's own listener, which begins the handshake.
  server.prependListener('connection', () => {
    const now = tlsNow();
    if (now === tls) return;
    tls = now;
    server.setSecureContext(contextOptions(now));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!isClientWelcome(socket, tls)) socket.destroy();
  });
  return server;
}

function bind(server: Server | TlsServer, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      reject(new ListenError(`cannot listen on ${where}: ${explain(error)}`, error));
    };
    server.once('error', refuse);
    server.listen(host === '' ? { port } : { host, port }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the address is in use; stop the process that holds it, or choose another address';
    case 'EACCES':
      return 'permission denied; ports below 1024 need the right to bind them, or choose a higher one';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name has no address';
    default:
      return error.message;
  }
}

const contextOptions = (tls: ServerTls): SecureContextOptions => ({
  cert: tls.cert,
  key: tls.key,
  ...(tls.clientCa === null ? {} : { ca: tls.clientCa }),
  minVersion: TLS_VERSIONS[tls.minVersion],
  ...(tls.maxVersion === null ? {} : { maxVersion: TLS_VERSIONS[tls.maxVersion] }),
  ...(tls.ciphers.length === 0 ? {} : { ciphers: tls.ciphers.join(':') }),
  ...(tls.curves.length === 0 ? {} : { ecdhCurve: tls.curves.join(':') }),
});

const tlsOptions = (tls: ServerTls): TlsOptions => ({
  ...contextOptions(tls),
  requestCert: tls.clientCertificate !== 'none',
  rejectUnauthorized: tls.clientCertificate === 'require_and_verify',
});

/** Node knows "any" and "verified"; Go's two ways between are decided here, and so is for whom a certificate must be. */
function isClientWelcome(socket: TLSSocket, { clientCertificate, clientAllowedSans }: ServerTls): boolean {
  if (clientCertificate === 'none') return true;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return (clientCertificate === 'request' || clientCertificate === 'verify_if_given') && clientAllowedSans === null;
  }
  if (clientCertificate === 'verify_if_given' && !socket.authorized) return false;
  return clientAllowedSans === null || namesOf(certificate).some((name) => clientAllowedSans.includes(name));
}

/** `DNS:a.example, IP Address:192.0.2.1, URI:"spiffe://x"` without the kinds; quoted where a value has commas or the like. */
function namesOf({ subjectAltName }: X509Certificate): readonly string[] {
  const names = (subjectAltName ?? '').matchAll(/(?:^|, )(DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...names].map(([, kind, written = '']) => {
    const name = written.startsWith('"') ? (JSON.parse(written) as string) : written;
    // Node writes all eight parts of an IPv6 address, people the short form.
    return kind === 'IP Address' && name.includes(':') ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
  });
}

/** An IPv4 peer of a dual-stack socket without its IPv6 coat. */
const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');
