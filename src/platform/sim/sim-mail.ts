/** Mail servers and mailboxes of a simulated world. The mailboxes are the ground truth: what a person could read, and how often. */
import type { Clock } from '../../model/clock.ts';
import type { MailMessage, MailResult, MailTransport, SmtpServer } from '../../model/mail.ts';
import type { DurationMs, UnixMs } from '../../model/time.ts';
import type { ProcessLife } from './sim-crash.ts';

export type MailBehaviour =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'reject';
      readonly retry: boolean;
      readonly cause: Extract<MailResult, { kind: 'rejected' }>['cause'];
      readonly message: string;
    }
  /** Refused for now, until `forMs` after the first attempt for this message. */
  | { readonly kind: 'greylist'; readonly forMs: number }
  /** The connection breaks after the message was handed over: delivered or not, the sender cannot know. */
  | { readonly kind: 'break'; readonly delivered: boolean }
  /** The server says nothing, until the sender's time is over: from the greeting on, or after the message was handed over and is `delivered`. */
  | { readonly kind: 'hang'; readonly delivered?: boolean };

/** What lies in a mailbox. A message sent twice lies there twice. */
export type Mail = { readonly at: UnixMs; readonly server: string; readonly message: MailMessage };

export class SimMail {
  readonly #clock: Clock;
  readonly #mailboxes = new Map<string, Mail[]>();
  readonly #firstAttempts = new Map<string, UnixMs>();
  /** How long a server takes to answer. */
  delayMs = 0;
  /** What a server does with a message. */
  behaviour: (server: SmtpServer, message: MailMessage) => MailBehaviour = () => ({ kind: 'accept' });
  attempts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Mail in the box of an address, oldest first. */
  mailbox(address: string): readonly Mail[] {
    return this.#mailboxes.get(address) ?? [];
  }

  /** The transport of a process: what is under way when it dies goes on without telling it. */
  transport(clock: Clock, life: ProcessLife): MailTransport {
    return {
      send: (server, message) => {
        life.assertAlive();
        this.attempts++;
        return new Promise((resolve) => {
          this.#clock.after(this.delayMs as DurationMs, () => {
            const taken = this.#take(server, message);
            if (!life.isAlive) return;
            if (taken.kind !== 'silence') resolve(taken);
            else clock.after(server.timeoutMs, () => resolve(taken.result));
          });
        });
      },
    };
  }

  /** `silence`: the server never answers, and what the sender makes of that when its time is over. */
  #take(server: SmtpServer, message: MailMessage): MailResult | { readonly kind: 'silence'; readonly result: MailResult } {
    const behaviour = this.behaviour(server, message);
    switch (behaviour.kind) {
      case 'accept':
        return this.#deliver(server, message);
      case 'reject':
        return { kind: 'rejected', retry: behaviour.retry, cause: behaviour.cause, message: behaviour.message };
      case 'greylist': {
        const first = this.#firstAttempts.get(message.messageId) ?? this.#clock.now();
        this.#firstAttempts.set(message.messageId, first);
        if (this.#clock.now() - first >= behaviour.forMs) return this.#deliver(server, message);
        return { kind: 'rejected', retry: true, cause: 'recipient', message: '450 4.2.0 greylisted, try again later' };
      }
      case 'break':
        if (behaviour.delivered) this.#deliver(server, message);
        return { kind: 'unknown', message: 'the connection broke before the server confirmed the message' };
      case 'hang':
        if (behaviour.delivered !== true)
          return { kind: 'silence', result: { kind: 'rejected', retry: true, cause: 'connect', message: 'no answer in time' } };
        this.#deliver(server, message);
        return { kind: 'silence', result: { kind: 'unknown', message: 'the server did not confirm the message in time' } };
    }
  }

  #deliver(server: SmtpServer, message: MailMessage): MailResult {
    for (const address of message.to) {
      const box = this.#mailboxes.get(address) ?? [];
      box.push({ at: this.#clock.now(), server: server.host, message });
      this.#mailboxes.set(address, box);
    }
    return { kind: 'accepted', response: '250 2.0.0 OK', refused: [] };
  }
}
