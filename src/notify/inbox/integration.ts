/** Delivers into the built-in inbox: the notification rendered as a mail would be, and kept. */
import type { UnixMs } from '../../model/time.ts';
import type { Integration, SendInput, SendOutcome } from '../integration.ts';
import { plainMessage } from '../plain-message.ts';
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

function inboxMessage(config: InboxConfig, receiver: string, { id, now, data, templates }: SendInput): InboxMessage {
  const render = templates.renderer(data, now);
  const plain = plainMessage(data);
  const errors: string[] = [];
  const orPlain = (rendered: ReturnType<typeof render.text>, fallback: string): string => {
    if ('text' in rendered) return rendered.text;
    errors.push(rendered.error);
    return fallback;
  };
  const subject = orPlain(render.text(config.subject), plain.subject);
  const text = config.text === '' ? plain.text : orPlain(render.text(config.text), plain.text);
  const html = config.html === '' ? '' : orPlain(render.html(config.html), '');
  const note = errors.length === 0 ? '' : `\n\nThis is the built-in text, because a template failed: ${errors.join('; ')}`;
  return { notificationId: id, at: now, receiver, subject: subject.trim(), text: text + note, html };
}
