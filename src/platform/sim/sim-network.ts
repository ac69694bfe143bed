/**
 * A network of named hosts inside one process. Servers are handler functions at `host:port`, registered by the
 * simulated app's listen() or by a test (`serve`); requests travel on the simulated clock, and disturbances between two
 * hosts delay, lose, repeat or refuse them. Everything that happened is kept in `journal`: the ground truth that a test
 * compares the app's beliefs with.
 *
 * An exchange is one request and one response, each arriving whole after its delay; the body of a response that is a
 * stream arrives as its handler makes it. Proxies and certificates are not simulated: https is http by another port.
 */
import type { HttpFailure } from '../../model/http.ts';
import type { Random } from '../../model/random.ts';
import type { DurationMs, UnixMs } from '../../model/time.ts';
import { ListenError, type ListeningServer, type RequestHandler } from '../http-server.ts';
import type { Wire, WireListener, WireRequest } from '../http-wire.ts';
import type { SimClock } from './sim-clock.ts';
import type { ProcessLife } from './sim-crash.ts';
import { between } from './sim-random.ts';

/**
 * What is wrong between hosts. Of several that match, all delays add up and each chance is drawn on its own. Chances
 * are in [0, 1] and 0 when left out.
 */
export type Disturbance = {
  /** Host names; every host when left out. */
  readonly from?: string;
  readonly to?: string;
  /** Each way, uniform between the two. */
  readonly delayMs?: readonly [low: number, high: number];
  /** No connection comes about, and nothing says so: the client waits until its time is over. */
  readonly blackhole?: number;
  /** No connection comes about, with this failure at once. */
  readonly refuse?: { readonly chance: number; readonly reason: Extract<HttpFailure, 'refused' | 'dns' | 'tls' | 'reset'> };
  /** The request leaves and never arrives. */
  readonly loseRequest?: number;
  /** The server acts, and its response never arrives. */
  readonly loseResponse?: number;
  /** The server acts, and the connection breaks before its response. */
  readonly resetResponse?: number;
  /** The connection breaks when that share of the request's body has passed, 0 to below 1: the server gets a body that breaks off. */
  readonly cutRequest?: { readonly chance: number; readonly after: number };
  /** The server acts, and the connection breaks when that share of its response's body has passed. */
  readonly cutResponse?: { readonly chance: number; readonly after: number };
  /** The request arrives twice; the client gets the first response. */
  readonly duplicate?: number;
};

/** One delivery of a request to a server, and what came of it; `outcome` is filled in as it happens. */
export type Delivery = {
  readonly at: UnixMs;
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
  outcome:
    | { readonly kind: 'pending' }
    | { readonly kind: 'answered'; readonly status: number }
    | { readonly kind: 'broke'; readonly message: string };
};

type Server = {
  readonly handler: RequestHandler;
  readonly loopbackOnly: boolean;
  /** Breaks the connections that are open; filled while requests are under way. */
  readonly connections: Set<() => void>;
};

const EPHEMERAL_PORT_MIN = 49_152;

export class SimNetwork {
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #servers = new Map<string, Server>();
  readonly #hosts = new Map<string, string>();
  #disturbances: Disturbance[] = [];
  #ephemeralPort = EPHEMERAL_PORT_MIN;
  readonly journal: Delivery[] = [];

