/** The whole HTTP server before a real router and backends that hold what a test puts into them. */
import type { RouterConfig } from '../../src/alerts/router.ts';
import type { ManagementBackend } from '../../src/api/management-backend.ts';
import type { PrometheusBackend } from '../../src/api/prometheus-v1/backend.ts';
import { createServer, type ServerOptions } from '../../src/api/server.ts';
import type {
  EventStreamBackend,
  ExplainBackend,
  ExplainSubject,
  HistoryBackend,
  ReceiversBackend,
  SilenceBackend,
} from '../../src/api/tocsin-v1/backend.ts';
import type { Overview } from '../../src/api/tocsin-v1/overview.ts';
import { EventFeed } from '../../src/app/control/event-feed.ts';
import type { EventSubject, StoredEvent } from '../../src/db/event-repository.ts';
import type { InboxMessage, NotificationRecord } from '../../src/db/outbox-repository.ts';
import { silentLog } from '../../src/model/log.ts';
import { compileRegex, type Regex } from '../../src/model/regex.ts';
import type { UnixMs } from '../../src/model/time.ts';
import { SimClock } from '../../src/platform/sim/sim-clock.ts';
import { renderActionPage, renderGoneActionPage } from '../../src/web/action-page.ts';
import { renderPage, renderSilenceForm } from '../../src/web/page.ts';
import { TestActionPage, TestTelephone } from './test-actions.ts';
import { CALLER, NOON, TestAlertmanager } from './test-alertmanager.ts';

class TestManagement implements ManagementBackend {
  ready = true;
  enableLifecycle = false;
  quits = 0;
  reloadError: string | null = null;
  readonly version = '1.2.3';

  unhealthy: string | null = null;
  async whyUnhealthy(): Promise<string | null> {
    return this.unhealthy;
  }
  isReady(): boolean {
    return this.ready;
  }
  reload(): ReturnType<ManagementBackend['reload']> {
    return Promise.resolve(this.reloadError === null ? { kind: 'applied' } : { kind: 'refused', error: this.reloadError });
  }
  quit(): void {
    this.quits++;
  }
  metrics(): ReturnType<ManagementBackend['metrics']> {
    return Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'up 1\n' });
  }
  hostMetrics(): ReturnType<ManagementBackend['hostMetrics']> {
    return Promise.resolve({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'node_load1 0.5\n' });
  }
}

/** Answers like the repositories, from memory. */
class TestHistory implements HistoryBackend {
  records: readonly NotificationRecord[] = [];
  stored: readonly StoredEvent[] = [];
  readonly inbox = new Map<string, InboxMessage>();
  /** As the last request asked. */
  asked: unknown = null;

  notifications(filter: Parameters<HistoryBackend['notifications']>[0]): Promise<readonly NotificationRecord[]> {
    this.asked = filter;
    return Promise.resolve(this.records.slice(0, filter.limit));
  }
  notification(id: string): Promise<NotificationRecord | null> {
    return Promise.resolve(this.records.find((record) => record.id === id) ?? null);
  }
  inboxMessage(id: string): Promise<InboxMessage | null> {
    return Promise.resolve(this.inbox.get(id) ?? null);
  }
  events(filter: Parameters<HistoryBackend['events']>[0]): Promise<readonly StoredEvent[]> {
    this.asked = filter;
    return Promise.resolve(this.stored.slice(0, filter.limit));
  }
}

/** Has one receiver, "team". */
class TestReceivers implements ReceiversBackend {
  asked: unknown = null;

  test(name: string, asked: Parameters<ReceiversBackend['test']>[1]): ReturnType<ReceiversBackend['test']> {
    this.asked = asked;
    return Promise.resolve(name === 'team' ? { receiver: name, integrations: [] } : { error: `there is no receiver "${name}"` });
  }
}

/** An event log that grows when a test says so. */
class TestEventStream implements EventStreamBackend {
  readonly clock = new SimClock({ start: NOON });
  readonly log: StoredEvent[] = [];
  readonly #feed = new EventFeed();
  /** How often it was read. */
  reads = 0;

  add(...events: readonly StoredEvent[]): void {
    this.log.push(...events);
    this.#feed.written();
  }
  close(): void {
    this.#feed.close();
  }
  watch(watcher: Parameters<EventStreamBackend['watch']>[0]): () => void {
    return this.#feed.watch(watcher);
  }
  bounds(): ReturnType<EventStreamBackend['bounds']> {
    return Promise.resolve({ oldestId: this.log[0]?.id ?? 0, newestId: this.log.at(-1)?.id ?? 0 });
  }
  writtenAfter(afterId: number, { fingerprint, stage }: EventSubject, limit: number): Promise<readonly StoredEvent[]> {
    this.reads++;
    const wanted = this.log.filter(
      (event) =>
        event.id > afterId &&
        (fingerprint === undefined || event.fingerprint === fingerprint) &&
        (stage === undefined || event.stage === stage),
    );
    return Promise.resolve(wanted.slice(0, limit));
  }
}

class TestExplainer implements ExplainBackend {
  /** As the last request asked. */
  asked: { readonly subject: ExplainSubject; readonly at: UnixMs | null } | null = null;

