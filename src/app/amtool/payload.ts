/**
 * Answers of API v2 as values. Only what amtool shows is read, and what an older server leaves out has its zero value:
 * the answer may come from any Alertmanager.
 */
import type { ApiMatcher } from '../../alerts/matcher-text.ts';
import { type GoTime, parseTime, RFC3339_NANO, ZERO_TIME } from '../../lib/go-time.ts';
import { compareUtf8 } from '../../lib/utf8-order.ts';

/** Labels or annotations, sorted by name; annotations may have empty values. */
export type Pairs = ReadonlyMap<string, string>;

export type AlertPayload = {
  readonly labels: Pairs;
  readonly annotations: Pairs;
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly updatedAt: GoTime;
  readonly generatorUrl: string;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: {
    readonly state: string;
    readonly silencedBy: readonly string[];
    readonly inhibitedBy: readonly string[];
    readonly mutedBy: readonly string[];
  };
};

export type SilencePayload = {
  readonly id: string;
  readonly state: string;
  readonly matchers: readonly Required<ApiMatcher>[];
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly updatedAt: GoTime;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Pairs;
};

export type PeerPayload = { readonly name: string; readonly address: string };
export type StatusPayload = {
  readonly cluster: { readonly name: string; readonly status: string; readonly peers: readonly PeerPayload[] };
  readonly version: Readonly<Record<(typeof VERSION_FIELDS)[number], string>>;
  readonly config: string;
  readonly uptime: GoTime;
};
/** In Go's order. */
export const VERSION_FIELDS = ['branch', 'buildDate', 'buildUser', 'goVersion', 'revision', 'version'] as const;

/** The answer is not what API v2 says; never leaves amtool. */
export class PayloadError extends Error {}

export const alertPayloads = (json: unknown): readonly AlertPayload[] => list(json, 'the answer').map(alertPayload);
export const silencePayloads = (json: unknown): readonly SilencePayload[] => list(json, 'the answer').map(silencePayload);

function alertPayload(json: unknown): AlertPayload {
  const alert = fields(json, 'an alert');
  const status = fields(alert['status'] ?? {}, 'status');
  return {
    labels: pairs(alert['labels'], 'labels'),
    annotations: pairs(alert['annotations'], 'annotations'),
    startsAt: time(alert['startsAt'], 'startsAt'),
    endsAt: time(alert['endsAt'], 'endsAt'),
    updatedAt: time(alert['updatedAt'], 'updatedAt'),
    generatorUrl: text(alert['generatorURL'], 'generatorURL'),
    fingerprint: text(alert['fingerprint'], 'fingerprint'),
    receivers: list(alert['receivers'], 'receivers').map((receiver) => ({ name: text(fields(receiver, 'a receiver')['name'], 'name') })),
    status: {
      state: text(status['state'], 'state'),
      silencedBy: texts(status['silencedBy'], 'silencedBy'),
      inhibitedBy: texts(status['inhibitedBy'], 'inhibitedBy'),
      mutedBy: texts(status['mutedBy'], 'mutedBy'),
    },
  };
}

export function silencePayload(json: unknown): SilencePayload {
  const silence = fields(json, 'a silence');
  return {
    id: text(silence['id'], 'id'),
    state: text(fields(silence['status'] ?? {}, 'status')['state'], 'state'),
    matchers: list(silence['matchers'], 'matchers').map(matcherPayload),
    startsAt: time(silence['startsAt'], 'startsAt'),
    endsAt: time(silence['endsAt'], 'endsAt'),
    updatedAt: time(silence['updatedAt'], 'updatedAt'),
    createdBy: text(silence['createdBy'], 'createdBy'),
    comment: text(silence['comment'], 'comment'),
    annotations: pairs(silence['annotations'], 'annotations'),
  };
}

function matcherPayload(json: unknown): Required<ApiMatcher> {
  const { name, value, isRegex, isEqual } = fields(json, 'a matcher');
  return { name: text(name, 'name'), value: text(value, 'value'), isRegex: isRegex === true, isEqual: isEqual !== false };
}

export function statusPayload(json: unknown): StatusPayload {
  const status = fields(json, 'the answer');
  const cluster = fields(status['cluster'] ?? {}, 'cluster');
  const version = fields(status['versionInfo'] ?? {}, 'versionInfo');
  return {
    cluster: {
      name: text(cluster['name'], 'name'),
      status: text(cluster['status'], 'status'),
      peers: list(cluster['peers'], 'peers').map((json) => {
        const peer = fields(json, 'a peer');
        return { name: text(peer['name'], 'name'), address: text(peer['address'], 'address') };
      }),
    },
    version: {
      branch: text(version['branch'], 'branch'),
      buildDate: text(version['buildDate'], 'buildDate'),
      buildUser: text(version['buildUser'], 'buildUser'),
      goVersion: text(version['goVersion'], 'goVersion'),
      revision: text(version['revision'], 'revision'),
      version: text(version['version'], 'version'),
    },
    config: text(fields(status['config'] ?? {}, 'config')['original'], 'original'),
    uptime: time(status['uptime'], 'uptime'),
  };
}

/** The id that POST /silences answers with. */
export const postedSilenceId = (json: unknown): string => text(fields(json, 'the answer')['silenceID'], 'silenceID');

function fields(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new PayloadError(`${what} is not an object`);
  return json as Readonly<Record<string, unknown>>;
}

function list(json: unknown, what: string): readonly unknown[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json)) throw new PayloadError(`${what} is not a list`);
  return json;
}

function text(json: unknown, what: string): string {
  if (json === undefined || json === null) return '';
  if (typeof json !== 'string') throw new PayloadError(`${what} is not a text`);
  return json;
}

const texts = (json: unknown, what: string): readonly string[] => list(json, what).map((item) => text(item, what));

function pairs(json: unknown, what: string): Pairs {
  const entries = Object.entries(fields(json ?? {}, what)).map(([name, value]): [string, string] => [name, text(value, what)]);
  return new Map(entries.sort(([a], [b]) => compareUtf8(a, b)));
}

function time(json: unknown, what: string): GoTime {
  const written = text(json, what);
  if (written === '') return ZERO_TIME;
  const parsed = parseTime(RFC3339_NANO, written);
  if ('error' in parsed) throw new PayloadError(`${what}: ${parsed.error}`);
  return parsed;
}
