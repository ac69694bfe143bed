/**
 * Everybody who is notified in the simulated world: webhooks, PagerDuty, Opsgenie, mailboxes, and telephones (telephones.ts).
 * Each behaves as told, and keeps what it was really given: the ground truth about what was delivered, when, and how often.
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
  | 'takes_and_resets'
  /** Says that it takes it, and brings it to nobody, which is told later: telephones and Opsgenie only. */
  | 'loses';

/** What any of them may do. */
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
  readonly #behaviours = new Map<string, readonly { readonly behaviour: ProviderBehaviour }[]>();
  /** By message and time: the sender does not know that it was taken. */
  readonly #unsureMail = new Set<string>();
  readonly #mailCounts = new Map<string, number>();
  readonly #opsgenies = new Map<string, Opsgenie>();

  constructor(world: SimWorld, integrations: readonly IntegrationSpec[]) {
    this.#world = world;
    for (const spec of integrations) {
      this.#byId.set(spec.id, spec);
      if (spec.kind === 'opsgenie') this.#opsgenies.set(spec.id, new Opsgenie());
      if (spec.kind === 'webhook' || spec.kind === 'pagerduty' || spec.kind === 'opsgenie')
        world.network.serve(`${spec.id}:80`, this.#handler(spec));
    }
    world.mail.delayMs = 200;
    world.mail.behaviour = (_server, message) => {
      const behaviour = this.#mailBehaviour(message.to[0]?.split('@')[0] ?? '');
      if (behaviour.kind === 'break') this.#unsureMail.add(`${message.messageId} ${world.clock.now()}`);
      return behaviour;
    };
  }

  /** Until what is returned is called; of several at once the one that came last counts. */
  behave(id: string, behaviour: ProviderBehaviour): () => void {
    const one = { behaviour };
    this.#behaviours.set(id, [...(this.#behaviours.get(id) ?? []), one]);
    return () =>
      this.#behaviours.set(
        id,
        (this.#behaviours.get(id) ?? []).filter((other) => other !== one),
      );
  }

  behaviourOf(id: string): ProviderBehaviour {
    return this.#behaviours.get(id)?.at(-1)?.behaviour ?? 'ok';
  }

  /** Alerts that are open at an Opsgenie and that nobody there looks after. */
  *unacknowledged(): Generator<{
    readonly integration: IntegrationSpec;
    readonly groupKey: string;
    readonly acknowledge: (by: string) => void;
  }> {
    for (const [id, opsgenie] of this.#opsgenies)
      for (const groupKey of opsgenie.unacknowledged())
        yield {
          integration: this.#byId.get(id) as IntegrationSpec,
          groupKey,
          acknowledge: (by) => opsgenie.acknowledge(groupKey, by),
        };
  }

  take(taken: Omit<Taken, 'atMs' | 'wallMs' | 'boot'>): void {
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
      const opsgenie = this.#opsgenies.get(spec.id);
      // An end that is lost after it was taken is not told again: that is not looked for.
      const loses = behaviour === 'loses' && !/"resolved":"[^"]/.test(text);
      const answer = opsgenie?.answer(request, text, loses) ?? null;
      if (answer?.of === 'something else') return answer.response;
      if (text.includes('"event_action":"acknowledge"')) return new Response('{"status":"success"}', { status: 202 });
      const isUnsure = behaviour !== 'ok' && behaviour !== 'slow';
      if (answer?.of !== 'a lost notification') this.take({ integration: spec, isUnsure, ...readRequest(spec, request, text) });
      if (behaviour === 'takes_silently') return new Promise(() => {});
      if (behaviour === 'takes_and_resets') throw new Error('connection reset');
      if (behaviour === 'slow') await new Promise<void>((resolve) => this.#world.clock.after(SLOW_MS as DurationMs, resolve));
      return answer?.response ?? new Response('{"status":"success"}', { status: 202 });
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
      case 'loses':
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
          isUnsure: this.#unsureMail.has(`${message.messageId} ${at}`),
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
      this.take({
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

type OpsgenieAnswer = { readonly of: 'a notification' | 'a lost notification' | 'something else'; readonly response: Response };

/** Opsgenie's alerts by their alias, as its Alert API shows them: somebody there may look after one. */
class Opsgenie {
  readonly #alerts = new Map<string, { isOpen: boolean; acknowledgedBy: string | null }>();
  readonly #wasDone: boolean[] = [];

  /** What it does about a request, and says. `loses`: it says so later only, when it is asked what became of it. */
  answer({ method, url }: Request, text: string, loses: boolean): OpsgenieAnswer {
    const [, , , subject = '', action = ''] = new URL(url).pathname.split('/');
    if (method === 'GET') {
      const found = subject === 'requests' ? this.#outcome(Number(action)) : this.#state(subject);
      return { of: 'something else', response: Response.json(found ?? { message: 'not found' }, { status: found === null ? 404 : 200 }) };
    }
    const { alias = subject, user = 'somebody' } = JSON.parse(text) as { readonly alias?: string; readonly user?: string };
    // What it was told to close it closes: of that nobody asks.
    const isDone = !loses || action !== '';
    if (isDone) this.#do(alias, action, user);
    const requestId = String(this.#wasDone.push(isDone) - 1);
    const response = Response.json({ result: 'Request will be processed', requestId }, { status: 202 });
    return { of: action === 'acknowledge' ? 'something else' : isDone ? 'a notification' : 'a lost notification', response };
  }

  *unacknowledged(): Generator<string> {
    for (const [alias, { isOpen, acknowledgedBy }] of this.#alerts) if (isOpen && acknowledgedBy === null) yield alias;
  }

  acknowledge(alias: string, by: string): void {
    const alert = this.#alerts.get(alias);
    if (alert !== undefined) alert.acknowledgedBy = by;
  }

  #do(alias: string, action: string, user: string): void {
    const known = this.#alerts.get(alias);
    if (action === 'close' && known !== undefined) known.isOpen = false;
    if (action === 'acknowledge') this.acknowledge(alias, user);
    // An alert that is open already is counted once more, and stays whose it is.
    if (action === '' && known?.isOpen !== true) this.#alerts.set(alias, { isOpen: true, acknowledgedBy: null });
  }

  #state(alias: string): object | null {
    const alert = this.#alerts.get(alias);
    if (alert === undefined) return null;
    const { isOpen, acknowledgedBy } = alert;
    const isAcknowledged = acknowledgedBy !== null;
    return {
      data: {
        status: isOpen ? 'open' : 'closed',
        acknowledged: isAcknowledged,
        report: isAcknowledged ? { acknowledgedBy } : {},
      },
    };
  }

  #outcome(request: number): object | null {
    const isDone = this.#wasDone[request];
    return isDone === undefined ? null : { data: { isSuccess: isDone, status: isDone ? 'Created alert' : 'Alert could not be created' } };
  }
}

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
