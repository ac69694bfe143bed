/**
 * The providers behind our integrations, as fakes on the simulated network: each takes whole requests, answers as the
 * real one does, and keeps the messages that reached it, as the ground truth of what a person could see.
 */
import type { IntegrationName } from '../../src/notify/receivers.ts';
import type { SimWorld } from '../../src/platform/sim/sim-world.ts';

type Request_ = { readonly method: string; readonly path: string; readonly headers: Headers; readonly body: string };

type Provider = {
  /** The fields of an integration that sends to it. */
  readonly fields: string;
  /** Where it listens; `provider:80` unless its address is fixed. */
  readonly address?: string;
  /** The body of its answer, with status 200 and as JSON unless said otherwise. */
  readonly answer?: (request: Request_) => Response | string;
  /** Whether the request carries a message; the others ask for something first. */
  readonly isMessage?: (request: Request_) => boolean;
  /** By what it knows a message that comes again; null: it takes it for another one. */
  readonly keyOf: ((request: Request_) => string) | null;
};

/** Kinds that send over HTTP. */
export type ProviderName = Exclude<IntegrationName, 'email' | 'inbox' | 'phone' | 'sms'>;

const bodyField =
  (name: string) =>
  ({ body }: Request_): string =>
    String((JSON.parse(body) as Readonly<Record<string, unknown>>)[name]);

const PROVIDERS: { readonly [K in ProviderName]: Provider | (() => Provider) } = {
  discord: { fields: 'webhook_url: http://provider/', keyOf: null },
  incidentio: { fields: 'url: http://provider/, alert_source_token: t', keyOf: null },
  jira,
  matrix: {
    fields: "homeserver: http://provider/, room: '!r:provider', access_token: t",
    answer: () => '{"event_id":"$1"}',
    keyOf: ({ path }) => path.slice(path.lastIndexOf('/') + 1),
  },
  mattermost: { fields: 'webhook_url: http://provider/', keyOf: null },
  msteams: { fields: 'webhook_url: http://provider/', keyOf: null },
  msteamsv2: { fields: 'webhook_url: http://provider/', keyOf: null },
  ntfy: { fields: 'url: http://provider/, topic: t', keyOf: bodyField('sequence_id') },
  opsgenie: { fields: 'api_key: k, api_url: http://provider/', keyOf: bodyField('alias') },
  pagerduty: { fields: 'routing_key: k, url: http://provider/v2/enqueue', keyOf: bodyField('dedup_key') },
  pushover: { fields: 'user_key: u, token: t', address: 'api.pushover.net:443', keyOf: null },
  rocketchat: { fields: 'token: t, token_id: i, api_url: http://provider/', answer: () => '{"success":true}', keyOf: null },
  slack: { fields: 'api_url: http://provider/', answer: () => new Response('ok'), keyOf: null },
  sns: {
    fields: 'api_url: http://provider/, topic_arn: arn.fifo, sigv4: {region: eu-west-1, access_key: a, secret_key: s}',
    answer: () => new Response('<PublishResponse/>'),
    keyOf: ({ body }) => new URLSearchParams(body).get('MessageDeduplicationId') ?? '',
  },
  telegram: { fields: 'bot_token: t, chat_id: 1, api_url: http://provider', answer: () => '{"ok":true}', keyOf: null },
  victorops: { fields: 'api_key: k, routing_key: r, api_url: http://provider/', keyOf: bodyField('entity_id') },
  webex: { fields: 'room_id: r, api_url: http://provider/, http_config: {authorization: {credentials: t}}', keyOf: null },
  // With a time limit; without one an attempt lasts as long as its notification, and the next one has a key of its own.
  webhook: { fields: 'url: http://provider/, timeout: 1m', keyOf: ({ headers }) => headers.get('idempotency-key') ?? '' },
  wechat: {
    fields: 'api_secret: s, corp_id: c, to_user: ana, api_url: http://provider/cgi-bin/',
    answer: ({ path }) => (path.includes('gettoken') ? '{"errcode":0,"access_token":"t"}' : '{"errcode":0}'),
    isMessage: ({ path }) => path.includes('message/send'),
    keyOf: null,
  },
};

/** Finds the issues that were opened by their labels. */
function jira(): Provider {
  type Issue = { readonly labels: readonly string[] };
  const labelsOf = ({ body }: Request_): readonly string[] => (JSON.parse(body) as { readonly fields: Issue }).fields.labels;
  const opened: (readonly string[])[] = [];
  const isMessage = ({ method, path }: Request_): boolean => method === 'POST' && path.endsWith('/issue');
  return {
    fields: 'api_url: http://provider/, project: P, issue_type: Bug',
    answer: (request) => {
      if (request.path.endsWith('/search')) {
        const { jql } = JSON.parse(request.body) as { readonly jql: string };
        const found = opened.flatMap((labels, i) => (labels.some((label) => jql.includes(label)) ? [{ key: `P-${i}`, fields: {} }] : []));
        return JSON.stringify({ issues: found });
      }
      if (isMessage(request)) opened.push(labelsOf(request));
      return '{}';
    },
    isMessage,
    keyOf: (request) => labelsOf(request).join(),
  };
}

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[];

export class FakeProvider {
  readonly fields: string;
  /** Whether it knows a message that comes again. */
  readonly knowsRepeats: boolean;
  /** Whether something is asked of it before a message. */
  readonly asksFirst: boolean;
  /** The messages that came whole, oldest first: by what the provider knows each, or null. */
  readonly messages: (string | null)[] = [];
  /** Called when somebody asks for something before a message. */
  onOpening: () => void = () => {};

  constructor(world: SimWorld, name: ProviderName) {
    const made = PROVIDERS[name];
    const { fields, address = 'provider:80', answer = () => '{}', isMessage, keyOf } = typeof made === 'function' ? made() : made;
    this.fields = fields;
    this.knowsRepeats = keyOf !== null;
    this.asksFirst = isMessage !== undefined;
    world.network.serve(address, async (request) => {
      const { pathname, search } = new URL(request.url);
      const got: Request_ = { method: request.method, path: pathname + search, headers: request.headers, body: await request.text() };
      if (isMessage?.(got) ?? true) this.messages.push(keyOf === null ? null : keyOf(got));
      else this.onOpening();
      const body = answer(got);
      return typeof body === 'string' ? new Response(body, { headers: { 'content-type': 'application/json' } }) : body;
    });
  }
}