  constructor(clock: SimClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Puts a server at `host:port`; the returned function takes it away, and connections to it are refused. */
  serve(address: string, handler: RequestHandler): () => void {
    return this.#register(address, { handler, loopbackOnly: false, connections: new Set() });
  }

  #register(address: string, server: Server): () => void {
    if (this.#servers.has(address)) throw new Error(`BUG: two servers at ${address}`);
    this.#servers.set(address, server);
    this.#addressOf(hostOf(address));
    return () => {
      if (this.#servers.get(address) === server) this.#servers.delete(address);
    };
  }

  /** Adds a disturbance; the returned function heals it. */
  disturb(disturbance: Disturbance): () => void {
    this.#disturbances.push(disturbance);
    return () => {
      this.#disturbances = this.#disturbances.filter((other) => other !== disturbance);
    };
  }

  /** Nothing passes between two hosts, in either direction; the returned function heals it. */
  partition(a: string, b: string): () => void {
    const heals = [this.disturb({ from: a, to: b, blackhole: 1 }), this.disturb({ from: b, to: a, blackhole: 1 })];
    return () => {
      for (const heal of heals) heal();
    };
  }

  healAll(): void {
    this.#disturbances = [];
  }

  /** For a simulated process: listens on its host until it dies. */
  listen(
    host: string,
    life: ProcessLife,
    options: { readonly host: string; readonly port: number },
    handler: RequestHandler,
  ): ListeningServer {
    const port = options.port === 0 ? this.#ephemeralPort++ : options.port;
    const address = `${host}:${port}`;
    if (this.#servers.get(address) !== undefined) {
      throw new ListenError(`cannot listen on ${options.host}:${port}: the address is in use`);
    }
    const thawed: RequestHandler = async (request, info) => {
      await new Promise<void>((resolve) => this.#clock.whenThawed(life, resolve));
      return handler(request, info);
    };
    const server: Server = { handler: thawed, loopbackOnly: isLoopback(options.host), connections: new Set() };
    const stop = this.#register(address, server);
    life.onDeath(() => {
      stop();
      for (const break_ of server.connections) break_();
    });
    return {
      address: `${options.host}:${port}`,
      port,
      close: async () => stop(),
    };
  }

  /** The wire of a process on a host: what its HTTP clients send over. It hears nothing more once the process is dead. */
  openWire(host: string, life: ProcessLife): Wire {
    this.#addressOf(host);
    const open = new Set<AbortController>();
    life.onDeath(() => {
      for (const exchange of open) exchange.abort();
    });
    return {
      exchange: (request, listener) => {
        life.assertAlive();
        const abort = new AbortController();
        open.add(abort);
        const closed = (): void => void open.delete(abort);
        const hear = (run: () => void): void => this.#clock.whenThawed(life, () => !abort.signal.aborted && run());
        this.#exchange(host, request, abort.signal, {
          sent: () => listener.sent(),
          head: (status, headers) => hear(() => listener.head(status, headers)),
          data: (chunk) => hear(() => listener.data(chunk)),
          end: () =>
            hear(() => {
              closed();
              listener.end();
            }),
          fail: (reason, message) =>
            hear(() => {
              closed();
              listener.fail(reason, message);
            }),
        });
        return () => {
          // Ended exchanges have no connection to break: their server must not see one break.
          if (open.delete(abort)) abort.abort();
        };
      },
      close: () => {},
    };
  }

  /** A request straight to a server, past all disturbances: a test in the place of a browser, amtool or a sender. */
  async fetch(request: Request, from = 'test'): Promise<Response> {
    const address = addressOfUrl(new URL(request.url), from);
    const server = this.#servers.get(address);
    if (server === undefined) throw new Error(`nothing listens on ${address}`);
    this.#clock.touch();
    return server.handler(request, { remoteAddress: this.#addressOf(from) });
  }

  #exchange(from: string, request: WireRequest, signal: AbortSignal, listener: WireListener): void {
    const address = addressOfUrl(request.url, from);
    const to = hostOf(address);
    const disturbances = this.#disturbances.filter((d) => (d.from ?? from) === from && (d.to ?? to) === to);
    const happens = (chance: number | undefined): boolean => chance !== undefined && chance > 0 && this.#random.next() < chance;
    const later = (run: () => void): void => {
      let ms = 0;
      for (const { delayMs } of disturbances) if (delayMs !== undefined) ms += between(this.#random, delayMs[0], delayMs[1]);
      this.#clock.after(ms as DurationMs, () => {
        if (!signal.aborted) run();
      });
    };
    if (disturbances.some((d) => happens(d.blackhole))) return;
    const refusal = disturbances.find((d) => happens(d.refuse?.chance))?.refuse;
    if (refusal !== undefined) {
      later(() => listener.fail(refusal.reason, `connection to ${address} failed: ${refusal.reason} (simulated)`));
      return;
    }
    later(() => {
      const server = this.#servers.get(address);
      if (server === undefined || (server.loopbackOnly && from !== to)) {
        if (this.#hosts.has(to)) listener.fail('refused', `connection to ${address} refused`);
        else listener.fail('dns', `no address found for "${to}"`);
        return;
      }
      listener.sent();
      if (disturbances.some((d) => happens(d.loseRequest))) return;
      const cut = disturbances.find((d) => happens(d.cutRequest?.chance))?.cutRequest;
      if (cut !== undefined) {
        void this.#deliver(from, address, server, request, signal, cut.after).then(dropBody);
        later(() => listener.fail('reset', closedEarly(address)));
        return;
      }
      if (disturbances.some((d) => happens(d.duplicate))) void this.#deliver(from, address, server, request, signal).then(dropBody);
      void this.#deliver(from, address, server, request, signal).then((response) => {
        if (disturbances.some((d) => happens(d.loseResponse))) return;
        later(() => {
          if (response === null || disturbances.some((d) => happens(d.resetResponse))) listener.fail('reset', closedEarly(address));
          else {
            const cut = disturbances.find((d) => happens(d.cutResponse?.chance))?.cutResponse;
            void this.#receive(cut === undefined ? response : brokenOff(response, cut.after), address, listener, signal);
          }
        });
      });
    });
  }

