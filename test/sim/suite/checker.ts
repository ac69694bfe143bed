/**
 * The invariants, held against the running application at every look: what the oracle demands, what providers were really
 * given, and what is on disk. The first that does not hold ends the run. Names are those of docs/simulation.md.
 */
import { createHash } from 'node:crypto';
import type { App } from '../../../src/app/app.ts';
import { SimulatedCrash } from '../../../src/platform/sim/sim-crash.ts';
import type { SimProcess } from '../../../src/platform/sim/sim-world.ts';
import { Acknowledgements, type Answer, type Answerable } from './acknowledgements.ts';
import { type Health, NEVER, type Oracle, type Watched, type Way } from './oracle.ts';
import type { Providers, Taken } from './providers.ts';
import { SampleBook } from './sample-book.ts';
import { type IntegrationSpec, WATCHDOG } from './scenario.ts';
import { CANARY } from './scenario-files.ts';
import { stamp } from './stamp.ts';
import { TWILIO } from './telephones.ts';
import { Told } from './told.ts';
import { keyOf } from './truth.ts';

export type Violation = { readonly invariant: string; readonly atMs: number; readonly text: string };

type Row = Readonly<Record<string, unknown>>;

export type CheckerPorts = {
  readonly oracle: Oracle;
  readonly providers: Providers;
  readonly now: () => number;
  readonly wall: () => number;
  /** The state database, as far as it is committed. */
  readonly read: (sql: string, ...values: readonly (string | number)[]) => readonly Row[];
  /** Wall time does not tell how long ago something was. */
  readonly hasWallSteps: boolean;
  /** Wall time of the watchdog's last evaluation; null: none since the start. */
  readonly watchdogAt: () => number | null;
};

const MINUTE_MS = 60_000;
/** However the others are, a receiver that is well gets its notification and has answered. */
const SETTLED_MS = 1000;
/** A provider that failed is left alone for half a minute, with all that lies behind it, and nobody else. */
const PAUSE_MS = 35_000;
/** Two integrations of its own, and those of three who stand in. */
const PER_GROUP = 8;
const KNOWN_MS = 5 * MINUTE_MS;
/** What nobody knows of yet. */
const ALIVE_MS = 2 * MINUTE_MS;
/** Providers are asked twice a minute who looks after what. */
const ROUND_MS = 30_000;
/** Who acknowledges at a provider. */
export const THERE = 'bo';
const EVENTS = 'SELECT id, fingerprint, group_key, stage, verdict, reason, detail FROM event WHERE id > ? ORDER BY id';
const OPEN = "state IN ('pending', 'claimed', 'rejected', 'unknown')";

export class Checker {
  violation: Violation | null = null;
  readonly #ports: CheckerPorts;
  readonly #wellSince = new Map<string, number>();
  /** Faults under way, by what they make unwell. */
  readonly #faultUntil = new Map<string, number>();
  readonly #hungUntil = new Map<string, number>();
  readonly #disturbed = new Map<string, number>();
  readonly #calmedAt = new Map<string, number>();
  readonly #told = new Told();
  readonly #acks = new Acknowledgements();
  readonly #samples: SampleBook;
  readonly #fingerprints = new Map<string, string>();
  readonly #events: string[] = [];
  readonly #decided = new Map<string, Set<string>>();
  #lastEvent = 0;
  #lastInbox = 0;
  #settledSeen = 0;
  #looks = 0;
  #linesRead = 0;
  #textsRead = 0;
  #edited = false;

  constructor(ports: CheckerPorts) {
    this.#ports = ports;
    ports.providers.groupOf = (id) => String(ports.read('SELECT group_key FROM outbox WHERE id = ?', id)[0]?.['group_key'] ?? '');
    this.#samples = new SampleBook(ports.oracle.scenario, ports.hasWallSteps);
  }

  readonly health: Health = {
    controlSince: 0,
    engineSince: 0,
    providerSince: (id) => this.#wellSince.get(id) ?? 0,
  };

