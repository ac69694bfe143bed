/**
 * The event log as it grows, as server-sent events (HTML Living Standard, 9.2). A stream is a place in the log and nothing
 * else: it is told that something was written and then reads on from its place, so that a client that comes back with
 * Last-Event-ID misses nothing and gets nothing twice, and one that is slow costs no memory, for the next events are read
 * when it has taken the last ones. Who takes nothing for half a minute is told so and cut off.
 */
import { z } from '@hono/zod-openapi';
import type { EventSubject } from '../../db/event-repository.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import type { EventStreamBackend } from './backend.ts';
import type { Endpoints } from './endpoints.ts';
import { eventJson } from './event-json.ts';
import { eventSubjectOf, eventSubjectParameters } from './history-endpoints.ts';
import { ProblemError } from './problem.ts';

const STREAMS_MAX = 100;
const BATCH_MAX = 200;
/** A burst of commits is read a few times and not a thousand times. */
const READ_PAUSE_MS = 100;
/** Proxies give up on connections that say nothing for a minute. */
const HEARTBEAT_MS = 15_000;
const STALL_MS = durationMs(30_000);
/** For the last word of a stream that was cut off to leave. */
const LAST_WORD_MS = durationMs(5000);
/** What clients wait before they come back. */
const RETRY_MS = 2000;

const DESCRIPTION = `Server-sent events: each is one event of \`/events\`, as its JSON, with its id. A stream begins now, or behind the event that the
header Last-Event-ID names, without gap or repeat. Beside comments, which keep the connection alive, there are these, by name:
\`gap\`: what Last-Event-ID names is not in the log any more, so read the state anew;
\`lagging\`: this client took nothing for too long and is cut off; \`closing\`: the server stops. After both, come back with Last-Event-ID.`;

export function addEventStream(endpoints: Endpoints, backend: EventStreamBackend): void {
  let streams = 0;
  endpoints.add(
    {
      method: 'get',
      path: '/events/stream',
      tag: 'history',
      summary: 'Events as they happen',
      description: DESCRIPTION,
      query: eventSubjectParameters,
      headers: {
        'last-event-id': z
          .string()
          .regex(/^\d{1,15}$/, 'must be the id of an event')
          .optional()
          .openapi({ description: 'The last event that the client has; browsers send it by themselves.', example: '4711' }),
      },
      answer: z.string(),
      contentType: 'text/event-stream',
      problems: { 503: `There are ${STREAMS_MAX} streams already.` },
    },
    ({ query, headers: { 'last-event-id': last }, context }) => {
      const subject = eventSubjectOf(query);
      if (streams >= STREAMS_MAX)
        throw new ProblemError(503, `there are ${STREAMS_MAX} streams already: try again later, or ask for /events now and then`, {
          'retry-after': '30',
        });
      const stream = new EventStream(backend, subject, last === undefined ? null : Number(last), {
        began: () => streams++,
        ended: () => streams--,
        cut: () => context.env.cut?.(),
      });
      return new Response(stream.body, {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      });
    },
  );
}

type StreamEvents = { readonly began: () => void; readonly ended: () => void; readonly cut: () => void };

