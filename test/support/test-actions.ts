/** Backends of the ways back from a notification, from memory: what was asked, and answers as told. */
import type { ActionResult } from '../../src/alerts/notification-action.ts';
import type { OutboxId } from '../../src/alerts/router-state.ts';
import type { ActionPageBackend, CallbackRefusal, OngoingCall, ProviderStatus, TelephoneBackend } from '../../src/api/actions/backend.ts';
import type { UnixMs } from '../../src/model/time.ts';
import type { ReaderAction } from '../../src/notify/reader-action.ts';
import { NOON } from './test-alertmanager.ts';

export const TOKEN = 't'.repeat(43);
const ID = 'n-1' as OutboxId;

type Act = readonly [ids: readonly string[], action: ReaderAction, by: string];

export class TestTelephone implements TelephoneBackend {
  base: string | null = 'https://alerts.example.org';
  tokens: readonly string[] = ['the-token'];
  ongoing: OngoingCall | null = {
    ids: [ID],
    script: { text: 'Critical alert: Down.', language: 'en-US', voice: '', templateErrors: [] },
  };
  result: ActionResult | Error = { kind: 'done' };
  answer: string | null = 'Acknowledged 12.';
  readonly acts: Act[] = [];
  readonly heardFrom: string[] = [];
  readonly statuses: (readonly [id: string, status: ProviderStatus])[] = [];
  readonly received: (readonly [from: string, body: string])[] = [];
  readonly refusals: CallbackRefusal[] = [];

  callbackBase(): string | null {
    return this.base;
  }
  signingTokens(accountSid: string): readonly string[] {
    return accountSid === 'AC1' ? this.tokens : [];
  }
  async notificationOf(token: string): Promise<OutboxId | null> {
    return token === TOKEN ? ID : null;
  }
  async call(): Promise<OngoingCall | null> {
    return this.ongoing;
  }
  async act(...act: Act): Promise<ActionResult> {
    this.acts.push(act);
    if (this.result instanceof Error) throw this.result;
    return this.result;
  }
  async heard(_ids: readonly OutboxId[], by: string): Promise<void> {
    this.heardFrom.push(by);
  }
  async status(id: OutboxId, status: ProviderStatus): Promise<void> {
    this.statuses.push([id, status]);
  }
  async receiveText(from: string, body: string): Promise<string | null> {
    this.received.push([from, body]);
    return this.answer;
  }
  refused(reason: CallbackRefusal): void {
    this.refusals.push(reason);
  }
  now(): UnixMs {
    return NOON;
  }
}

export class TestActionPage implements ActionPageBackend {
  result: ActionResult | Error = { kind: 'done' };
  summary = 'it is down';
  acknowledged: { readonly by: string; readonly at: UnixMs } | null = null;
  isFiring = true;
  readonly acts: (readonly [action: ReaderAction, by: string])[] = [];

  async page(token: string): ReturnType<ActionPageBackend['page']> {
    if (token !== TOKEN) return null;
    return {
      title: 'Tocsin',
      receiver: 'team',
      sentAt: NOON,
      now: (NOON + 60_000) as UnixMs,
      alerts: [
        {
          isFiring: this.isFiring,
          name: 'Down',
          severity: 'critical',
          summary: this.summary,
          labels: [['instance', 'web-1']],
          startsAt: NOON,
        },
      ],
      moreAlerts: 0,
      isFiring: this.isFiring,
      acknowledged: this.acknowledged,
      isSilenced: false,
    };
  }
  async act(token: string, action: ReaderAction, by: string): Promise<ActionResult> {
    if (token !== TOKEN) return { kind: 'unknown' };
    this.acts.push([action, by]);
    if (this.result instanceof Error) throw this.result;
    return this.result;
  }
}
