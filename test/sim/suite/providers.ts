/**
 * Everybody who is notified in the simulated world: webhooks, PagerDuty, Opsgenie, mailboxes. Each behaves as told, and
 * keeps what it was really given: the ground truth about what was delivered, when, and how often.
 */
import type { DurationMs } from '../../../src/model/time.ts';
import type { RequestHandler } from '../../../src/platform/http-server.ts';
import type { MailBehaviour } from '../../../src/platform/sim/sim-mail.ts';
import type { SimWorld } from '../../../src/platform/sim/sim-world.ts';
import type { IntegrationSpec } from './scenario.ts';
import { keyOf } from './truth.ts';

export type ProviderBehaviour =
  | 'ok'
  /** Says no: for now, for good, or because it was asked too often. */
  | 'unavailable'
  | 'refuses'
  | 'limits'
  /** Takes it, and answers late. */
  | 'slow'
  /** Neither takes it nor says anything. */
  | 'hangs'
  /** Takes it, and the answer is lost in silence, or with the connection. */
  | 'takes_silently'
  | 'takes_and_resets';

export const BEHAVIOURS: readonly ProviderBehaviour[] = [
  'unavailable',
  'refuses',
  'limits',
  'slow',
  'hangs',
  'takes_silently',
  'takes_and_resets',
];

/** One notification that a provider took. */
export type Taken = {
  readonly atMs: number;
  readonly wallMs: number;
  readonly boot: number;
  readonly integration: IntegrationSpec;
  /** The notification's own id, where its way carries one. */
  readonly id: string | null;
  readonly groupKey: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** All alerts of the group are told to be over, whichever they are. */
  readonly endsGroup: boolean;
  /** The sender cannot know that it was taken. */
  isUnsure: boolean;
};

const SLOW_MS = 4000;

export class Providers {
  readonly taken: Taken[] = [];
  /** All bodies that left, for who looks for secrets in them. */
  readonly texts: string[] = [];
  /** Runs at the very moment a provider takes a notification. */
  onTaken: (taken: Taken) => void = () => {};
  /** The group of a notification, where its way does not carry it. */
  groupOf: (id: string) => string = () => '';
  boot = 0;
  readonly #world: SimWorld;
  readonly #byId = new Map<string, IntegrationSpec>();
  readonly #behaviours = new Map<string, ProviderBehaviour>();
  readonly #mailCounts = new Map<string, number>();

  constructor(world: SimWorld, integrations: readonly IntegrationSpec[]) {
    this.#world = world;
    for (const spec of integrations) {
      this.#byId.set(spec.id, spec);
      if (spec.kind === 'webhook' || spec.kind === 'pagerduty' || spec.kind === 'opsgenie')
        world.network.serve(`${spec.id}:80`, this.#handler(spec));
    }
    world.mail.delayMs = 200;
    world.mail.behaviour = (_server, message) => this.#mailBehaviour(message.to[0]?.split('@')[0] ?? '');
  }

  behave(id: string, behaviour: ProviderBehaviour): void {
    this.#behaviours.set(id, behaviour);
  }

  behaviourOf(id: string): ProviderBehaviour {
    return this.#behaviours.get(id) ?? 'ok';
  }

  #take(taken: Omit<Taken, 'atMs' | 'wallMs' | 'boot'>): void {
    const whole = { ...taken, atMs: this.#world.clock.elapsed(), wallMs: this.#world.clock.now(), boot: this.boot };
    this.taken.push(whole);
    this.onTaken(whole);
  }

  #handler(spec: IntegrationSpec): RequestHandler {
    return async (request) => {
      const behaviour = this.behaviourOf(spec.id);
      const text = await request.text();
      this.texts.push(text);
      switch (behaviour) {
        case 'unavailable':
          return new Response('down for maintenance', { status: 503 });
        case 'refuses':
          return new Response('no', { status: 400 });
        case 'limits':
          return new Response('slow down', { status: 429, headers: { 'retry-after': '20' } });
        case 'hangs':
          return new Promise(() => {});
      }
      if (isAcknowledgement(request, text)) return new Response('{"status":"success"}', { status: 202 });
      const isUnsure = behaviour !== 'ok' && behaviour !== 'slow';
      this.#take({ integration: spec, isUnsure, ...readRequest(spec, request, text) });
      if (behaviour === 'takes_silently') return new Promise(() => {});
      if (behaviour === 'takes_and_resets') throw new Error('connection reset');
      if (behaviour === 'slow') await new Promise<void>((resolve) => this.#world.clock.after(SLOW_MS as DurationMs, resolve));
      return new Response('{"status":"success"}', { status: 202 });
    };
  }

  #mailBehaviour(id: string): MailBehaviour {
    switch (this.behaviourOf(id)) {
      case 'ok':
      case 'slow':
        return { kind: 'accept' };
      case 'unavailable':
        return { kind: 'reject', retry: true, cause: 'connect', message: 'connection refused' };
      case 'refuses':
        return { kind: 'reject', retry: false, cause: 'recipient', message: '550 no such mailbox' };
      case 'limits':
        return { kind: 'greylist', forMs: 30_000 };
      case 'hangs':
        return { kind: 'hang' };
      case 'takes_silently':
      case 'takes_and_resets':
        return { kind: 'break', delivered: true };
    }
  }

