/** A receiver that keeps all it gets, as a handler for a real or a simulated server: what truly arrived. */
import type { Clock } from '../../src/model/clock.ts';
import type { UnixMs } from '../../src/model/time.ts';
import type { RequestHandler } from '../../src/platform/http-server.ts';

export type Received = {
  readonly at: UnixMs;
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

export class WebhookCollector {
  readonly received: Received[] = [];
  /** Decides each answer; 'hang' never answers, though the request counts as received. */
  answer: (received: Received) => Response | 'hang' | Promise<Response> = () => new Response('ok\n');
  readonly #clock: Clock;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly handler: RequestHandler = async (request) => {
    const url = new URL(request.url);
    const headers = new Map<string, string>();
    request.headers.forEach((value, name) => headers.set(name, value));
    const body = await request.text();
    const received: Received = { at: this.#clock.now(), method: request.method, path: `${url.pathname}${url.search}`, headers, body };
    this.received.push(received);
    for (const { count, resolve } of this.#waiting) if (this.received.length >= count) resolve();
    const answer = await this.answer(received);
    return answer === 'hang' ? new Promise(() => {}) : answer;
  };

  /** Resolves once that many requests have come: for real connections, where no clock can be advanced. */
  async untilReceived(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }
}
