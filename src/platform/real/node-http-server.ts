/**
 * HTTP on the machine's sockets: node:http(s), with @hono/node-server between its streams and Request/Response.
 * Slow and greedy clients are bounded here (headers, time for headers and for a whole request); what a body may weigh
 * and who may ask is the API's.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { DurationMs } from '../../model/time.ts';
import {
  type HttpServer,
  ListenError,
  type ListeningServer,
  type ListenOptions,
  type RequestHandler,
  type ServerTls,
} from '../http-server.ts';
import { TLS_VERSIONS } from './tls-material.ts';

/** Node's 16 KiB are too few for long GET queries and cookies of proxies in front. */
const HEADER_BYTES_MAX = 128 * 1024;
const HEADERS_MS_MAX = 30_000;
/** Prometheus' --web.read-timeout. */
const REQUEST_MS_MAX = 300_000;
/** Longer than clients and proxies keep theirs, so that it is they who close. */
const KEEP_ALIVE_MS = 90_000;

export class NodeHttpServer implements HttpServer {
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  async listen(options: ListenOptions, handler: RequestHandler): Promise<ListeningServer> {
    const answering = new Set<ServerResponse>();
    let isClosing = false;
    const respond = getRequestListener(
      (request, { incoming }) => handler(request, { remoteAddress: plainAddress(incoming.socket?.remoteAddress) }),
      {
        errorHandler: (error) => {
          this.#log.error('request failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
          return new Response('internal error\n', { status: 500 });
        },
      },
    );
    const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      if (isClosing) outgoing.shouldKeepAlive = false;
      answering.add(outgoing);
      outgoing.once('close', () => {
        answering.delete(outgoing);
        if (isClosing) server.closeIdleConnections();
      });
      void respond(incoming, outgoing);
    };
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    const { tls } = options;
    const server: Server | TlsServer =
      tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tlsOptions(tls) }, listener);
    if (tls !== undefined) server.on('secureConnection', (socket: TLSSocket) => checkClientCertificate(socket, tls));
    if (options.connectionsMax !== undefined) server.maxConnections = options.connectionsMax;
    await bind(server, options);
    // From here on an error is one of accepting (EMFILE): that connection is lost, the server goes on.
    server.on('error', (error) => this.#log.warn('cannot take a connection', { error: error.message }));

    const bound = server.address() as AddressInfo;
    return {
      address: `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`,
      port: bound.port,
      renewTls: (renewed) => {
        if ('setSecureContext' in server) server.setSecureContext(contextOptions(renewed));
      },
      close: ({ graceMs }) =>
        new Promise((resolve) => {
          isClosing = true;
          const cancel = this.#clock.after(graceMs as DurationMs, () => server.closeAllConnections());
          server.close(() => {
            cancel();
            resolve();
          });
          for (const outgoing of answering) outgoing.shouldKeepAlive = false;
          server.closeIdleConnections();
        }),
    };
  }
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
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
});

const tlsOptions = (tls: ServerTls): TlsOptions => ({
  ...contextOptions(tls),
  requestCert: tls.clientCertificate !== 'none',
  rejectUnauthorized: tls.clientCertificate === 'require_and_verify',
});

/** Node knows "any" and "verified"; Go's two ways between are decided here. */
function checkClientCertificate(socket: TLSSocket, tls: ServerTls): void {
  const isGiven = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
  if (tls.clientCertificate === 'require_any' && !isGiven) socket.destroy();
  if (tls.clientCertificate === 'verify_if_given' && isGiven && !socket.authorized) socket.destroy();
}

/** An IPv4 peer of a dual-stack socket without its IPv6 coat. */
const plainAddress = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');
