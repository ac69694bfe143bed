/** What the history API and the page need of the process behind them. */
import type { EventFilter, StoredEvent } from '../../db/event-repository.ts';
import type { InboxMessage, NotificationRecord, OutboxRepository } from '../../db/outbox-repository.ts';
import type { Overview } from './overview.ts';

export interface HistoryBackend {
  /** Newest first. */
  notifications(filter: Parameters<OutboxRepository['history']>[0]): Promise<readonly NotificationRecord[]>;
  inboxMessage(outboxId: string): Promise<InboxMessage | null>;
  /** Oldest first. */
  events(filter: EventFilter): Promise<readonly StoredEvent[]>;
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
