/** Delivers into the built-in inbox: the notification rendered as a mail would be, and kept. */
import type { UnixMs } from '../../model/time.ts';
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import type { InboxConfig } from './config.ts';

export type InboxMessage = {
  readonly notificationId: string;
  readonly at: UnixMs;
  readonly receiver: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};

/** A repeated delivery of one notification replaces the first. */
export type InboxStore = { store(message: InboxMessage): Promise<void> };

export function inboxIntegration(config: InboxConfig, receiver: string, inbox: InboxStore): Integration {
  return {
    send: async (input): Promise<SendOutcome> => {
      try {
        await inbox.store(inboxMessage(config, receiver, input));
      } catch (error) {
        return { kind: 'rejected', retry: true, reason: 'other', message: error instanceof Error ? error.message : String(error) };
      }
      return { kind: 'accepted', answer: 'in the inbox' };
    },
    close: () => {},
  };
}

function inboxMessage(config: InboxConfig, receiver: string, input: SendInput): InboxMessage {
  const render = new FieldRenderer(input);
  const subject = render.text(config.subject, render.plain.subject).trim();
  const html = config.html === '' ? '' : (render.html(config.html) ?? '');
  const text = config.text === '' ? render.noted(render.plain.text, { max: UNLIMITED }) : render.body(config.text, { max: UNLIMITED });
  return { notificationId: input.id, at: input.now, receiver, subject, text, html };
}
