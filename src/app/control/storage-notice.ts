/**
 * Tells the last resort when the state cannot be stored: nothing else goes out then, for a notification leaves only after
 * its row is on disk. So this one has no row. It is sent past the outbox when storing has failed for half a minute, again
 * every hour while that lasts, and once more when storing has worked for half a minute. What was told when is in memory
 * alone: a restart, which needs the disk to get anywhere, may tell it again. Without a last resort the log, the health
 * check and tocsin_state_writable say it; the inbox lies on the disk that takes nothing, and is left out.
 */
import { goQuote } from '../../lib/go-quote.ts';
import type { Clock } from '../../model/clock.ts';
import { fingerprintOf } from '../../model/fingerprint.ts';
import { Labels } from '../../model/labels.ts';
import type { Log } from '../../model/log.ts';
import { type Random, uuid } from '../../model/random.ts';
import { durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import type { SendOutcome } from '../../notify/integration.ts';
import type { Receiver, ReceiverIntegration, ReceiverPorts } from '../../notify/receivers.ts';
import { retryDelayMs } from '../../notify/retry.ts';
import { type NotificationData, notificationData } from '../../template/alertmanager-data.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import { directInput, directIntegration } from '../receivers/direct-send.ts';
import type { RouterKeeper } from './router-keeper.ts';

const LOOK_MS = 10_000;
/** Storing fails, or works again, for so long before it is told. */
const HOLDS_MS = 30_000;
const AGAIN_MS = 3_600_000;
/** Of the word that it is over: nobody waits for ever for an integration that does not take it. */
const END_ATTEMPTS_MAX = 10;

export type StorageNoticePorts = Omit<ReceiverPorts, 'clock' | 'charts' | 'book' | 'inbox'> & {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keeper: Pick<RouterKeeper, 'checkWritable'>;
  /** Notifications that cannot leave. */
  readonly waiting: () => number;
  /** Of the live configuration; null: there is no last resort. */
  readonly lastResort: () => LastResort | null;
  /** Of this machine. */
  readonly hostname: string;
};

export type LastResort = {
  readonly receiver: Receiver;
  readonly templates: NotificationTemplates;
  readonly externalUrl: string;
};

/** What one integration knows of the trouble. Times are monotonic. */
type Knowing = {
  /** It was told, perhaps, and not yet that it is over. */
  isTold: boolean;
  /** Attempts since one was taken. */
  attempts: number;
  /** Not told that it lasts before. */
  tellAt: number;
  /** Not told that it is over before. */
  endAt: number;
};

export class StorageNotice {
  readonly #ports: StorageNoticePorts;
  /** Since when storing fails, and why; null: it does not. */
  #trouble: { readonly at: UnixMs; readonly since: number; why: string } | null = null;
  /** Since when storing works again, while somebody is still to hear of it. */
  #worksSince: number | null = null;
  /** By integration, over one trouble and the next, so that a disk that comes and goes is told every hour. */
  readonly #knowing = new Map<string, Knowing>();
  #cancelTimer: () => void = () => {};
  #isStopped = false;

  constructor(ports: StorageNoticePorts) {
    this.#ports = ports;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#ports.clock.after(durationMs(LOOK_MS), () => void this.#look().finally(() => this.start()));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  async #look(): Promise<void> {
    const { clock, keeper } = this.#ports;
    const why = await keeper.checkWritable();
    const elapsed = clock.elapsed();
    if (why !== null) {
      this.#worksSince = null;
      if (this.#trouble === null) this.#trouble = { at: clock.now(), since: elapsed, why };
      else this.#trouble.why = why;
      if (elapsed - this.#trouble.since >= HOLDS_MS) await this.#tellAll('lasts');
    } else if (this.#trouble !== null) {
      this.#worksSince ??= elapsed;
      if (elapsed - this.#worksSince >= HOLDS_MS) await this.#tellAll('over');
      if (![...this.#knowing.values()].some(({ isTold }) => isTold)) this.#trouble = null;
    }
  }

  async #tellAll(what: 'lasts' | 'over'): Promise<void> {
    const lastResort = this.#ports.lastResort();
    const told = new Set<string>();
    const telling = lastResort?.receiver.integrations.map(async (integration) => {
      if (integration.name === 'inbox') return;
      const key = `${lastResort.receiver.name}/${integration.name}/${integration.index}`;
      told.add(key);
      const knowing = this.#knowing.get(key) ?? { isTold: false, attempts: 0, tellAt: 0, endAt: 0 };
      this.#knowing.set(key, knowing);
      await (what === 'lasts' ? this.#tell(lastResort, integration, knowing) : this.#tellEnd(lastResort, integration, knowing));
    });
    for (const key of this.#knowing.keys()) if (!told.has(key)) this.#knowing.delete(key); // configured no more
    await Promise.all(telling ?? []);
  }

  async #tell(lastResort: LastResort, integration: ReceiverIntegration, knowing: Knowing): Promise<void> {
    const { clock, random } = this.#ports;
    if (clock.elapsed() < knowing.tellAt) return;
    const outcome = await this.#send(lastResort, integration, null);
    const isOver = outcome.kind === 'accepted' || (outcome.kind === 'rejected' && !outcome.retry);
    if (outcome.kind !== 'rejected') knowing.isTold = true;
    knowing.attempts = isOver ? 0 : knowing.attempts + 1;
    knowing.tellAt = clock.elapsed() + (isOver ? AGAIN_MS : retryDelayMs(knowing.attempts, random));
    knowing.endAt = 0;
  }

  async #tellEnd(lastResort: LastResort, integration: ReceiverIntegration, knowing: Knowing): Promise<void> {
    const { clock, random } = this.#ports;
    if (!knowing.isTold || clock.elapsed() < knowing.endAt) return;
    const outcome = integration.sendResolvedAsFallback ? await this.#send(lastResort, integration, clock.now()) : null;
    const isOver = outcome === null || outcome.kind === 'accepted' || (outcome.kind === 'rejected' && !outcome.retry);
    knowing.attempts = isOver ? 0 : knowing.attempts + 1;
    knowing.endAt = clock.elapsed() + (isOver ? 0 : retryDelayMs(knowing.attempts, random));
    if (isOver || knowing.attempts >= END_ATTEMPTS_MAX) knowing.isTold = false;
  }

  /** `endsAt`: null while it lasts. */
  async #send(lastResort: LastResort, { name, index, config }: ReceiverIntegration, endsAt: UnixMs | null): Promise<SendOutcome> {
    const { clock, random, log, http, mail, telephony, readSecret, hostname } = this.#ports;
    const receiver = lastResort.receiver.name;
    const integration = directIntegration(receiver, config, { clock, http, mail, telephony, readSecret, inbox: NO_INBOX });
    const now = clock.now();
    let outcome: SendOutcome;
    try {
      outcome = await integration.send(
        directInput(
          {
            id: uuid(random),
            // The same at every telling: what opens something at a provider is closed by the end.
            groupKey: `{}/{tocsin="state"}:{instance=${goQuote(hostname)}}`,
            threadId: 'state-not-stored',
            templates: lastResort.templates,
            data: this.#data(lastResort, endsAt, now),
          },
          now,
        ),
      );
    } catch (error) {
      outcome = { kind: 'unknown', message: `BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
    } finally {
      integration.close();
    }
    const place = { receiver, integration: `${name}[${index}]` };
    const what = endsAt === null ? 'the state cannot be stored' : 'the state can be stored again';
    if (outcome.kind === 'accepted') log.warn(`the last resort was told that ${what}`, place);
    else log.error(`the last resort could not be told that ${what}`, { ...place, error: outcome.message });
    return outcome;
  }

  #data({ receiver, externalUrl }: LastResort, endsAt: UnixMs | null, now: UnixMs): NotificationData {
    const { hostname, waiting } = this.#ports;
    const { at, why } = this.#trouble ?? { at: now, why: '' };
    const labels = Labels.of({ alertname: 'TocsinStateNotStored', instance: hostname, severity: 'critical' });
    const annotations = endsAt === null ? lasting(why, waiting()) : OVER;
    return notificationData({
      receiver: receiver.name,
      alerts: [
        {
          fingerprint: fingerprintOf(labels),
          labels,
          annotations: Labels.of(annotations),
          startsAt: unixMs(Math.min(at, now)),
          endsAt,
          generatorUrl: externalUrl,
        },
      ],
      groupLabels: labels.filter((name) => name === 'alertname'),
      routeLabels: Labels.empty,
      routeLabelsAreRendered: true,
      notificationReason: endsAt === null ? 'first notification' : 'all alerts resolved',
      externalUrl,
      now,
    });
  }
}

const NO_INBOX: ReceiverPorts['inbox'] = { store: () => Promise.reject(new Error('BUG: the inbox lies on the disk that takes nothing')) };

const lasting = (why: string, waiting: number): Readonly<Record<string, string>> => ({
  summary: `Tocsin cannot store its state: ${why}`,
  description: `Until it can, no notification goes out, and silences and acknowledgements are refused (${waiting} ${waiting === 1 ? 'notification waits' : 'notifications wait'}). Make room on its disk, or make the data directory writable; it goes on by itself.`,
});

const OVER = { summary: "Tocsin's state can be stored again", description: 'What has waited goes out now.' };
