/** A scrape target that behaves as told, well or badly, as a handler for a real or a simulated server. */
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../src/model/clock.ts';
import { durationMs } from '../../src/model/time.ts';
import type { RequestHandler } from '../../src/platform/http-server.ts';

export type TargetBehaviour =
  | 'ok'
  | 'garbage'
  | 'login_page'
  | 'error'
  | 'hang'
  | 'infinite'
  | 'one_byte_per_second'
  | 'huge'
  | 'gzip'
  | 'gzip_bomb'
  | 'bad_gzip'
  | 'redirect_loop'
  | 'close_early'
  | 'close_at_once';

export class FakeTarget {
  behaviour: TargetBehaviour = 'ok';
  /** What a healthy scrape answers. */
  exposition = '# TYPE up_and_running gauge\nup_and_running 1\n';
  /** How many requests came, whatever came of them. */
  requests = 0;
  /** Requests whose client went away before the answer was complete. */
  abandoned = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly handler: RequestHandler = (request) => {
    this.requests++;
    request.signal.addEventListener('abort', () => this.abandoned++, { once: true });
    switch (this.behaviour) {
      case 'ok':
        return metrics(this.exposition);
      case 'garbage':
        return metrics('\u0000\u0001{{{ not metrics\n=== 12 12 12\n');
      case 'login_page':
        return new Response('<html><form action="/login"></form></html>', { headers: { 'content-type': 'text/html' } });
      case 'error':
        return new Response('no database\n', { status: 500 });
      case 'hang':
        return new Promise(() => {});
      case 'infinite':
        return metrics(endless(() => `up_and_running{pad="${'x'.repeat(10_000)}"} 1\n`));
      case 'one_byte_per_second':
        return metrics(this.#slowly(this.exposition));
      case 'huge':
        return metrics('up_and_running 1\n'.repeat(500_000));
      case 'gzip':
        return compressed(gzipSync(this.exposition));
      case 'gzip_bomb':
        return compressed(gzipSync(Buffer.alloc(20_000_000, '0')));
      case 'bad_gzip':
        return compressed(gzipSync(this.exposition.repeat(100)).subarray(0, 40));
      case 'redirect_loop':
        return new Response(null, { status: 302, headers: { location: request.url } });
      case 'close_early':
        return metrics(breaking(this.exposition));
      case 'close_at_once':
        throw new Error('closed at once');
    }
  };

  #slowly(text: string): ReadableStream<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    let isCanceled = false;
    return new ReadableStream({
      cancel: () => {
        isCanceled = true;
      },
      pull: (controller) =>
        new Promise((resolve) => {
          this.#clock.after(durationMs(1000), () => {
            if (isCanceled) return;
            controller.enqueue(bytes.slice(at, ++at));
            if (at === bytes.length) controller.close();
            resolve();
          });
        }),
    });
  }
}

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

const metrics = (body: string | ReadableStream<Uint8Array>): Response => new Response(body, { headers: { 'content-type': TEXT_FORMAT } });

const compressed = (body: Uint8Array<ArrayBuffer>): Response =>
  new Response(body, { headers: { 'content-type': TEXT_FORMAT, 'content-encoding': 'gzip' } });

const endless = (next: () => string): ReadableStream<Uint8Array> =>
  new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode(next())) });

/** Sends the text, then breaks the connection instead of ending the body. */
function breaking(text: string): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull: (controller) => {
      if (isSent) controller.error(new Error('the target broke off'));
      else controller.enqueue(new TextEncoder().encode(text));
      isSent = true;
    },
  });
}
