/** What our own API and the page need of the process behind them: one narrow interface for each thing that can be asked. */
import type { SilenceId, SilenceRow } from '../../alerts/router-state.ts';
import type { RoutingTrace } from '../../alerts/router-view.ts';
import type { SilencePreview } from '../../alerts/silence-preview.ts';
import type { PostedSilence, PutSilence, SilenceQuery } from '../../alerts/silences.ts';
import type { EventFilter, EventRepository, StoredEvent } from '../../db/event-repository.ts';
import type { InboxMessage, NotificationFilter, NotificationRecord } from '../../db/outbox-repository.ts';
import type { Clock } from '../../model/clock.ts';
import type { Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { UnixMs } from '../../model/time.ts';
import type { ActionPage } from '../actions/backend.ts';
import type { Explanation } from './explanation.ts';
import type { Overview } from './overview.ts';
import type { ReceiverTest, ReceiverTestAsked } from './receiver-test.ts';

export interface HistoryBackend {
  /** Newest first. */
  notifications(filter: NotificationFilter): Promise<readonly NotificationRecord[]>;
  notification(id: string): Promise<NotificationRecord | null>;
  inboxMessage(outboxId: string): Promise<InboxMessage | null>;
  /** Oldest first. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
}

/** The event log as it grows. */
export interface EventStreamBackend extends Pick<EventRepository, 'bounds' | 'writtenAfter'> {
  /** Told after each commit that wrote events, and once when there will be no more; the returned function ends it. */
  watch(watcher: EventWatcher): () => void;
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
}

export type EventWatcher = { readonly written: () => void; readonly closed: () => void };

/** What to explain. `labels`: a whole label set. `matchers`: whatever they match, the alert that fires before others. */
export type ExplainSubject =
  | { readonly kind: 'labels'; readonly labels: Labels }
  | { readonly kind: 'matchers'; readonly matchers: readonly Matcher[] };

export interface ExplainBackend {
  /** Null: now. */
  explain(subject: ExplainSubject, at: UnixMs | null): Promise<Explanation>;
}

export interface ReceiversBackend {
  /** `error`: there is no such receiver. */
  test(name: string, asked: ReceiverTestAsked): Promise<ReceiverTest | { readonly error: string }>;
}

export interface SilenceBackend {
  list(query: SilenceQuery): readonly SilenceRow[];
  get(id: SilenceId): SilenceRow | null;
  /** These two are on disk when they are done. */
  put(silence: PostedSilence): Promise<PutSilence>;
  /** False: there is none with this id. */
  expire(id: SilenceId, by: string): Promise<boolean>;
  preview(matcherSets: PostedSilence['matcherSets']): SilencePreview | { readonly error: string };
  now(): UnixMs;
}

export interface RoutingBackend {
  trace(labels: Labels): RoutingTrace;
  /** Receivers of the live configuration in its order. */
  receivers(): readonly ReceiverSummary[];
}

export type ReceiverSummary = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly { readonly name: string; readonly index: number; readonly sendResolved: boolean }[];
};

/** All that stands behind /api/tocsin/v1. */
export type TocsinBackend = {
  readonly history: HistoryBackend;
  readonly eventStream: EventStreamBackend;
  readonly explainer: ExplainBackend;
  readonly silences: SilenceBackend;
  readonly receivers: ReceiversBackend;
  readonly routing: RoutingBackend;
  readonly version: string;
};

export interface OverviewBackend {
  /** --web.page-title */
  readonly title: string;
  /** `notice`: what the page says of a form sent just before. */
  overview(notice: string | null): Promise<Overview>;
}

/** How the page looks (src/web): HTML, every value escaped. */
export type PageRenderer = {
  overview(overview: Overview): string | Promise<string>;
  silenceForm(form: SilenceFormView): string | Promise<string>;
  action(page: ActionPage): string | Promise<string>;
  /** For a link that leads nowhere any more. */
  goneAction(): string | Promise<string>;
};

export type SilenceFormView = {
  readonly title: string;
  readonly prefix: string;
  /** Why the last try failed. */
  readonly error: string | null;
  /** What was typed, by field name. */
  readonly values: Readonly<Record<string, string>>;
};