  explain(subject: ExplainSubject, at: UnixMs | null): ReturnType<ExplainBackend['explain']> {
    this.asked = { subject, at };
    const verdict = 'no alert: nothing is known';
    return Promise.resolve({
      subject: { alertname: 'Down' },
      subjectKind: 'hypothetical',
      at: '2023-11-14T22:13:20.000Z',
      cause: 'unknown_alert',
      verdict,
      notes: [],
      stages: [],
      others: [],
    });
  }
}

/** An engine that answers every query with `1` and knows no targets and no rules. */
export const testPrometheus = (): PrometheusBackend => {
  const gave = <T>(gives: T) => Promise.resolve({ kind: 'gave', gives } as const);
  const wire = (data: unknown) => gave({ body: new TextEncoder().encode(JSON.stringify({ status: 'success', data })) });
  return {
    instantQuery: ({ atMs }) => wire({ resultType: 'scalar', result: [atMs / 1000, '1'] }),
    rangeQuery: () => wire({ resultType: 'matrix', result: [] }),
    formatQuery: ({ length }) => wire('x'.repeat(length)),
    parseQuery: () => wire({}),
    series: () => wire([]),
    labelNames: () => wire(['__name__']),
    labelValues: ({ name }) => wire([name]),
    federate: () => gave({ body: new TextEncoder().encode('up 1\n') }),
    write: () => gave(null),
    targets: () => gave({ active: [], dropped: [], droppedCounts: {}, pools: [] }),
    metadata: () => gave([]),
    ruleGroups: () => gave([]),
    headStatus: () => Promise.resolve({ kind: 'refused', error: { type: 'unavailable', message: 'no head' } }),
    replay: () => ({ min: 0, max: 10, current: 5, isReady: false }),
    configYaml: () => 'global: {}\n',
    runtime: () => ({ startedAtMs: NOON, reloadSucceeded: true, lastConfigAtMs: NOON, retention: '15d', workingDirectory: '/' }),
    flags: {},
    version: '1.2.3',
    remoteWriteEnabled: true,
    nowMs: () => NOON,
  };
};

const silencesOf = (alertmanager: TestAlertmanager): SilenceBackend => ({
  list: (query) => alertmanager.router().silences(query, alertmanager.now()),
  get: (id) => alertmanager.router().silence(id),
  put: (silence) => alertmanager.putSilence(silence),
  expire: (id, by) => alertmanager.expireSilence(id, by),
  preview: (sets) => alertmanager.router().previewSilence(sets, alertmanager.now()),
  now: () => alertmanager.now(),
});

const overviewOf = (notice: string | null): Overview => ({
  title: 'Tocsin',
  version: '1.2.3',
  now: NOON,
  startedAt: NOON,
  prefix: '',
  alerts: [],
  alertCount: 0,
  pendingCount: 0,
  silences: [],
  notifications: [],
  targets: [],
  rules: { groups: 0, rules: 0, failing: [], evaluatedAt: null },
  problems: [],
  notice,
});

export const anyOrigin: Regex = pattern('.*');

export function pattern(source: string): Regex {
  const regex = compileRegex(source);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

type Request_ = RequestInit & { readonly host?: string };

export class TestServer {
  readonly alertmanager: TestAlertmanager;
  readonly management = new TestManagement();
  readonly history = new TestHistory();
  readonly explainer = new TestExplainer();
  readonly receivers = new TestReceivers();
  readonly eventStream = new TestEventStream();
  readonly telephone = new TestTelephone();
  readonly actionPage = new TestActionPage();
  /** What an HTTP server calls. */
  readonly handler: ReturnType<typeof createServer>;

  constructor(changes: Partial<ServerOptions> = {}, router: Partial<RouterConfig> = {}) {
    this.alertmanager = new TestAlertmanager(router);
    this.handler = createServer({
      prometheus: testPrometheus(),
      alertmanager: this.alertmanager,
      tocsin: {
        history: this.history,
        eventStream: this.eventStream,
        explainer: this.explainer,
        silences: silencesOf(this.alertmanager),
        receivers: this.receivers,
        routing: {
          trace: (labels) => this.alertmanager.router().trace(labels, this.alertmanager.now()),
          receivers: () => this.alertmanager.receivers().map(({ name, labels }) => ({ name, labels: labels.toRecord(), integrations: [] })),
        },
        version: '1.2.3',
      },
      overview: { title: 'Tocsin', overview: (notice) => Promise.resolve(overviewOf(notice)) },
      management: this.management,
      actionPage: this.actionPage,
      telephone: this.telephone,
      render: { overview: renderPage, silenceForm: renderSilenceForm, action: renderActionPage, goneAction: renderGoneActionPage },
      guard: { corsOrigin: anyOrigin, externalOrigin: null, webConfig: null, clock: { elapsed: () => 0 } },
      log: silentLog,
      routePrefix: '',
      linkPrefix: changes.routePrefix ?? '',
      getConcurrencyMax: 8,
      ...changes,
    });
  }

  request(path: string, { host = 'tocsin.test:9099', ...init }: Request_ = {}): Promise<Response> {
    return this.handler(new Request(`http://${host}${path}`, { redirect: 'manual', ...init }), CALLER);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.request(path, { headers });
  }

  /** A form as browsers post it from our own page. */
  form(path: string, fields: Readonly<Record<string, string>>): Promise<Response> {
    return this.request(path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'sec-fetch-site': 'same-origin' } });
  }
}