  /** The server's response; null when the connection broke first. `passes`: the share of the body that arrives. */
  async #deliver(
    from: string,
    to: string,
    server: Server,
    request: WireRequest,
    signal: AbortSignal,
    passes = 1,
  ): Promise<Response | null> {
    const whole = request.body ?? new Uint8Array(0);
    const body = whole.slice(0, Math.floor(whole.length * passes));
    const delivery: Delivery = {
      at: this.#clock.now(),
      from,
      to,
      method: request.method,
      url: request.url.href,
      body,
      outcome: { kind: 'pending' },
    };
    this.journal.push(delivery);
    this.#clock.touch();
    const init: RequestInit = { method: request.method, headers: request.headers.map(([name, value]) => [name, value]), signal };
    if (passes < 1) Object.assign(init, { body: breakingStream(async () => body), duplex: 'half' });
    else if (request.body !== null) init.body = body;
    return new Promise((resolve) => {
      const settle = (outcome: Delivery['outcome'], response: Response | null): void => {
        if (delivery.outcome.kind !== 'pending') return;
        delivery.outcome = outcome;
        server.connections.delete(die);
        this.#clock.touch();
        resolve(response);
      };
      const die = (): void => settle({ kind: 'broke', message: 'the server died' }, null);
      server.connections.add(die);
      const answer = async (): Promise<Response> =>
        server.handler(new Request(request.url.href, init), { remoteAddress: this.#addressOf(from) });
      answer().then(
        (response) => settle({ kind: 'answered', status: response.status }, response),
        (error: Error) => settle({ kind: 'broke', message: error.message }, null),
      );
    });
  }

  async #receive(response: Response, address: string, listener: WireListener, signal: AbortSignal): Promise<void> {
    const reader = response.body?.getReader() ?? null;
    const stop = (): void => void reader?.cancel().catch(() => {}); // a stream that broke already has nothing to cancel
    signal.addEventListener('abort', stop, { once: true });
    const headers = new Map<string, string>();
    response.headers.forEach((value, name) => headers.set(name, value));
    if (signal.aborted) return;
    listener.head(response.status, headers);
    try {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        this.#clock.touch();
        if (signal.aborted) return;
        if (done) break;
        listener.data(value);
      }
    } catch {
      // However the stream broke, a client sees a connection that closed early.
      if (!signal.aborted) listener.fail('reset', closedEarly(address));
      return;
    }
    if (!signal.aborted) listener.end();
  }

  #addressOf(host: string): string {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const number = this.#hosts.size + 1;
    const address = `10.0.${number >> 8}.${number & 255}`;
    this.#hosts.set(host, address);
    return address;
  }
}

const closedEarly = (address: string): string => `${address} closed the connection before the answer was complete`;

/** The bytes, and when they have been read a connection that is gone. */
function breakingStream(bytes: () => Promise<Uint8Array>): ReadableStream<Uint8Array> {
  let isOver = false;
  return new ReadableStream({
    pull: async (controller) => {
      const part = isOver ? new Uint8Array(0) : await bytes();
      isOver = true;
      if (part.length > 0) controller.enqueue(part);
      else controller.error(new Error('the connection broke'));
    },
  });
}

function brokenOff(response: Response, after: number): Response {
  const body = breakingStream(async () => {
    const whole = new Uint8Array(await response.arrayBuffer());
    return whole.subarray(0, Math.floor(whole.length * after));
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

const dropBody = (response: Response | null): void => void response?.body?.cancel();

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host === '::1' || host.startsWith('127.');

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

/** `host:port`, with the default port filled in; the loopback names are the asking host itself. */
function addressOfUrl(url: URL, from: string): string {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${isLoopback(url.hostname) ? from : url.hostname}:${port}`;
}
