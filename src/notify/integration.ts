/**
 * What every integration is to those who deliver: something that sends one notification and says what became of it.
 * A send never throws for what the world does. Who calls owns retries, deadlines and what is written down.
 */
import type { DurationMs, UnixMs } from '../model/time.ts';
import type { NotificationData } from '../template/alertmanager-data.ts';
import type { NotificationTemplates } from '../template/notification-templates.ts';

/** Why a provider said no, as Alertmanager counts it in alertmanager_notifications_failed_total. */
export type FailureReason =
  | 'clientError'
  | 'authError'
  | 'rateLimited'
  | 'serverError'
  | 'contextCanceled'
  | 'contextDeadlineExceeded'
  | 'other';

export type SendOutcome =
  /** The provider took it. `data`: what the integration wants back with the group's next notification. */
  | { readonly kind: 'accepted'; readonly answer: string; readonly data?: IntegrationData }
  /** Surely not taken. */
  | {
      readonly kind: 'rejected';
      readonly retry: boolean;
      readonly reason: FailureReason;
      readonly message: string;
      readonly retryAfterMs?: DurationMs;
    }
  /** It may have been taken: sent, but no answer came. Trying again may repeat it. */
  | { readonly kind: 'unknown'; readonly message: string };

/** What an integration keeps from one notification of a group to the next, such as the message to edit. */
export type IntegrationData = Readonly<Record<string, string | number>>;

export type SendInput = {
  /** Of this notification, the same at every attempt: idempotency key, part of the Message-ID. */
  readonly id: string;
  readonly groupKey: string;
  /** Of the group's first notification since it fired anew; what belongs together in a mailbox. */
  readonly threadId: string;
  /** When the notification was decided. */
  readonly createdAt: UnixMs;
  readonly deadline: UnixMs;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** The result of an earlier attempt is unknown: this one may repeat it. */
  readonly mayRepeat: boolean;
  /** Null: this server has no address that a reader or a provider could reach; everything is one-way then. */
  readonly links: ReaderLinks | null;
  /** By which a reply in a text message names the group; null: nobody would receive the reply. */
  readonly replyCode: number | null;
  /** Of this attempt: what templates call now. */
  readonly now: UnixMs;
  readonly data: NotificationData;
  readonly templates: Pick<NotificationTemplates, 'renderer'>;
  readonly kept: IntegrationData;
};

/** Addresses for this notification alone: what they do is bound to it, they cannot be guessed, and they expire. */
export type ReaderLinks = {
  /** Shows the alerts and offers what can be done; opening it changes nothing. */
  readonly page: string;
  /** In front of what a provider calls back about this notification; no slash at the end. */
  readonly callback: string;
};

export interface Integration {
  send(input: SendInput): Promise<SendOutcome>;
  /**
   * Asks the provider what became of an attempt whose result is unknown. `absent`: surely not there, so it is sent again.
   * Missing where a provider knows a repeated attempt by itself or cannot be asked: then it is sent again at once.
   */
  reconcile?(input: SendInput): Promise<SendOutcome | { readonly kind: 'absent' }>;
  /**
   * Tells the provider that `by` looks after the group, so that it wakes nobody else. `input` is of the group's last
   * notification. Harmless when repeated, and when nothing is open there. Missing where a provider knows no such thing.
   */
  acknowledge?(input: SendInput, by: string): Promise<SendOutcome>;
  /** Whether somebody has acknowledged the group at the provider: to be asked now and then while it fires. */
  acknowledgement?(input: SendInput): Promise<Acknowledgement>;
  /**
   * Of a provider that takes a notification before it looks at it: what became of an accepted one, whose outcome's data are
   * `input.kept`. To be asked a few times in the seconds after; one that stays pending is as good as accepted.
   */
  confirm?(input: SendInput): Promise<Confirmation>;
  /**
   * Tells several notifications in one message, whose outcome is that of each of them; the most important comes first.
   * Missing where each goes by itself. With it there is one attempt at a time, and all that is due then goes out together.
   */
  bundle?(inputs: readonly SendInput[]): Promise<SendOutcome>;
  /** Lets connections go. */
  close(): void;
}

export type Acknowledgement =
  | { readonly kind: 'acknowledged'; readonly by: string }
  /** Nobody has, or the provider has nothing open. */
  | { readonly kind: 'open' }
  /** It could not be asked. */
  | { readonly kind: 'unknown'; readonly message: string };

export type Confirmation =
  | { readonly kind: 'confirmed' | 'failed'; readonly message: string }
  /** Not decided yet, or not to be asked now. */
  | { readonly kind: 'pending' };
