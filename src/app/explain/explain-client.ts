/** Asks a running server for an explanation, as `tocsin explain` does, and prints it. */
import type { Explanation } from '../../api/tocsin-v1/explanation.ts';
import { queryEscape } from '../../lib/query-escape.ts';
import { decodeUtf8 } from '../../lib/utf8-bytes.ts';
import { type HttpClientConfig, type HttpClients, PLAIN_HTTP } from '../../model/http.ts';
import { Secret } from '../../model/secret.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import { explanationText } from './explain-text.ts';

const TIMEOUT_MS = durationMs(30_000);
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

export type ExplainAsked = {
  readonly query: string;
  /** As typed: RFC 3339, seconds since 1970, or a time of day such as 03:10. */
  readonly at: string | null;
  /** Of the server, with its route prefix. */
  readonly url: string;
};

export type ExplainPorts = {
  readonly http: HttpClients;
  readonly now: UnixMs;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
};

/** Gives the exit code: 1 where the server gave no explanation. */
export async function explainClient({ query, at, url }: ExplainAsked, { http, now, print, printError }: ExplainPorts): Promise<number> {
  const server = serverOf(url);
  if ('error' in server) {
    printError(`error: ${server.error}\n`);
    return 1;
  }
  const client = http.open(server.config);
  try {
    const time = at === null ? '' : `&at=${queryEscape(instantText(at, now))}`;
    const result = await client.request({
      method: 'GET',
      url: `${server.base}/api/tocsin/v1/explain?query=${queryEscape(query)}${time}`,
      headers: { accept: 'application/json' },
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: ANSWER_BYTES_MAX,
    });
    if (result.kind === 'failed') {
      printError(`error: ${server.base} cannot be asked: ${result.message}; give the address of a running server with --url\n`);
      return 1;
    }
    const text = decodeUtf8(result.body);
    const answer = jsonIn(text);
    if (result.status === 200 && isExplanation(answer)) {
      print(explanationText(answer));
      return 0;
    }
    const detail = typeof answer === 'object' && answer !== null && 'detail' in answer ? String(answer.detail) : text.trim().slice(0, 200);
    printError(`error: ${server.base} gave no explanation (status ${result.status}): ${detail}\n`);
    return 1;
  } finally {
    client.close();
  }
}

/** A time of day becomes the last one there was, in this machine's zone. */
function instantText(at: string, now: UnixMs): string {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(at) ?? [];
  if (hours === undefined || minutes === undefined) return at;
  const instant = new Date(now);
  instant.setHours(Number(hours), Number(minutes), 0, 0);
  if (instant.getTime() > now) instant.setDate(instant.getDate() - 1);
  return instant.toISOString();
}

function serverOf(text: string): { readonly base: string; readonly config: HttpClientConfig } | { readonly error: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { error: `--url "${text}" is no address: write it as http://127.0.0.1:9099` };
  const base = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  if (url.username === '') return { base, config: PLAIN_HTTP };
  const password = { kind: 'inline', secret: new Secret(decodeURIComponent(url.password)) } as const;
  return {
    base,
    config: { ...PLAIN_HTTP, auth: { kind: 'basic', username: decodeURIComponent(url.username), usernameFile: null, password } },
  };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Enough to know that a Tocsin answered and not something else behind that address. */
const isExplanation = (json: unknown): json is Explanation =>
  typeof json === 'object' && json !== null && 'verdict' in json && 'stages' in json && Array.isArray(json.stages);
