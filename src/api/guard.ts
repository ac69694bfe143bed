/**
 * What every request passes before a handler sees it, and every answer on its way out: who may ask (basic authentication
 * and the rate limit of the web configuration), from which site (browsers say, in Sec-Fetch-Site and Origin), and the
 * headers that tell browsers what they may do with the answer. Clients that send neither header (amtool, curl, senders)
 * pass: they cannot be made to act by a page that somebody visits. Paths that are their own permission pass as well.
 *
 * Left out: sessions and tokens.
 */
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { Regex } from '../model/regex.ts';
import { isCapability } from './actions/paths.ts';
import { BasicAuth } from './basic-auth.ts';
import { RateLimit } from './rate-limit.ts';
import { isBelow } from './refusal.ts';
import type { WebConfig } from './web-config.ts';
import type { WebConfigFile } from './web-config-file.ts';

export type GuardOptions = {
  /** --web.cors.origin, anchored. */
  readonly corsOrigin: Regex;
  /** Scheme and host of --web.external-url, where a proxy in front asks for another host; null: none. */
  readonly externalOrigin: string | null;
  /** --web.config.file */
  readonly webConfig: WebConfigFile | null;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
};

export type Admission =
  | { readonly kind: 'admitted'; readonly user: string | null }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string; readonly headers: Readonly<Record<string, string>> };

type Headers = Readonly<Record<string, string>>;

export class Guard {
  readonly #options: GuardOptions;
  readonly #auth = new BasicAuth();
  readonly #rate: RateLimit;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#rate = new RateLimit(options.clock);
  }

  /** `path`: without the route prefix. A promise only where a password has to be checked. */
  admit(request: Request, path: string): Admission | Promise<Admission> {
    const config = this.#options.webConfig?.current() ?? null;
    if (config === null) return this.#admitUser(request, path, null);
    if (!this.#rate.allows(config.rateLimit)) return refused(429, 'too many requests');
    return config.users.size > 0 && !isCapability(path)
      ? this.#admitKnown(request, path, config.users)
      : this.#admitUser(request, path, null);
  }

  async #admitKnown(request: Request, path: string, users: WebConfig['users']): Promise<Admission> {
    const checked = await this.#auth.check(request.headers.get('authorization'), users);
    if (checked.kind === 'busy') return refused(503, 'too many logins at a time; try again later', { 'retry-after': '1' });
    if (checked.kind === 'refused') return refused(401, 'Unauthorized', { 'www-authenticate': 'Basic' });
    return this.#admitUser(request, path, checked.user);
  }

  #admitUser(request: Request, path: string, user: string | null): Admission {
    if (changesState(request.method, path) && !isCapability(path) && this.#isFromAnotherSite(request)) {
      this.#options.log.warn('a request that a page of another site made was refused', {
        path,
        origin: request.headers.get('origin') ?? '',
        site: request.headers.get('sec-fetch-site') ?? '',
      });
      return refused(403, 'a page of another site may not change anything here');
    }
    return { kind: 'admitted', user };
  }

  /** The headers that every answer leaves with, by their names in lower case. */
  headersFor(request: Request, path: string): Headers {
    const isApi = isBelow(path, '/api/v1') || isBelow(path, '/api/v2');
    const headers = isApi ? this.#apiHeaders(request.headers.get('origin')) : COMMON;
    const configured = this.#options.webConfig?.current().headers ?? [];
    if (configured.length === 0) return headers;
    return { ...headers, ...Object.fromEntries(configured.map(([name, value]) => [name.toLowerCase(), value])) };
  }

  /** As Prometheus' util/httputil SetCORS. */
  #apiHeaders(origin: string | null): Headers {
    if (origin === null) return OF_APIS;
    const { corsOrigin } = this.#options;
    if (corsOrigin.source === '.*') return { ...FOR_OTHER_ORIGINS, 'access-control-allow-origin': '*' };
    return corsOrigin.matches(origin) ? { ...FOR_OTHER_ORIGINS, 'access-control-allow-origin': origin } : FOR_OTHER_ORIGINS;
  }

  /** Browsers tell the site where the connection is one they trust, and the origin of every request that may change something. */
  #isFromAnotherSite({ headers, url }: Request): boolean {
    const site = headers.get('sec-fetch-site');
    if (site === 'same-origin' || site === 'none') return false;
    const origin = headers.get('origin');
    if (origin === null) return site !== null;
    if (origin === this.#options.externalOrigin) return false;
    return site !== null || !isOrigin(origin, new URL(url).host);
  }
}

const COMMON: Headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'deny',
  // Not no-referrer: browsers then send "Origin: null" with our own forms.
  'referrer-policy': 'same-origin',
};
const OF_APIS: Headers = { ...COMMON, vary: 'Origin' };
const FOR_OTHER_ORIGINS: Headers = {
  ...OF_APIS,
  'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-expose-headers': 'Date',
};

const refused = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Admission => ({
  kind: 'refused',
  status,
  message,
  headers,
});

/** POSTs that only ask, which Grafana's browser side may send from its own site. */
const ASKING = new Set(
  ['query', 'query_range', 'query_exemplars', 'format_query', 'parse_query', 'series', 'labels'].map((name) => `/api/v1/${name}`),
);

function changesState(method: string, path: string): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false;
  return !(method === 'POST' && ASKING.has(path));
}

/** Whether an origin is the host asked for; the scheme may be another, where a proxy in front speaks TLS. */
function isOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  return URL.canParse(`${protocol}//${host}`) && originHost === new URL(`${protocol}//${host}`).host;
}
