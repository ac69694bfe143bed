/**
 * What a person who was notified does about it, by key, by reply or on a page, and what a provider reports later. Whoever
 * translates from a telephone, a text message or a form knows only this.
 */
import { type DurationMs, durationMs, type UnixMs } from '../model/time.ts';
import type { OutboxId } from './router-state.ts';

/** How long what was sent can be answered, by people and by providers. */
export const ANSWERABLE_MS = durationMs(7 * 86_400_000);

export type NotificationAction =
  /** The group is looked after: no repeats until it resolves or something new joins it. */
  | { readonly kind: 'acknowledge' }
  /** Somebody else is to be told now: the receiver's fallback. */
  | { readonly kind: 'escalate' }
  /** The alerts of the group, exactly these. */
  | { readonly kind: 'silence'; readonly durationMs: DurationMs };

/** Every answer can be said to the person as it stands; a repeated action gets `already`, never an error. */
export type ActionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'already'; readonly by: string; readonly at: UnixMs }
  /** Nothing of the group fires any more. */
  | { readonly kind: 'over' }
  /** There is nobody to escalate to. */
  | { readonly kind: 'nobody' }
  /** No such notification, or too old. */
  | { readonly kind: 'unknown' };

/** What a provider says of a notification that it has accepted before. `failed`: it did not arrive, and will not. */
export type DeliveryReport = { readonly kind: 'confirmed' | 'failed'; readonly message: string };

export interface NotificationActions {
  /** On disk when it is answered. `by`: who, for the record, such as a telephone number or an address. */
  act(id: OutboxId, action: NotificationAction, by: string): Promise<ActionResult>;
  report(id: OutboxId, report: DeliveryReport): Promise<void>;
}
