/** What the history API and the page need of the process behind them. */
import type { EventFilter, StoredEvent } from '../../db/event-repository.ts';
import type { InboxMessage, NotificationRecord, OutboxRepository } from '../../db/outbox-repository.ts';
import type { Labels } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Explanation } from './explanation.ts';
import type { Overview } from './overview.ts';
import type { ReceiverTest, ReceiverTestAsked } from './receiver-test.ts';

export interface HistoryBackend {
  /** Newest first. */
  notifications(filter: Parameters<OutboxRepository['history']>[0]): Promise<readonly NotificationRecord[]>;
  inboxMessage(outboxId: string): Promise<InboxMessage | null>;
  /** Oldest first. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
}

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
};

export type SilenceFormView = {
  readonly title: string;
  readonly prefix: string;
  /** Why the last try failed. */
  readonly error: string | null;
  /** What was typed, by field name. */
  readonly values: Readonly<Record<string, string>>;
};
