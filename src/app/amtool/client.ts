/**
 * API v2 as amtool uses it. Refusals are worded as amtool words them, with the path of the API's description and the
 * operation's name, because people search for these lines; where amtool prints `{}` for an answer that the description
 * does not foresee (422), the server's own message stands instead.
 */
import { queryEscape } from '../../lib/query-escape.ts';
import { decodeUtf8, encodeUtf8 } from '../../lib/utf8-bytes.ts';
import type { HttpClient } from '../../model/http.ts';
import { durationMs } from '../../model/time.ts';
import { Failure } from './failure.ts';
import {
  type AlertPayload,
  alertPayloads,
  PayloadError,
  postedSilenceId,
  type SilencePayload,
  type StatusPayload,
  silencePayload,
  silencePayloads,
  statusPayload,
} from './payload.ts';

/** More than any server should answer. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024;

type Call = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As the API's description has it: /silence/{silenceID}. */
  readonly path: string;
  readonly operation: string;
  /** What stands for {silenceID}. */
  readonly id?: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly body?: unknown;
};

/** The codes that the API's description foresees, by their Go names. */
const FORESEEN: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [404, 'NotFound'],
  [500, 'InternalServerError'],
]);

export type AlertQuery = {
  readonly active: boolean;
  readonly silenced: boolean;
  readonly inhibited: boolean;
  readonly unprocessed: boolean;
  /** Regular expression; '' for all. */
  readonly receiver: string;
  readonly filter: readonly string[];
};

export class AlertmanagerClient {
  readonly #http: HttpClient;
  /** Up to and with /api/v2. */
  readonly #base: string;
  readonly #remainingMs: () => number;

  constructor(http: HttpClient, base: string, remainingMs: () => number) {
    this.#http = http;
    this.#base = base;
    this.#remainingMs = remainingMs;
  }

  async alerts({ active, silenced, inhibited, unprocessed, receiver, filter }: AlertQuery): Promise<readonly AlertPayload[]> {
    const query: [string, string][] = [
      ['active', String(active)],
      ...filter.map((matcher): [string, string] => ['filter', matcher]),
      ['inhibited', String(inhibited)],
      ...(receiver === '' ? [] : [['receiver', receiver] as [string, string]]),
      ['silenced', String(silenced)],
      ['unprocessed', String(unprocessed)],
    ];
    return this.#read({ method: 'GET', path: '/alerts', operation: 'getAlerts', query }, alertPayloads);
  }

  async postAlerts(body: unknown): Promise<void> {
    await this.#call({ method: 'POST', path: '/alerts', operation: 'postAlerts', body });
  }

  async silences(filter: readonly string[]): Promise<readonly SilencePayload[]> {
    const query = filter.map((matcher): [string, string] => ['filter', matcher]);
    return this.#read({ method: 'GET', path: '/silences', operation: 'getSilences', query }, silencePayloads);
  }

  async silence(id: string): Promise<SilencePayload> {
    return this.#read({ method: 'GET', path: '/silence/{silenceID}', operation: 'getSilence', id }, silencePayload);
  }

  /** Creates a silence, or changes the one whose id the body has. Gives its id. */
  async postSilence(body: unknown): Promise<string> {
    return this.#read({ method: 'POST', path: '/silences', operation: 'postSilences', body }, postedSilenceId);
  }

  async expireSilence(id: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: '/silence/{silenceID}', operation: 'deleteSilence', id });
  }

  async status(): Promise<StatusPayload> {
    return this.#read({ method: 'GET', path: '/status', operation: 'getStatus' }, statusPayload);
  }

  close(): void {
    this.#http.close();
  }

  async #read<T>(call: Call, read: (json: unknown) => T): Promise<T> {
    const text = await this.#call(call);
    try {
      return read(JSON.parse(text));
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof PayloadError)) throw error;
      throw new Failure(
        `[${call.method} ${call.path}] the server at ${this.#base} does not answer as API v2 does: ${error.message}`,
        error,
      );
    }
  }

  /** The body of the answer; throws a Failure for any but 2xx. */
  async #call({ method, path, operation, id = '', query = [], body }: Call): Promise<string> {
    const url = this.#base + path.replace('{silenceID}', encodeURIComponent(id)) + queryText(query);
    const result = await this.#http.request({
      method,
      url,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: encodeUtf8(JSON.stringify(body)) }),
      timeoutMs: durationMs(Math.max(0, Math.floor(this.#remainingMs()))),
      bodyBytesMax: ANSWER_BYTES_MAX,
    });
    if (result.kind === 'failed') {
      const why = result.reason === 'timeout' ? 'no complete answer within the time that --timeout gives' : result.message;
      throw new Failure(`${method} "${url}": ${why}`);
    }
    const text = decodeUtf8(result.body);
    if (result.status >= 200 && result.status < 300) return text;
    const foreseen = FORESEEN.get(result.status);
    if (foreseen !== undefined)
      throw new RefusedError(result.status, `[${method} ${path}][${result.status}] ${operation}${foreseen} ${text.trim()}`.trimEnd());
    throw new RefusedError(result.status, `[${method} ${path}] ${operation} (status ${result.status}): ${messageOf(text)}`);
  }
}

/** The server took the request and said no. */
export class RefusedError extends Failure {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const queryText = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${queryEscape(value)}`).join('&')}`;

/** The `message` of an error object, else the whole text. */
function messageOf(text: string): string {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string') return json.message;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return text.trim() === '' ? 'no answer' : text.trim();
}
