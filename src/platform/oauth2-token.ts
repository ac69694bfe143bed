/**
 * Access tokens by OAuth 2.0 client credentials (RFC 6749 §4.4), as golang.org/x/oauth2 gets them for Prometheus: one
 * token at a time, kept until shortly before it ends, fetched anew when the client secret changed. The credentials go
 * into the Authorization header first and, if the server refuses that, into the form; what worked is remembered.
 */
import type { Clock } from '../model/clock.ts';
import type { HttpAuth, HttpClient, HttpResult } from '../model/http.ts';
import type { DurationMs } from '../model/time.ts';
import type { SecretReader } from './secret-reader.ts';

export type OAuth2Config = Extract<HttpAuth, { kind: 'oauth2' }>;
export type TokenResult = { readonly kind: 'token'; readonly header: string } | { readonly kind: 'failed'; readonly message: string };

/** A token that ends within this time counts as ended. */
const EXPIRY_MARGIN_MS = 10_000;
const ANSWER_BYTES_MAX = 1 << 20;

export class OAuth2Tokens {
  readonly #config: OAuth2Config;
  readonly #client: HttpClient;
  readonly #secrets: SecretReader;
  readonly #clock: Clock;
  #cached: { readonly header: string; readonly endsAt: number; readonly secret: string } | null = null;
  #fetching: { readonly secret: string; readonly result: Promise<TokenResult> } | null = null;
  #credentialsIn: 'header' | 'form' | 'unknown' = 'unknown';

  constructor(config: OAuth2Config, client: HttpClient, secrets: SecretReader, clock: Clock) {
    this.#config = config;
    this.#client = client;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  /** The value of the Authorization header. Those who ask while one is being fetched share it. */
  async header(timeoutMs: DurationMs): Promise<TokenResult> {
    let secret: string;
    try {
      secret = this.#secrets.secret(this.#config.clientSecret);
    } catch (error) {
      return { kind: 'failed', message: `cannot read the OAuth 2 client secret: ${(error as Error).message}` };
    }
    const cached = this.#cached;
    if (cached?.secret === secret && this.#clock.elapsed() < cached.endsAt) return { kind: 'token', header: cached.header };
    if (this.#fetching?.secret !== secret) {
      const result = this.#fetch(secret, timeoutMs).finally(() => {
        if (this.#fetching?.result === result) this.#fetching = null;
      });
      this.#fetching = { secret, result };
    }
    return this.#fetching.result;
  }

  /** The server refused the token: the next request gets a new one. */
  forget(): void {
    this.#cached = null;
  }

  close(): void {
    this.#client.close();
  }

  async #fetch(secret: string, timeoutMs: DurationMs): Promise<TokenResult> {
    let answer = await this.#ask(secret, this.#credentialsIn === 'form' ? 'form' : 'header', timeoutMs);
    if (this.#credentialsIn === 'unknown' && answer.kind === 'response' && !isSuccess(answer.status)) {
      const second = await this.#ask(secret, 'form', timeoutMs);
      if (second.kind === 'response' && isSuccess(second.status)) this.#credentialsIn = 'form';
      answer = second;
    } else if (answer.kind === 'response' && isSuccess(answer.status) && this.#credentialsIn === 'unknown') {
      this.#credentialsIn = 'header';
    }
    const where = `the token endpoint ${this.#config.tokenUrl}`;
    if (answer.kind === 'failed') return { kind: 'failed', message: `cannot reach ${where}: ${answer.message}` };
    const fields = readAnswer(answer);
    if (!isSuccess(answer.status)) {
      const reason = [fields.get('error'), fields.get('error_description')].filter((text) => text !== undefined).join(': ');
      return { kind: 'failed', message: `${where} answered ${answer.status}${reason === '' ? '' : `: ${reason}`}` };
    }
    const token = fields.get('access_token') ?? '';
    if (token === '') return { kind: 'failed', message: `the answer of ${where} has no access_token` };
    const header = `${tokenType(fields.get('token_type') ?? '')} ${token}`;
    const lifeSeconds = Number(fields.get('expires_in') ?? 0);
    const lifeMs = lifeSeconds > 0 ? lifeSeconds * 1000 - EXPIRY_MARGIN_MS : Number.POSITIVE_INFINITY;
    this.#cached = { header, endsAt: this.#clock.elapsed() + lifeMs, secret };
    return { kind: 'token', header };
  }

  #ask(secret: string, credentialsIn: 'header' | 'form', timeoutMs: DurationMs): Promise<HttpResult> {
    const { clientId, scopes, endpointParams, tokenUrl } = this.#config;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    for (const [name, value] of Object.entries(endpointParams)) form.set(name, value);
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
    if (credentialsIn === 'form') {
      form.set('client_id', clientId);
      if (secret !== '') form.set('client_secret', secret);
    } else {
      // Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
      headers['authorization'] = basicHeader(formEncoded(clientId), formEncoded(secret));
    }
    const body = new TextEncoder().encode(form.toString());
    return this.#client.request({ method: 'POST', url: tokenUrl, headers, body, timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX });
  }
}

export const basicHeader = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Servers spell the type as they like; Authorization wants it in its own spelling. */
function tokenType(type: string): string {
  switch (type.toLowerCase()) {
    case '':
    case 'bearer':
      return 'Bearer';
    case 'mac':
      return 'MAC';
    case 'basic':
      return 'Basic';
    default:
      return type;
  }
}

/** The fields of a token answer: JSON, or a form as some servers send. */
function readAnswer(answer: Extract<HttpResult, { kind: 'response' }>): ReadonlyMap<string, string> {
  const text = new TextDecoder().decode(answer.body);
  const type = answer.headers.get('content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded') || type.startsWith('text/plain')) return new Map(new URLSearchParams(text));
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return new Map();
    return new Map(
      Object.entries(value).flatMap(([name, field]) =>
        typeof field === 'string' || typeof field === 'number' ? [[name, String(field)]] : [],
      ),
    );
  } catch {
    return new Map(); // what is missing from it is reported by name
  }
}