  violated(invariant: string, text: string): void {
    this.violation ??= { invariant, atMs: this.#ports.now(), text };
  }

  // ---- what happened to the world

  unwell(...parts: readonly string[]): void {
    for (const part of parts) this.#notWell(part, this.#ports.now());
  }

  unwellUntil(endsAtMs: number, parts: readonly string[]): void {
    for (const part of parts) {
      this.#notWell(part, endsAtMs);
      this.#faultUntil.set(part, Math.max(this.#faultUntil.get(part) ?? 0, endsAtMs));
    }
  }

  #notWell(part: string, untilMs: number): void {
    const since = Math.max(this.#wellSince.get(part) ?? 0, untilMs);
    this.#wellSince.set(part, since);
    if (part === 'control') this.health.controlSince = since;
    if (part === 'engine') this.health.engineSince = since;
  }

  /** Attempts that are made before then may stay without an answer for as long as a notification is tried. */
  hangsUntil(endsAtMs: number, host: string): void {
    this.#hungUntil.set(host, Math.max(this.#hungUntil.get(host) ?? 0, endsAtMs));
  }

  disturbed(host: string, isDisturbed: boolean): void {
    this.#disturbed.set(host, (this.#disturbed.get(host) ?? 0) + (isDisturbed ? 1 : -1));
    this.#calmedAt.set(host, this.#ports.now());
  }

  #steppedAt = Number.NEGATIVE_INFINITY;

  wallStepped(byMs: number): void {
    this.#steppedAt = this.#ports.now();
    this.#samples.forget();
    this.unwellUntil(this.#ports.now() + Math.max(0, -byMs), ['engine']);
  }

  engineDied(): void {
    this.unwell('engine');
  }

  reconfigured(): void {
    this.#edited = true;
  }

  /** Notifications of the last that were taken, for who answers one. */
  answerable(): readonly Answerable[] {
    return this.#ports
      .read("SELECT * FROM outbox WHERE state IN ('accepted', 'confirmed') AND firing <> '[]' ORDER BY created_at_ms DESC, id LIMIT 10")
      .map((row) => this.#answerable(row));
  }

  #answerable(row: Row): Answerable {
    const group = this.#ports.read('SELECT receiver FROM alert_group WHERE id = ?', String(row['group_id']))[0];
    return {
      id: String(row['id']),
      groupId: String(row['group_id']),
      groupKey: String(row['group_key']),
      receiver: String((group ?? row)['receiver']),
      firing: this.#namesIn(row['firing']),
      resolved: this.#namesIn(row['resolved']),
    };
  }

  /** What goes out in one message with a notification: what was claimed with it. */
  toldWith(id: string): readonly Answerable[] {
    const { read } = this.#ports;
    const row = read('SELECT * FROM outbox WHERE id = ?', id)[0];
    if (row === undefined) {
      this.violated('I2', `a telephone is reached for ${id}, which is not on disk`);
      return [];
    }
    // One that was taken before is reached once more, alone.
    const rows =
      row['state'] === 'claimed' ? read('SELECT * FROM outbox WHERE attempt_id = ? ORDER BY id', String(row['attempt_id'])) : [row];
    return rows.map((one) => this.#answerable(one));
  }

  /** Since when rules have been evaluated as always, on all that was scraped. */
  get undisturbedSince(): number {
    return Math.max(
      this.health.engineSince,
      this.health.controlSince,
      this.#faultUntil.get('samples') ?? 0,
      this.#ports.oracle.configSince,
    );
  }

  get telephones(): readonly string[] {
    const { receivers } = this.#ports.oracle.scenario;
    return receivers.flatMap(({ integrations }) => integrations.filter(isTelephone).map(({ id }) => id));
  }

  /** Somebody says that it is looked after; what is returned takes the answer. */
  acknowledging(row: Answerable): (answer: Answer) => void {
    const told = this.#ports.read('SELECT firing FROM outbox WHERE group_key = ?', row.groupKey);
    // Where a new configuration has led its alerts elsewhere, it is said of the groups that have them now.
    const isThere =
      this.#ports.read('SELECT 1 FROM group_member JOIN alert_group ON alert_group.number = group_number WHERE id = ?', row.groupId)
        .length > 0;
    const settle = this.#acks.asked(
      row,
      told.flatMap(({ firing }) => this.#namesIn(firing)),
      this.#ports.now(),
    );
    return (answer) => settle(answer === 'done' && !isThere ? 'elsewhere' : answer);
  }

  #namesIn(fingerprints: unknown): readonly string[] {
    return (JSON.parse(String(fingerprints)) as readonly string[])
      .map((fingerprint) => this.#nameOf(fingerprint))
      .filter((key) => key !== '');
  }

  booted(app: App): void {
    this.unwell('control', 'engine');
    this.#checkSilences();
    this.#readEvents();
    this.#checkAcknowledgements();
    if (app.keeper.waiting > 100) this.violated('I14', `${app.keeper.waiting} steps wait right after a start`);
  }

  bootFailed(error: unknown): void {
    if (error instanceof SimulatedCrash) return;
    const now = this.#ports.now();
    const isFaulty = [...this.#faultUntil.values()].some((until) => until + MINUTE_MS > now);
    if (!isFaulty) this.violated('L1', `does not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** What was taken and not settled by a process that died may be sent again. */
  died(death: 'kill' | 'power'): void {
    const now = this.#ports.now();
    this.#ports.providers.readMail();
    this.#readInbox();
    for (const taken of this.#told.recent.splice(0)) {
      const state = taken.id === null ? null : this.#ports.read('SELECT state FROM outbox WHERE id = ?', taken.id ?? '')[0]?.['state'];
      if (taken.id === null ? now - taken.atMs < 30_000 : state !== 'accepted') taken.isUnsure = true;
    }
    const isSynced = (this.#faultUntil.get('engine') ?? 0) < now - 5000;
    this.#samples.died(death, this.#ports.wall(), isSynced);
  }

  // ---- looks

  look(app: App | null, process: SimProcess | null): void {
    this.#looks++;
    for (const { invariant, text, isStill } of this.#suspects.splice(0)) if (isStill()) this.violated(invariant, text);
    this.#readInbox();
    this.#newMail();
    this.#checkSecrets(process);
    if (app === null) return;
    this.#readEvents();
    this.#checkSilences();
    this.#checkAcknowledgements();
    this.#checkAcknowledgedThere();
    this.#checkQueues(app);
    this.#checkDuties();
    if (this.#looks % 4 === 0) this.#checkAlerts();
    if (this.#looks % 8 === 0) this.#checkReasons();
  }

  atEnd(): void {
    this.#ports.providers.readMail();
    this.#readInbox();
    this.#newMail();
    this.#readEvents();
    this.#checkReasons();
    for (const row of [...this.#ports.read('SELECT detail AS text FROM event'), ...this.#ports.read('SELECT answer AS text FROM outbox')])
      if (String(row['text']).includes(CANARY)) this.violated('I15', `a secret is in the state database: ${String(row['text'])}`);
  }

  read(path: string, text: string): void {
    if (text.includes(CANARY))
      this.violated('I15', `${path} shows a secret: ${text.slice(Math.max(0, text.indexOf(CANARY) - 60), text.indexOf(CANARY) + 30)}`);
  }

  samples(json: string, wallMs: number): void {
    const problem = this.#samples.compare(json, wallMs);
    if (problem !== null) this.violated('I6', problem);
  }

  #checkSecrets(process: SimProcess | null): void {
    const lines = process?.logLines ?? [];
    for (; this.#linesRead < lines.length; this.#linesRead++) {
      const text = JSON.stringify(lines[this.#linesRead]);
      if (text.includes(CANARY)) this.violated('I15', `the log shows a secret: ${text}`);
      if (text.includes('BUG:')) this.violated('BUG', text);
    }
    const { texts } = this.#ports.providers;
    for (; this.#textsRead < texts.length; this.#textsRead++) {
      const text = (texts[this.#textsRead] as string).replace(/"routing_key":"[^"]*"/, '');
      if (text.includes(CANARY)) this.violated('I15', `a notification shows a secret: ${text}`);
    }
  }

  // ---- deliveries

  #newMail(): void {
    const { taken } = this.#ports.providers;
    for (; this.#mailsSeen < taken.length; this.#mailsSeen++) {
      const one = taken[this.#mailsSeen] as Taken;
      if (one.integration.kind === 'email' && !isStorageNotice(one)) this.#note(one);
    }
  }
  #mailsSeen = 0;

  /** What a delivery contradicts. Whether that was so at this very moment, and not only at the look before, the next look tells. */
  readonly #suspects: { readonly invariant: string; readonly text: string; readonly isStill: () => boolean }[] = [];

  #suspect(invariant: string, text: string, isStill: () => boolean): void {
    this.#suspects.push({ invariant, text, isStill });
  }

  #readInbox(): void {
    const rows = this.#ports.read(
      'SELECT rowid AS n, outbox_id, subject, text FROM inbox_message WHERE rowid > ? ORDER BY rowid',
      this.#lastInbox,
    );
    for (const row of rows) this.#lastInbox = Number(row['n']);
    this.#ports.providers.readInbox(rows);
  }

  /** A provider takes a notification, this very moment. */
  taken(taken: Taken): void {
    // While nothing can be stored the last resort is told so by the application itself, past routes and rows.
    if (isStorageNotice(taken)) return;
    if (taken.integration.kind === 'webhook' && !this.#isDisturbed(taken.integration)) {
      const state = this.#ports.read('SELECT state FROM outbox WHERE id = ?', taken.id ?? '')[0]?.['state'];
      if (state !== 'claimed')
        this.violated('I2', `${taken.integration.id} is given ${taken.id}, which is ${String(state)} on disk and not claimed`);
    }
    this.#note(taken);
  }

  /** What is under way when a disturbance ends is still on its way for a while. */
  #isDisturbed({ id }: IntegrationSpec): boolean {
    return (this.#disturbed.get(id) ?? 0) > 0 || this.#ports.now() - (this.#calmedAt.get(id) ?? Number.NEGATIVE_INFINITY) < 20_000;
  }

  #note(taken: Taken): void {
    if (this.#isDisturbed(taken.integration)) taken.isUnsure = true;
    const { before, same } = this.#told.note(taken);
    const last = same.at(-1);
    if (last !== undefined && !last.isUnsure && this.health.controlSince < last.atMs)
      this.violated('I2', `${taken.integration.id} got ${taken.id} again after ${stamp(last.atMs)}, which was answered and settled`);
    if (last === undefined && before !== null) {
      this.#checkRepeat(taken, before);
      this.#checkLookedAfter(taken, before);
    }
    for (const key of taken.firing) this.#checkMention(taken, key);
    this.#checkSilencedSend(taken);
    if (taken.firing.includes(keyOf({ alertname: WATCHDOG.name })) && last === undefined) this.#checkAlive(taken);
  }

  /** Whoever hears the watchdog takes it that rules are evaluated. */
  #checkAlive({ integration, wallMs, atMs }: Taken): void {
    const { watchdogAt, oracle, hasWallSteps } = this.#ports;
    const at = watchdogAt();
    const evaluatedMs = at === null ? this.health.controlSince : atMs - (wallMs - at);
    const { evaluationMs } = oracle.scenario;
    // When all is well again it may be told a moment before the next evaluation.
    const wellMs = atMs - Math.max(this.health.engineSince, this.health.controlSince);
    if (wellMs >= 0 && wellMs < 2 * evaluationMs + MINUTE_MS) return;
    if (!hasWallSteps && atMs - evaluatedMs > ALIVE_MS + 2 * evaluationMs)
      this.violated('L4', `${integration.id} is told that all is well, though no rule was evaluated since ${stamp(evaluatedMs)}`);
  }

  /** The same again within the repeat interval, with nothing new. */
  #checkRepeat(taken: Taken, before: Taken): void {
    const { oracle } = this.#ports;
    if (before.isUnsure || oracle.configSince >= before.atMs || this.health.controlSince >= before.atMs) {
      // After a restart too, what was told is known: only what was in doubt may come again.
      if (before.isUnsure || oracle.configSince >= before.atMs || (this.#faultUntil.get('control') ?? 0) >= before.atMs) return;
    }
    if (this.health.providerSince(taken.integration.id) >= before.atMs - MINUTE_MS) return;
    if (!sameKeys(taken.firing, before.firing) || !sameKeys(taken.resolved, before.resolved) || taken.endsGroup !== before.endsGroup)
      return;
    const age = Math.max(taken.atMs - before.atMs, taken.wallMs - before.wallMs);
    for (const key of taken.firing) {
      const watched = oracle.alerts.get(key);
      const ways = watched === undefined ? [] : this.#waysTo(taken, watched);
      if (watched === undefined || ways.length === 0) return;
      // It may have ended and begun again unheard; and a repeat is due sometime.
      if (watched.trueSince > before.atMs - 2 * MINUTE_MS - watched.definition.lagMs) return;
      if (age >= Math.min(...ways.map(({ route }) => Math.max(route.repeatMs, route.intervalMs))) - 1000) return;
    }
    this.violated(
      'I2',
      `${taken.integration.id} is told again what it was told at ${stamp(before.atMs)}: firing ${taken.firing.join()} resolved ${taken.resolved.join()} of ${taken.groupKey}`,
    );
  }

  /** The same again, though somebody looks after it. What was under way when that was said may still arrive. */
  #checkLookedAfter(taken: Taken, before: Taken): void {
    if (before.isUnsure || !sameKeys(taken.firing, before.firing) || !sameKeys(taken.resolved, before.resolved)) return;
    if (this.#acks.covering(taken) === null) return;
    this.#readEvents();
    const ack = this.#acks.covering(taken);
    if (
      ack === null ||
      this.#ports.oracle.configSince >= ack.atMs ||
      // What was told is remembered by the wall clock.
      this.#steppedAt >= ack.atMs ||
      taken.atMs - ack.atMs < this.#ports.oracle.longestIntervalMs + MINUTE_MS ||
      before.atMs > ack.atMs
    )
      return;
    this.violated(
      'I9',
      `${taken.integration.id} is told again of ${taken.firing.join()} of ${taken.groupKey}, looked after since ${stamp(ack.atMs)}`,
    );
  }

  #checkMention(taken: Taken, key: string): void {
    const { oracle } = this.#ports;
    const watched = oracle.alerts.get(key);
    const { integration, atMs } = taken;
    if (watched === undefined) return this.violated('I7', `${integration.id} is told of an alert that nobody raised: ${key}`);
    const ways = this.#waysTo(taken, watched);
    const well = Math.max(this.health.controlSince, this.health.engineSince, this.health.providerSince(integration.id), oracle.configSince);
    if (ways.length === 0) {
      if (atMs - well > 10 * MINUTE_MS && !(integration.contract && this.#edited))
        this.violated('I4', `${integration.id} is told of ${key}, which no route leads to it`);
      return;
    }
    if (this.#standsIn(taken)) this.#checkReasonToStandIn(taken, key, ways);
    const lateMs = Math.max(...ways.map(({ route }) => oracle.tellsWithinMs(route)));
    const isOver = (since: number): boolean => atMs - Math.max(since, well) > lateMs;
    const { calmSince, silencedSince, inhibitedSince } = watched;
    if (isOver(calmSince))
      this.#suspect(
        'I7',
        `${integration.id} is told that ${key} fires; it has not since ${stamp(calmSince)}`,
        () => watched.calmSince === calmSince,
      );
    const mayTellMuted = (integration.contract || this.#standsIn(taken)) && taken.resolved.length > 0;
    if (mayTellMuted) return;
    if (isOver(silencedSince))
      this.#suspect(
        'I3',
        `${integration.id} is told of ${key}, silenced since ${stamp(silencedSince)}`,
        () => watched.silencedSince === silencedSince,
      );
    if (isOver(inhibitedSince))
      this.#suspect(
        'I3',
        `${integration.id} is told of ${key}, inhibited since ${stamp(inhibitedSince)}`,
        () => watched.inhibitedSince === inhibitedSince,
      );
    const mutedSince = (): number => Math.max(...ways.map(({ route }) => oracle.mutedSince(route)));
    const muted = mutedSince();
    if (isOver(muted))
      this.#suspect('I3', `${integration.id} is told of ${key}, muted by the clock since ${stamp(muted)}`, () => mutedSince() === muted);
  }

  // ---- who stands in for others

  /** By group key, as written and as hashed. */
  readonly #receiversOf = new Map<string, Set<string>>();

  /** Whose group a notification is about; more than one where routes were edited. */
  #toldFor({ groupKey }: Taken): ReadonlySet<string> {
    if (!this.#receiversOf.has(groupKey))
      for (const row of this.#ports.read(
        'SELECT group_key, receiver FROM alert_group UNION SELECT group_key, receiver FROM outbox WHERE stands_in_for IS NULL',
      ))
        for (const key of [String(row['group_key']), hashed(String(row['group_key']))])
          this.#receiversOf.set(key, (this.#receiversOf.get(key) ?? new Set()).add(String(row['receiver'])));
    return this.#receiversOf.get(groupKey) ?? new Set();
  }

  #standsIn(taken: Taken): boolean {
    const receivers = this.#toldFor(taken);
    return receivers.size > 0 && !receivers.has(receiverOf(taken.integration));
  }

  /** Ways of an alert by which it came to an integration, itself or in another's place. */
  #waysTo(taken: Taken, { ways }: Watched): readonly Way[] {
    if (!this.#standsIn(taken)) return ways.filter(({ integration }) => integration.id === taken.integration.id);
    const receivers = this.#toldFor(taken);
    return ways.filter(
      ({ receiver, route }) => receivers.has(receiver) && this.#standInsOf(receiver, route).includes(receiverOf(taken.integration)),
    );
  }

  #standInsOf(receiver: string, route: Way['route']): readonly string[] {
    return this.#ports.oracle.chainOf(receiver, route).standIns.map((one) => one.receiver);
  }

  /** When an integration was not well last, what hung in it included. */
  #unwellAt({ id }: IntegrationSpec): number {
    return Math.max(this.health.providerSince(id), this.#hungUntil.get(id) ?? 0);
  }

  /** Somebody asked for it, or what it stands in for was not well, so lately that it may not know yet that it is again. */
  #checkReasonToStandIn(taken: Taken, key: string, ways: readonly Way[]): void {
    const { oracle } = this.#ports;
    const { integration, atMs, groupKey, firing, resolved } = taken;
    // Of an end it hears whatever is well by then, and with it what still fires.
    if (firing.length === 0 || resolved.length > 0 || this.#escalated.has(`${groupKey} ${receiverOf(integration)}`)) return;
    const hasReason = ways.some((way) => {
      const windowMs = oracle.tellsWithinMs(way.route) + oracle.chainOf(way.receiver, way.route).exhaustedMs;
      const unwell = oracle.integrationsOf(way.receiver).map((one) => this.#unwellAt(one));
      return atMs - Math.max(...unwell, this.health.controlSince, oracle.configSince) <= windowMs;
    });
    if (hasReason) return;
    this.#readEvents();
    if (!this.#escalated.has(`${groupKey} ${receiverOf(integration)}`))
      this.violated(
        'I4',
        `${integration.id} is told of ${key} in the place of ${ways.map(({ receiver }) => receiver).join()}, who was well all the time`,
      );
  }

  /** By group key, as written and as hashed, and receiver: somebody asked for it. */
  readonly #escalated = new Set<string>();

  /** Whoever does not take what it must hear has somebody who hears it in its place, or nobody is left and that is on record. */
  #mustHaveBeenStoodInFor(watched: Watched, way: Way, nowMs: number): void {
    const { oracle } = this.#ports;
    const since = this.#surelyOn(watched, way, watched.firesSince);
    const lateMs = nowMs - since - oracle.tellsWithinMs(way.route);
    if (lateMs <= 0) return;
    const { key } = watched.definition;
    const forgotten = this.#forgottenAt.get(`${key} ${way.integration.id}`) ?? Number.NEGATIVE_INFINITY;
    const hasHeard = (integration: IntegrationSpec): boolean => {
      const told = this.#told.lastFiring(integration, key);
      return told !== null && told >= forgotten;
    };
    if (hasHeard(way.integration) || this.#acks.mayCover(way.receiver, key)) return;
    const { standIns, exhaustedMs } = oracle.chainOf(way.receiver, way.route);
    if (oracle.chainsFrom(way.receiver, way.route).some((receiver) => oracle.integrationsOf(receiver).some(hasHeard))) return;
    const what = `that ${key} fires, surely and clear since ${stamp(since)}`;
    for (const { receiver, isForAll, withinMs } of standIns) {
      if (!isForAll || lateMs <= withinMs) continue;
      const well = oracle.integrationsOf(receiver).find((one) => this.#unwellAt(one) < since);
      if (well !== undefined)
        this.violated('I1', `neither ${way.integration.id} nor ${well.id}, which stands in for it and is well, was told ${what}`);
    }
    if (lateMs > exhaustedMs && !this.#isUndelivered(way, key, forgotten))
      this.violated(
        'I1',
        `${way.integration.id} was not told ${what}, nor was anybody in its place, and it is not on record as undelivered`,
      );
  }

  #isUndelivered({ receiver }: Way, key: string, sinceMs: number): boolean {
    const { read, now, wall, hasWallSteps } = this.#ports;
    const since = hasWallSteps ? 0 : wall() - Math.min(now() - sinceMs, wall());
    return read('SELECT firing FROM outbox WHERE undelivered_at_ms >= ? AND receiver = ?', since, receiver).some(({ firing }) =>
      this.#namesIn(firing).includes(key),
    );
  }

  /** Nobody was left who could be told: it was not well itself, and nor were those who stand in for it before the last resort. */
  #checkUndelivered(outboxId: string, groupKey: string): void {
    const { read, oracle, now, wall, hasWallSteps } = this.#ports;
    const row = read('SELECT * FROM outbox WHERE id = ?', outboxId)[0];
    const spec = row === undefined ? null : this.#specOf(row);
    const failure = row === undefined || spec === null ? null : this.#failureOf(row, spec);
    if (row === undefined || spec === null || failure === null || row['firing'] === '[]' || hasWallSteps) return;
    const since = now() - (wall() - failure.since);
    if (Math.max(this.health.controlSince, oracle.configSince) > since - 1000) return;
    const what = `${outboxId} of ${groupKey} counts as undelivered to ${spec.id}, which fails since ${stamp(since)}`;
    if (this.#unwellAt(spec) < since - oracle.longestIntervalMs - MINUTE_MS) return this.violated('I1', `${what}, though it was well`);
    const { fallback = [] } = oracle.scenario.receivers.find(({ name }) => name === receiverOf(spec)) ?? {};
    for (const { receiver, on } of fallback) {
      if (on.length < 2 || receiver === oracle.scenario.lastResort) continue;
      const well = oracle.integrationsOf(receiver).find((one) => this.#unwellAt(one) < since - MINUTE_MS - PAUSE_MS);
      if (well !== undefined) this.violated('I1', `${what}, though ${well.id}, which stands in for it, was well`);
    }
  }

  #failureOf(row: Row, spec: IntegrationSpec): { readonly since: number } | null {
    const group = this.#ports.read('SELECT integrations, stand_ins FROM alert_group WHERE id = ?', String(row['group_id']))[0];
    if (group === undefined) return null;
    type Known = {
      readonly receiver?: string;
      readonly name: string;
      readonly index: number;
      readonly failure: { readonly since: number } | null;
    };
    const all = [
      ...(JSON.parse(String(group['integrations'])) as readonly Known[]),
      ...(JSON.parse(String(group['stand_ins'])) as readonly Known[]),
    ];
    const one = all.find(
      ({ receiver = receiverOf(spec), name, index }) =>
        receiver === receiverOf(spec) && name === row['integration'] && index === Number(row['integration_index']),
    );
    return one?.failure ?? null;
  }

  /** What is asked at the claim: nothing goes out when all that it tells is silenced by then. */
  #checkSilencedSend({ integration, firing, resolved, atMs }: Taken): void {
    if (firing.length === 0 || resolved.length > 0 || integration.kind === 'email' || integration.kind === 'inbox') return;
    const allSince = (): number => Math.max(...firing.map((key) => this.#ports.oracle.alerts.get(key)?.silencedSince ?? NEVER));
    const since = allSince();
    if (atMs - Math.max(since, this.health.controlSince) > 30_000)
      this.#suspect('I3', `${integration.id} is told of ${firing.join()}, all silenced since ${stamp(since)}`, () => allSince() === since);
  }

  // ---- duties

  #checkDuties(): void {
    const { oracle, now } = this.#ports;
    const nowMs = now();
    for (const watched of oracle.alerts.values()) {
      if (watched.calmSince !== NEVER) this.#noteCalm(watched, nowMs);
      if (watched.firesSince === NEVER) continue;
      for (const way of watched.ways) {
        this.#mustHaveHeard(watched, way, nowMs);
        this.#mustHaveBeenStoodInFor(watched, way, nowMs);
      }
    }
    for (const { key, taken } of this.#told.believed()) {
      const watched = oracle.alerts.get(key);
      if (watched !== undefined && watched.calmSince !== NEVER) this.#mustHaveHeardTheEnd(watched, taken, nowMs);
    }
  }

  /** By alert and integration: until when its last silence between two fires was so long and clear that all was forgotten. */
  readonly #forgottenAt = new Map<string, number>();

  #noteCalm(watched: Watched, nowMs: number): void {
    for (const way of watched.ways) {
      const { calmSince } = watched;
      if (!way.integration.sendResolved) continue;
      const since = this.#surely(watched, way, calmSince);
      // Without the contract an end that was muted is never told: to who is not told it fires on.
      if (since > calmSince && !way.integration.contract) continue;
      if (nowMs - since > this.#ports.oracle.tellsWithinMs(way.route))
        this.#forgottenAt.set(`${watched.definition.key} ${way.integration.id}`, nowMs);
    }
  }

  /** Since when nothing stands between an alert and a receiver, given since when it is as it is. */
  #surely(watched: Watched, way: Way, since: number): number {
    // A telephone that rang in vain just before may have to ring once more before that is known.
    const knownMs = isTelephone(way.integration) ? KNOWN_MS : 0;
    return Math.max(this.#surelyOn(watched, way, since), this.health.providerSince(way.integration.id) + knownMs);
  }

  /** The same, whether the receiver takes it or not. */
  #surelyOn({ clearSince }: Watched, { route }: Way, since: number): number {
    const { oracle } = this.#ports;
    return Math.max(since, clearSince, oracle.unmutedSince(route), oracle.configSince, this.health.controlSince);
  }

  #mustHaveHeard(watched: Watched, way: Way, nowMs: number): void {
    const { oracle } = this.#ports;
    const since = this.#surely(watched, way, watched.firesSince);
    const withinMs = oracle.tellsWithinMs(way.route);
    if (nowMs - since <= withinMs) return;
    const { key } = watched.definition;
    const told = this.#told.lastFiring(way.integration, key);
    const forgotten = this.#forgottenAt.get(`${key} ${way.integration.id}`) ?? Number.NEGATIVE_INFINITY;
    // Who did not pick up is not called again while somebody looks after it.
    if ((told === null || told < forgotten) && isTelephone(way.integration) && this.#acks.mayHaveCovered(key)) return;
    if (told === null || told < forgotten)
      return this.violated(
        'I1',
        `${way.integration.id} was not told that ${key} fires, surely and clear since ${stamp(since)}${told === null ? '' : ` (last told ${stamp(told)})`}`,
      );
    if (this.#acks.mayCover(way.receiver, key)) return;
    const repeatMs = Math.max(way.route.repeatMs, way.route.intervalMs);
    if (nowMs - Math.max(since, told) > repeatMs + withinMs)
      this.violated(
        'I1',
        `${way.integration.id} was not told again that ${key} fires, for more than the repeat interval since ${stamp(told)}`,
      );
  }

  #mustHaveHeardTheEnd(watched: Watched, taken: Taken, nowMs: number): void {
    const { oracle } = this.#ports;
    const { integration } = taken;
    if (!integration.sendResolved) return;
    const [way] = this.#waysTo(taken, watched);
    if (way === undefined) return;
    if (!integration.contract && !this.#standsIn(taken)) {
      // Without the contract a resolve may be lost to a silence, an interval, a route that is gone or an answer, as in Alertmanager.
      const clear = Math.max(watched.clearSince, oracle.unmutedSince(way.route), oracle.configSince);
      if (
        taken.isUnsure ||
        clear > watched.falseSince - MINUTE_MS ||
        oracle.configSince > taken.atMs ||
        this.health.controlSince > taken.atMs
      )
        return;
    }
    const since = Math.max(
      watched.calmSince,
      oracle.configSince,
      this.health.controlSince,
      this.health.engineSince,
      this.health.providerSince(integration.id),
    );
    if (nowMs - since > oracle.tellsWithinMs(way.route) + this.#othersWithinMs())
      this.violated(
        'I8',
        `${integration.id} was told at ${stamp(taken.atMs)} that ${watched.definition.key} fires and never that it ended, calm since ${stamp(watched.calmSince)}`,
      );
  }

  /** A group whose route is gone goes by the root's times. */
  #othersWithinMs(): number {
    return this.#edited ? this.#ports.oracle.tellsWithinMs(this.#ports.oracle.scenario.root) : 0;
  }

  // ---- what is on disk

  #checkAlerts(): void {
    const { oracle, now, read } = this.#ports;
    const firing = new Set<string>();
    for (const { labels, resolve_reason } of read('SELECT labels, resolve_reason FROM alert'))
      if (resolve_reason === null) firing.add(keyOf(labelsOf(labels)));
    for (const [key, { firesSince, calmSince, definition }] of oracle.alerts) {
      if (now() - firesSince > 5000 && !firing.has(key))
        this.violated('L3', `${key} must fire since ${stamp(firesSince)} and does not (${definition.what})`);
      if (now() - calmSince > 5000 && firing.has(key))
        this.violated('I7', `${key} fires without a cause since ${stamp(calmSince)} (${definition.what})`);
    }
  }

  #checkSilences(): void {
    const { oracle, read, wall } = this.#ports;
    const rows = new Map(read('SELECT id, ends_at_ms FROM silence').map((row) => [String(row['id']), Number(row['ends_at_ms'])]));
    for (const { id, isSure, untilMs } of oracle.silences) {
      if (id === null) continue;
      const endsAt = rows.get(id);
      if (endsAt === undefined) this.violated('I5', `silence ${id} was answered with success and is not there`);
      else if (isSure && endsAt < untilMs - 1000) this.violated('I5', `silence ${id} ends at ${endsAt} instead of ${untilMs}`);
      else if (!isSure && untilMs < wall() - 5000 && endsAt > Math.max(untilMs, wall()) + 5000)
        this.violated('I5', `silence ${id} was ended and is back`);
    }
  }

  #checkAcknowledgements(): void {
    for (const { groupId, groupKey, atMs } of this.#acks.sure()) {
      const row = this.#ports.read('SELECT ack FROM alert_group WHERE id = ?', groupId)[0];
      // After an edit it may be another group's.
      const isSame = this.#ports.oracle.configSince < atMs;
      if (isSame && (row === undefined || row['ack'] === null))
        this.violated('I9', `${groupKey} is looked after since ${stamp(atMs)}, which was answered with success, and that is not there`);
    }
  }

  // ---- acknowledgements that are made at a provider

  readonly #madeThere = new Set<{ readonly integration: IntegrationSpec; readonly groupKey: string; readonly atMs: number }>();

  /** Somebody looks after it there: that is asked for, and counts here soon. */
  acknowledgedThere(integration: IntegrationSpec, groupKey: string): void {
    this.#madeThere.add({ integration, groupKey, atMs: this.#ports.now() });
  }

  #checkAcknowledgedThere(): void {
    const { oracle, now, read } = this.#ports;
    for (const made of this.#madeThere) {
      const { integration, groupKey, atMs } = made;
      const group = read('SELECT group_key, receiver, stand_ins, ack FROM alert_group').find(
        (row) => hashed(String(row['group_key'])) === groupKey,
      );
      const last = this.#told.lastOf(integration, groupKey);
      // What was told since, or too short before for that to have been seen open, may be other than what it was made for.
      const isClear =
        last !== null &&
        !last.endsGroup &&
        last.firing.length > 0 &&
        last.atMs < atMs - 2 * ROUND_MS &&
        oracle.configSince < last.atMs &&
        // What has fired anew since is another matter.
        last.firing.every((key) => (oracle.alerts.get(key)?.trueSince ?? NEVER) < last.atMs);
      // Who stood in and is needed no more is told of nothing, and asked for nothing.
      const receiver = receiverOf(integration);
      const isAsked = group?.['receiver'] === receiver || String(group?.['stand_ins']).includes(`"receiver":"${receiver}"`);
      const well = Math.max(this.health.controlSince, this.health.providerSince(integration.id));
      if (group === undefined || group['ack'] !== null || !isAsked || !isClear || well > atMs - 2 * ROUND_MS) {
        this.#madeThere.delete(made);
        continue;
      }
      const groups = Number(read('SELECT count(*) AS n FROM alert_group')[0]?.['n'] ?? 0);
      if (now() - atMs > (3 + Math.ceil(groups / 20)) * ROUND_MS)
        this.violated(
          'I9',
          `${String(group['group_key'])} is looked after at ${integration.id} since ${stamp(atMs)}, and nobody here knows`,
        );
    }
  }

  #acknowledgedFromThere(outboxId: string): void {
    const row = this.#ports.read('SELECT * FROM outbox WHERE id = ?', outboxId)[0];
    if (row !== undefined) this.acknowledging(this.#answerable(row))('done');
  }

  #readEvents(): void {
    const { read, oracle, now } = this.#ports;
    for (const row of read(EVENTS, this.#lastEvent)) {
      this.#lastEvent = Number(row['id']);
      const { stage, verdict, reason, fingerprint } = row;
      const detail = JSON.parse(String(row['detail'] ?? 'null')) as {
        readonly outboxId?: string;
        readonly by?: string;
        readonly fallback?: string;
      } | null;
      if (detail?.outboxId !== undefined) {
        const ids = this.#decided.get(String(verdict)) ?? new Set<string>();
        this.#decided.set(String(verdict), ids.add(detail.outboxId));
      }
      const key = fingerprint === null ? '' : this.#nameOf(String(fingerprint));
      this.#events.push(
        `${stamp(now())} ${String(stage)} ${String(verdict)} (${String(reason)}) ${key || String(row['group_key'])} ${String(row['detail'] ?? '')}`,
      );
      const watched = oracle.alerts.get(key);
      if (stage === 'resolve') this.#acks.ended(key);
      const groupKey = String(row['group_key']);
      if (verdict === 'acknowledgement_over') this.#acks.over(groupKey);
      if (verdict === 'escalated') for (const one of [groupKey, hashed(groupKey)]) this.#escalated.add(`${one} ${detail?.fallback}`);
      if (verdict === 'undelivered' && detail?.outboxId !== undefined) this.#checkUndelivered(detail.outboxId, groupKey);
      if (verdict === 'acknowledged' && detail?.by === THERE && detail.outboxId !== undefined) this.#acknowledgedFromThere(detail.outboxId);
      if (stage === 'resolve' && watched !== undefined) this.#checkResolve(watched, String(reason));
    }
  }

  #nameOf(fingerprint: string): string {
    if (!this.#fingerprints.has(fingerprint))
      for (const row of this.#ports.read('SELECT fingerprint, labels FROM alert'))
        this.#fingerprints.set(String(row['fingerprint']), keyOf(labelsOf(row['labels'])));
    return this.#fingerprints.get(fingerprint) ?? '';
  }

  /** Nothing ends while what it tells of surely goes on. */
  #checkResolve(watched: Watched, reason: string): void {
    const nowMs = this.#ports.now();
    const { key, lagMs, origin } = watched.definition;
    const trueMs = nowMs - watched.trueSince;
    const hadFault = (part: string): boolean => (this.#faultUntil.get(part) ?? 0) > nowMs - 10 * MINUTE_MS;
    const hasHeldMs: Readonly<Record<string, number>> = {
      // Data from before it held is out of sight.
      condition_false: lagMs + 7 * MINUTE_MS,
      data_missing: lagMs + 7 * MINUTE_MS,
      sender_silent: hadFault('state') ? NEVER : 9 * MINUTE_MS,
      // What was posted to a stopped process is read when it goes on.
      sender_resolved: nowMs - this.health.controlSince < MINUTE_MS ? NEVER : 2 * MINUTE_MS,
      rule_removed: watched.isConfigured && nowMs - this.#ports.oracle.configSince > 5 * MINUTE_MS ? 0 : NEVER,
    };
    const isFalse = trueMs > (hasHeldMs[reason] ?? 0);
    if (isFalse)
      this.violated(
        'I7',
        `${key} (${origin}) was resolved as ${reason}, though it has held since ${stamp(watched.trueSince)} (${watched.definition.what})`,
      );
  }

  /** Every row of the outbox has the events that tell of its decision and of its end. */
  #checkReasons(): void {
    for (const row of this.#ports.read('SELECT id, state, receiver, integration, integration_index FROM outbox')) {
      const id = String(row['id']);
      const state = String(row['state']);
      if (this.#decided.get('notify')?.has(id) !== true) return this.violated('I10', `nothing says why ${id} was decided`);
      const spec = this.#specOf(row);
      const hasIds = spec?.kind === 'webhook' || spec?.kind === 'email' || spec?.kind === 'inbox';
      if (state === 'accepted' && spec !== null && hasIds && !this.#told.hasTaken(spec, id))
        return this.violated('I1', `${id} counts as accepted, and ${spec.id} was never given it`);
      if (state === 'accepted' && this.#decided.get('accepted')?.has(id) !== true)
        return this.violated('I10', `nothing says that ${id} was accepted`);
      if (state === 'cancelled' && this.#decided.get('cancelled')?.has(id) !== true)
        return this.violated('I10', `nothing says why ${id} was cancelled`);
      // A provider may say only later that it did not arrive.
      if (state === 'failed' && !['failed', 'lost'].some((verdict) => this.#decided.get(verdict)?.has(id) === true))
        return this.violated('I10', `nothing says why ${id} failed`);
    }
  }

  #checkQueues(app: App): void {
    const { now, wall, read, oracle, hasWallSteps } = this.#ports;
    const nowMs = now();
    const wallMs = wall();
    const wellMs = nowMs - this.health.controlSince;
    const groups = Number(read('SELECT count(*) AS n FROM alert_group')[0]?.['n'] ?? 0);
    const open = Number(read(`SELECT count(*) AS n FROM outbox WHERE ${OPEN}`)[0]?.['n'] ?? 0);
    if (open > groups * PER_GROUP + 16) this.violated('I14', `${open} open rows in the outbox for ${groups} groups`);
    if (app.keeper.waiting > 1000 || app.delivery.waiting > groups * PER_GROUP + 16)
      this.violated('I14', `${app.keeper.waiting} steps and ${app.delivery.waiting} notifications wait`);
    if (wellMs < 90_000) return;
    const overdue = read('SELECT id, next_flush_at_ms FROM alert_group WHERE next_flush_at_ms < ? LIMIT 1', wallMs - 20_000)[0];
    if (overdue !== undefined)
      this.violated(
        'L2',
        `group ${String(overdue['id'])} should have flushed ${(wallMs - Number(overdue['next_flush_at_ms'])) / 1000} s ago`,
      );
    for (const row of read(`SELECT * FROM outbox WHERE ${OPEN} AND next_attempt_at_ms < ?`, wallMs - 30_000)) {
      const spec = this.#specOf(row);
      if (spec === null || nowMs - this.health.providerSince(spec.id) < 90_000) continue;
      const isClaimed = row['state'] === 'claimed';
      if (isClaimed ? Number(row['deadline_ms']) < wallMs - 90_000 : Number(row['deadline_ms']) > wallMs)
        this.violated('L2', `${String(row['id'])} for ${spec.id} is ${String(row['state'])} and nobody comes for it`);
    }
    const evaluationMs = oracle.scenario.evaluationMs;
    if (nowMs - Math.max(this.health.engineSince, oracle.configSince) > 3 * evaluationMs + 30_000)
      for (const { name } of oracle.scenario.rules) {
        const at = app.evaluated.get(`/etc/rules.yml;${name}`)?.at ?? 0;
        if (at < wallMs - 2 * evaluationMs - 20_000) this.violated('L3', `${name} was evaluated last ${(wallMs - at) / 1000} s ago`);
      }
    if (hasWallSteps) return;
    for (const row of read("SELECT * FROM outbox WHERE state = 'accepted' AND settled_at_ms > ?", this.#settledSeen)) {
      const spec = this.#specOf(row);
      const tookMs = Number(row['settled_at_ms']) - Number(row['created_at_ms']);
      const createdMs = nowMs - (wallMs - Number(row['created_at_ms']));
      if (spec === null || this.health.controlSince > createdMs - 15_000 || this.#provenAt(spec) > createdMs) continue;
      if (tookMs > SETTLED_MS) this.violated('I16', `${String(row['id'])} took ${tookMs} ms to ${spec.id}, which was well`);
    }
    this.#settledSeen = wallMs;
  }

  /** When it must be known that a provider is well: what hung in it is over, and it was tried again after a pause. */
  #provenAt(spec: IntegrationSpec): number {
    const { receivers } = this.#ports.oracle.scenario;
    const behind = receivers.flatMap(({ integrations }) => integrations.filter((one) => providerOf(one) === providerOf(spec)));
    const at = behind.map(({ id }) => {
      const hungUntil = this.#hungUntil.get(id) ?? Number.NEGATIVE_INFINITY;
      return Math.max(this.health.providerSince(id), hungUntil + this.#ports.oracle.longestIntervalMs);
    });
    return Math.max(...at) + PAUSE_MS;
  }

  #specOf(row: Row): IntegrationSpec | null {
    const receiver = this.#ports.oracle.scenario.receivers.find(({ name }) => name === row['receiver']);
    const ofKind = (receiver?.integrations ?? []).filter(({ kind }) => kind === row['integration']);
    return ofKind[Number(row['integration_index'])] ?? null;
  }

  /** What was decided and delivered, for the narration. */
  story(): readonly string[] {
    const told = this.#ports.providers.taken.map(({ atMs, integration, firing, resolved, isUnsure, groupKey }) => {
      const what = [firing.length > 0 ? `firing ${firing.join(', ')}` : '', resolved.length > 0 ? `resolved ${resolved.join(', ')}` : ''];
      return `${stamp(atMs)} ${integration.id} (${integration.kind}) took ${what.filter((text) => text !== '').join('; ')} of ${groupKey}${isUnsure ? ' (in doubt)' : ''}`;
    });
    return [...this.#events, ...told];
  }
}

const labelsOf = (json: unknown): Readonly<Record<string, string>> => {
  const parsed = JSON.parse(String(json)) as readonly string[] | readonly (readonly [string, string])[] | Readonly<Record<string, string>>;
  if (!Array.isArray(parsed)) return parsed as Readonly<Record<string, string>>;
  const flat = parsed.flat() as readonly string[];
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])));
};

const isStorageNotice = ({ firing, resolved }: Taken): boolean =>
  [...firing, ...resolved].some((key) => key.startsWith('TocsinStateNotStored/'));
const isTelephone = ({ kind }: IntegrationSpec): boolean => kind === 'phone' || kind === 'sms';
const receiverOf = ({ id }: IntegrationSpec): string => id.split('-')[0] ?? '';
/** Who is behind an integration: all mailboxes have one server, all telephones one provider. */
const providerOf = (spec: IntegrationSpec): string => (spec.kind === 'email' ? 'mail' : isTelephone(spec) ? TWILIO : spec.id);
/** As PagerDuty and Opsgenie are given a group key. */
const hashed = (groupKey: string): string => createHash('sha256').update(groupKey).digest('hex');

const sameKeys = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && [...a].sort().join() === [...b].sort().join();