class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #backend: EventStreamBackend;
  readonly #subject: EventSubject;
  readonly #tell: StreamEvents;
  /** Id of the last event that was looked at; null: from the newest on. */
  #place: number | null;
  #state: 'new' | 'open' | 'closing' | 'over' = 'new';
  #hasNews = false;
  #readAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};
  #unwatch: () => void = () => {};
  #cancelStall: () => void = () => {};

  constructor(backend: EventStreamBackend, subject: EventSubject, place: number | null, tell: StreamEvents) {
    this.#backend = backend;
    this.#subject = subject;
    this.#place = place;
    this.#tell = tell;
    // Nothing is read ahead: `pull` comes when the client has taken all there was, and not at all for a HEAD.
    this.body = new ReadableStream({ pull: (controller) => this.#pull(controller), cancel: () => this.#end() }, { highWaterMark: 0 });
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#cancelStall();
    try {
      const text = this.#state === 'new' ? await this.#begin() : await this.#next();
      // Cancelled meanwhile.
      if (this.#state === 'over') return;
      controller.enqueue(ENCODER.encode(text));
      if (this.#state === 'closing') {
        controller.close();
        this.#end();
      } else this.#cancelStall = this.#backend.clock.after(STALL_MS, () => this.#cutOff(controller));
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** The client's place in the log, and what it missed if that cannot be kept. */
  async #begin(): Promise<string> {
    this.#state = 'open';
    this.#tell.began();
    this.#unwatch = this.#backend.watch({
      written: () => {
        this.#hasNews = true;
        this.#wake();
      },
      closed: () => {
        if (this.#state === 'open') this.#state = 'closing';
        this.#wake();
      },
    });
    const asked = this.#place;
    const { oldestId, newestId } = await this.#backend.bounds();
    const isKnown = asked !== null && asked >= oldestId - 1 && asked <= newestId;
    // Behind the newest where the log is younger than what the client has seen, else before the oldest.
    const place = asked === null || asked > newestId ? newestId : Math.max(asked, oldestId - 1);
    this.#place = place;
    this.#hasNews ||= place < newestId;
    const head = `retry: ${RETRY_MS}\nid: ${place}\n\n`;
    if (asked === null || isKnown) return head;
    return `${head}${named('gap', place, `event ${asked} is not in the log any more; the next one is the first that is there`)}`;
  }

  /** Waits until there is something to say: events, the end, or a sign of life. */
  async #next(): Promise<string> {
    const { clock } = this.#backend;
    const silentUntil = clock.elapsed() + HEARTBEAT_MS;
    for (;;) {
      if (this.#state === 'closing') return named('closing', this.#place ?? 0, 'the server stops; come back');
      if (this.#state === 'over') return '';
      const restMs = this.#readAt + READ_PAUSE_MS - clock.elapsed();
      if (this.#hasNews && restMs <= 0) {
        const text = await this.#read();
        if (text !== '') return text;
      } else if (clock.elapsed() >= silentUntil) return `: still here\nid: ${this.#place ?? 0}\n\n`;
      else await this.#sleep(durationMs(this.#hasNews ? restMs : silentUntil - clock.elapsed()));
    }
  }

  async #read(): Promise<string> {
    const { clock } = this.#backend;
    this.#hasNews = false;
    this.#readAt = clock.elapsed();
    const place = this.#place ?? 0;
    const { newestId } = await this.#backend.bounds();
    const events = await this.#backend.writtenAfter(place, this.#subject, BATCH_MAX);
    const lastId = events.at(-1)?.id ?? place;
    if (events.length === BATCH_MAX) {
      this.#hasNews = true;
      this.#readAt = Number.NEGATIVE_INFINITY;
      this.#place = lastId;
    } else this.#place = Math.max(lastId, newestId, place);
    return events.map((event) => `id: ${event.id}\ndata: ${JSON.stringify(eventJson(event))}\n\n`).join('');
  }

  /** Until the time is over or somebody wakes it. */
  #sleep(ms: DurationMs): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#backend.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #cutOff(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#state === 'over') return;
    controller.enqueue(ENCODER.encode(named('lagging', null, 'nothing was taken for too long; come back with the last id that came')));
    controller.close();
    this.#end();
    this.#backend.clock.after(LAST_WORD_MS, this.#tell.cut);
  }

  #end(): void {
    if (this.#state === 'over') return;
    const hadBegun = this.#state !== 'new';
    this.#state = 'over';
    this.#cancelStall();
    this.#unwatch();
    this.#wake();
    if (hadBegun) this.#tell.ended();
  }
}

/** An event that is not of the log; one with an id moves the client's place. */
const named = (name: string, id: number | null, detail: string): string =>
  `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify({ detail })}\n\n`;

const ENCODER = new TextEncoder();
