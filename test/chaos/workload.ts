/** Who is notified in a kill run: local providers that keep what truly reached them, by what a provider would tell repeats apart. */
import type { Stage } from '../support/e2e/stage.ts';
import type { Tocsin } from '../support/e2e/tocsin.ts';

/** Something that arrived. `subject`: "firing Down 3": status, alert and the number of the cycle. */
export type Arrived = {
  readonly subject: string;
  /** Equal for repeats of one notification: they are recognized as such. */
  readonly key: string;
  /** Of the notification in our ledger; null where a provider's message does not carry it. */
  readonly id: string | null;
};

export type Workload = {
  /** The entries of a receiver. */
  readonly receiver: string;
  /** The most that a kill between a provider's answer and its commit may repeat: 0 where we keep both. */
  readonly repeatsPerKill: 0 | 1;
  arrived(tocsin: Tocsin): Promise<readonly Arrived[]>;
};

export const WORKLOADS = { mail, webhook, pagerduty, inbox } as const;
export type WorkloadName = keyof typeof WORKLOADS;

const SUBJECT = '{{ .Status }} {{ .GroupLabels.alertname }} {{ .GroupLabels.cycle }}';

async function mail(stage: Stage): Promise<Workload> {
  const smtp = await stage.smtp();
  return {
    receiver: `email_configs: [{to: team@example.org, from: tocsin@example.org, smarthost: '127.0.0.1:${smtp.port}', require_tls: false, send_resolved: true, headers: {Subject: '${SUBJECT}'}}]`,
    repeatsPerKill: 1,
    arrived: async () =>
      smtp.received.map(({ headers }) => {
        const key = headers.get('message-id') ?? '';
        return { subject: headers.get('subject') ?? '', key, id: /^<n\.(.*)@/.exec(key)?.[1] ?? null };
      }),
  };
}

async function webhook(stage: Stage): Promise<Workload> {
  const { collector, url } = await stage.webhook();
  return {
    receiver: `webhook_configs: [{url: '${url}', payload: {subject: '${SUBJECT}'}}]`,
    repeatsPerKill: 1,
    arrived: async () =>
      collector.received.map(({ headers, body }) => {
        const key = headers.get('idempotency-key') ?? '';
        return { subject: (JSON.parse(body) as { readonly subject: string }).subject, key, id: key };
      }),
  };
}

/** Accepts events as PagerDuty does: one incident a key, opened by a trigger, closed by a resolve. */
async function pagerduty(stage: Stage): Promise<Workload> {
  const { collector, url } = await stage.webhook();
  collector.answer = () => new Response('{"status":"success","message":"Event processed"}', { status: 202 });
  return {
    receiver: `pagerduty_configs: [{url: '${url}v2/enqueue', routing_key: key, description: '${SUBJECT}'}]`,
    repeatsPerKill: 1,
    arrived: async () =>
      collector.received.map(({ body }) => {
        const event = JSON.parse(body) as {
          readonly dedup_key: string;
          readonly event_action: string;
          readonly payload: { readonly summary: string };
        };
        return { subject: event.payload.summary, key: `${event.dedup_key} ${event.event_action}`, id: null };
      }),
  };
}

async function inbox(): Promise<Workload> {
  type Record_ = { readonly id: string; readonly inbox: { readonly subject: string } | null };
  return {
    receiver: `inbox_configs: [{subject: '${SUBJECT}'}]`,
    repeatsPerKill: 0,
    arrived: async (tocsin) => {
      const { notifications } = (await (await tocsin.get('/api/tocsin/v1/notifications?limit=500')).json()) as {
        readonly notifications: readonly Record_[];
      };
      return notifications
        .flatMap(({ id, inbox: message }) => (message === null ? [] : [{ subject: message.subject, key: id, id }]))
        .toReversed();
    },
  };
}