  /** Takes note of mail that has come since: to be called at every look. */
  readMail(): void {
    for (const spec of this.#byId.values()) {
      if (spec.kind !== 'email') continue;
      const box = this.#world.mail.mailbox(`${spec.id}@example.org`);
      for (const { at, message } of box.slice(this.#mailCounts.get(spec.id) ?? 0)) {
        this.texts.push(`${message.subject}\n${message.text}\n${message.html}`);
        const id = /^<n\.(.+)@/.exec(message.messageId)?.[1] ?? '';
        const taken: Taken = {
          atMs: this.#world.clock.elapsed() - (this.#world.clock.now() - at),
          wallMs: at,
          boot: this.boot,
          integration: spec,
          id,
          groupKey: this.groupOf(id),
          ...readText(message.text),
          endsGroup: false,
          isUnsure: this.behaviourOf(spec.id).startsWith('takes'),
        };
        this.taken.push(taken);
      }
      this.#mailCounts.set(spec.id, box.length);
    }
  }

  /** What lies in the built-in inbox since the last look. */
  readInbox(rows: readonly Readonly<Record<string, unknown>>[]): void {
    for (const row of rows) {
      const spec = this.#byId.get(String(row['subject']));
      if (spec === undefined) continue;
      const id = String(row['outbox_id']);
      this.#take({
        integration: spec,
        id,
        groupKey: this.groupOf(id),
        ...readText(String(row['text'])),
        endsGroup: false,
        isUnsure: false,
      });
    }
  }
}

/** Somebody looks after it: that tells of no alert. */
const isAcknowledgement = (request: Request, text: string): boolean =>
  text.includes('"event_action":"acknowledge"') || new URL(request.url).pathname.endsWith('/acknowledge');

/** Empty details are left out, or null. */
const words = (text: string | null | undefined): readonly string[] => (text ?? '').split(' ').filter((word) => word !== '');

function readText(text: string): Pick<Taken, 'firing' | 'resolved'> {
  const part = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
  return { firing: words(part('firing')), resolved: words(part('resolved')) };
}

type Details = { readonly firing?: string | null; readonly resolved?: string | null };

type Read = Pick<Taken, 'id' | 'groupKey' | 'firing' | 'resolved' | 'endsGroup'>;

function readRequest({ kind }: IntegrationSpec, request: Request, text: string): Read {
  const body = JSON.parse(text) as {
    readonly groupKey?: string;
    readonly alerts?: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
    readonly dedup_key?: string;
    readonly event_action?: string;
    readonly payload?: { readonly custom_details?: Details };
    readonly alias?: string;
    readonly details?: Details;
  };
  if (kind === 'webhook') {
    const named = (status: string): readonly string[] =>
      (body.alerts ?? []).filter((alert) => alert.status === status).map(({ labels }) => keyOf(labels));
    return {
      id: request.headers.get('idempotency-key'),
      groupKey: body.groupKey ?? '',
      firing: named('firing'),
      resolved: named('resolved'),
      endsGroup: false,
    };
  }
  if (kind === 'pagerduty') {
    const { firing, resolved } = body.payload?.custom_details ?? {};
    return {
      id: null,
      groupKey: body.dedup_key ?? '',
      firing: words(firing),
      resolved: words(resolved),
      endsGroup: body.event_action === 'resolve',
    };
  }
  const closed = /\/v2\/alerts\/([^/]+)\/close/.exec(new URL(request.url).pathname)?.[1];
  const { firing, resolved } = body.details ?? {};
  return {
    id: null,
    groupKey: closed ?? body.alias ?? '',
    firing: words(firing),
    resolved: words(resolved),
    endsGroup: closed !== undefined,
  };
}
