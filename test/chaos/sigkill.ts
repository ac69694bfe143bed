/**
 * Kills the built program at every labelled place, at the first, second and a later pass of it, and starts it again, in
 * chains: each life has to finish what the one before left behind, then goes through a cycle of its own (alerts from a
 * rule and from outside begin, a silence, a reload, all is over, a stop) and dies somewhere on the way. In the end
 * what the provider got and what the ledger says must be the same: nothing lost, nothing left open, a notification
 * repeated at most once a kill, and under its own key.
 */
import Sqlite from 'better-sqlite3';
import { Stage } from '../support/e2e/stage.ts';
import type { Tocsin } from '../support/e2e/tocsin.ts';
import type { FakeTarget } from '../support/fake-target.ts';
import { pause } from './pause.ts';
import { type Arrived, WORKLOADS, type Workload, type WorkloadName } from './workload.ts';

/** Where a life ends: at the nth pass of a label since its start. */
export type Death = { readonly label: string; readonly pass: number };

export type SigkillVerdict = {
  readonly problems: readonly string[];
  readonly kills: number;
  readonly cycles: number;
  readonly notifications: number;
  /** Notifications that arrived once more: their first result was unknown. */
  readonly repeats: number;
  /** The labels at which a life ended. */
  readonly killedAt: readonly string[];
};

/** Of one life. A life that is stuck ends so, as a problem. */
const LIFE_MS_MAX = 120_000;
const ALERTS = ['Down', 'Posted'] as const;

/** Lives through the deaths in turn, in one data directory; stops early when `isOver`. */
export async function runChain(
  workload: WorkloadName,
  deaths: readonly Death[],
  isOver: () => boolean,
  onKill: () => void,
): Promise<SigkillVerdict> {
  const stage = new Stage();
  const chain = new Chain(stage, await WORKLOADS[workload](stage), await stage.tocsin());
  try {
    await chain.prepare();
    for (const death of deaths) {
      if (isOver()) break;
      if (await chain.live(death)) onKill();
    }
    await chain.live(null);
    return await chain.verdict();
  } catch (error) {
    const problem = `${workload} after ${chain.history}: ${error instanceof Error ? error.message : String(error)}\n${stage.logs.slice(-4000)}`;
    return { ...chain.soFar, problems: [problem], notifications: 0, repeats: 0 };
  } finally {
    await stage.close();
  }
}

/** How far a cycle has got; each is done by as many lives as it takes. */
type Cycle = { readonly number: number; readonly startsAt: string; isSilenced: boolean; isReloaded: boolean };

class Chain {
  readonly #stage: Stage;
  readonly #workload: Workload;
  readonly #tocsin: Tocsin;
  readonly #silences: string[] = [];
  readonly #problems: string[] = [];
  /** When a life was killed. */
  readonly #kills: { readonly at: number; readonly death: Death }[] = [];
  #target: FakeTarget | null = null;
  #cycle: Cycle | null = null;
  #cycles = 0;
  #notifications: readonly Notification[] = [];
  #arrived: readonly Arrived[] = [];

  constructor(stage: Stage, workload: Workload, tocsin: Tocsin) {
    this.#stage = stage;
    this.#workload = workload;
    this.#tocsin = tocsin;
  }

  /** For a person who looks for a cause. */
  get history(): string {
    return this.#kills.map(({ death }) => `${death.label}:${death.pass}`).join(' ');
  }

  async prepare(): Promise<void> {
    const { target, address } = await this.#stage.target();
    this.#target = target;
    this.#expose();
    this.#configure(address);
    this.#address = address;
  }
  #address = '';

  /** The rule looks back: a scrape that a busy machine lets fail is no end of an alert. */
  #configure(address: string): void {
    this.#stage.write({
      'tocsin.yml': `# cycle ${this.#cycles}
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
scrape_configs: [{job_name: api, static_configs: [{targets: ['${address}']}]}]
rule_files: [rules.yml]
route: {receiver: team, group_by: [alertname, cycle], group_wait: 100ms, group_interval: 500ms}
receivers: [{name: team, ${this.#workload.receiver}}]
`,
      'rules.yml': 'groups: [{name: api, rules: [{alert: Down, expr: "last_over_time(down[1m]) > 0"}]}]\n',
    });
  }

  /** The target's metrics: the cycle's alert is on while `isDown`. */
  #expose(isDown = false): void {
    if (this.#target !== null) this.#target.exposition = `down{cycle="${this.#cycles}"} ${isDown ? 1 : 0}\n`;
  }

  /** One life; whether it was killed where it should. Null: it lives, finishes everything, and stops. */
  async live(death: Death | null): Promise<boolean> {
    await this.#tocsin.launch(death === null ? {} : { TOCSIN_CRASH_AT: `${death.label}:${death.pass}` });
    const { program } = this.#tocsin;
    const deadline = performance.now() + LIFE_MS_MAX;
    const work = this.#liveThrough(death !== null).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    const timeout = new Promise<'stuck'>((resolve) =>
      setTimeout(() => resolve('stuck'), Math.max(0, deadline - performance.now())).unref(),
    );
    const outcome = await Promise.race([program.ended.then(() => 'ended' as const), work.then(() => 'lived' as const), timeout]);
    if (outcome === 'stuck') {
      this.#problems.push(`stuck, living until ${JSON.stringify(death)}, after ${this.history}: ${await this.#whatIsMissing()}`);
      await program.stop('SIGKILL');
    } else if (outcome === 'lived') await program.stop('SIGTERM');
    const { code, signal } = await program.ended;
    const error = await work;
    if (outcome === 'lived' && error !== undefined && signal !== 'SIGKILL') this.#problems.push(`${error.message}`);
    if (signal === 'SIGKILL' && outcome !== 'stuck') {
      if (death !== null) this.#kills.push({ at: Date.now(), death });
      return true;
    }
    if (code !== 0 && outcome !== 'stuck') this.#problems.push(`ended with ${code} ${signal}: ${program.stderr.slice(-500)}`);
    return false;
  }

  /** Finishes the cycle under way, then one of its own; a request that the process does not live to answer ends it. */
  async #liveThrough(withOwnCycle: boolean): Promise<void> {
    await this.#tocsin.ready();
    if (this.#cycle !== null) await this.#finish(this.#cycle);
    if (withOwnCycle) {
      this.#cycles++;
      this.#cycle = { number: this.#cycles, startsAt: new Date().toISOString(), isSilenced: false, isReloaded: false };
      await this.#finish(this.#cycle);
    }
    await this.#untilTold(() => this.#isLedgerClosed());
    this.#arrived = await this.#workload.arrived(this.#tocsin);
  }

  /** Every step can be done again: what was not answered may have been done. */
  async #finish(cycle: Cycle): Promise<void> {
    const tells = (status: string) => () => this.#isTold(cycle, status);
    if (!(await this.#isTold(cycle, 'firing'))) {
      this.#expose(true);
      await this.#post(cycle, null);
    }
    if (!cycle.isSilenced) {
      const id = await this.#silence(cycle);
      this.#silences.push(id);
      cycle.isSilenced = true;
    }
    if (!cycle.isReloaded) {
      this.#configure(this.#address);
      await ok(this.#tocsin.post('/-/reload'));
      cycle.isReloaded = true;
    }
    await this.#untilTold(tells('firing'));
    if (!(await this.#isTold(cycle, 'resolved'))) {
      this.#expose(false);
      await this.#post(cycle, new Date().toISOString());
      await this.#untilTold(tells('resolved'));
    }
    this.#cycle = null;
  }

  async #post({ number, startsAt }: Cycle, endsAt: string | null): Promise<void> {
    const alert = { labels: { alertname: 'Posted', cycle: String(number) }, startsAt, ...(endsAt === null ? {} : { endsAt }) };
    await ok(this.#tocsin.post('/api/v2/alerts', [alert]));
  }

  async #silence({ number }: Cycle): Promise<string> {
    const response = await ok(
      this.#tocsin.post('/api/v2/silences', {
        matchers: [{ name: 'unrelated', value: String(number), isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: 'chaos',
        comment: `cycle ${number}`,
      }),
    );
    return ((await response.json()) as { readonly silenceID: string }).silenceID;
  }

  async #isTold({ number }: Cycle, status: string): Promise<boolean> {
    const subjects = new Set((await this.#workload.arrived(this.#tocsin)).map(({ subject }) => subject));
    return ALERTS.every((alert) => subjects.has(`${status} ${alert} ${number}`));
  }

  async #isLedgerClosed(): Promise<boolean> {
    this.#notifications = await readLedger(this.#tocsin);
    return this.#notifications.every(({ state }) => ['accepted', 'confirmed', 'cancelled'].includes(state));
  }

  async #untilTold(isDone: () => Promise<boolean>): Promise<void> {
    while (!(await isDone())) {
      if (this.#tocsin.program.ending !== null) throw new Error('it died');
      await pause(40);
    }
  }

  async #whatIsMissing(): Promise<string> {
    const subjects = (await this.#workload.arrived(this.#tocsin).catch(() => [])).map(({ subject }) => subject);
    const open = (await readLedger(this.#tocsin).catch(() => [])).filter(({ state }) => state !== 'accepted');
    return `cycle ${this.#cycle?.number}, arrived: ${subjects.slice(-6).join(', ')}; open: ${JSON.stringify(open)}`;
  }

  async verdict(): Promise<SigkillVerdict> {
    const problems = [...this.#problems];
    const arrivedByKey = new Map<string, readonly Arrived[]>();
    for (const one of this.#arrived) arrivedByKey.set(one.key, [...(arrivedByKey.get(one.key) ?? []), one]);
    for (let cycle = 1; cycle <= this.#cycles; cycle++) {
      for (const alert of ALERTS) {
        for (const status of ['firing', 'resolved']) {
          const subject = `${status} ${alert} ${cycle}`;
          const keys = new Set(this.#arrived.filter((one) => one.subject === subject).map(({ key }) => key));
          if (keys.size !== 1) problems.push(`"${subject}" was told ${keys.size} times`);
        }
      }
    }
    const accepted = this.#notifications.filter(({ state }) => state === 'accepted' || state === 'confirmed');
    if (accepted.length !== arrivedByKey.size) problems.push(`the ledger has ${accepted.length} accepted, ${arrivedByKey.size} arrived`);
    for (const [key, all] of arrivedByKey) {
      const row = accepted.find(({ id }) => id === all[0]?.id);
      if (row === undefined && all[0]?.id !== null) problems.push(`${key} arrived and is not accepted in the ledger`);
      const kills = row === undefined ? all.length - 1 : this.#kills.filter(({ at }) => at >= row.createdAt && at <= row.settledAt).length;
      if (all.length - 1 > kills * this.#workload.repeatsPerKill) problems.push(`${key} arrived ${all.length} times over ${kills} kills`);
    }
    problems.push(...this.#onDisk(), ...(await this.#lostSilences()));
    const repeats = this.#arrived.length - arrivedByKey.size;
    if (repeats > this.#kills.length) problems.push(`${repeats} repeats and only ${this.#kills.length} kills`);
    return {
      ...this.soFar,
      problems: problems.map((problem) => `${problem} [${this.history}]`),
      notifications: arrivedByKey.size,
      repeats,
    };
  }

  get soFar(): Pick<SigkillVerdict, 'kills' | 'cycles' | 'killedAt'> {
    return { kills: this.#kills.length, cycles: this.#cycles, killedAt: this.#kills.map(({ death }) => death.label) };
  }

  /** What the database itself says, after the stop. */
  #onDisk(): readonly string[] {
    const db = new Sqlite(`${this.#stage.dir}/data/state.db`, { readonly: true });
    try {
      const problems: string[] = [];
      const check = db.pragma('integrity_check', { simple: true });
      if (check !== 'ok') problems.push(`state.db is damaged: ${String(check)}`);
      const rows = db.prepare('select id, state from outbox').all() as readonly { readonly id: string; readonly state: string }[];
      const states = (all: readonly { readonly id: string; readonly state: string }[]): string =>
        JSON.stringify(all.map(({ id, state }) => `${id} ${state}`).sort());
      if (states(rows) !== states(this.#notifications)) problems.push('the API and state.db name different notifications');
      return problems;
    } finally {
      db.close();
    }
  }

  async #lostSilences(): Promise<readonly string[]> {
    await this.#tocsin.start();
    const found = (await (await this.#tocsin.get('/api/v2/silences')).json()) as readonly { readonly id: string }[];
    await this.#tocsin.stop();
    const ids = new Set(found.map(({ id }) => id));
    return this.#silences.filter((id) => !ids.has(id)).map((id) => `silence ${id} was answered 2xx and is gone`);
  }
}

type Notification = { readonly id: string; readonly state: string; readonly createdAt: number; readonly settledAt: number };

/** All of them, page by page. */
async function readLedger(tocsin: Tocsin): Promise<readonly Notification[]> {
  type Json = { readonly id: string; readonly state: string; readonly createdAt: string; readonly settledAt: string | null };
  const all: Notification[] = [];
  for (let before: string | null = ''; before !== null; ) {
    const query: string = before === '' ? '' : `&before=${encodeURIComponent(before)}`;
    const page = (await (await ok(tocsin.get(`/api/tocsin/v1/notifications?limit=500${query}`))).json()) as {
      readonly notifications: readonly Json[];
      readonly next?: string | null;
    };
    all.push(
      ...page.notifications.map(({ id, state, createdAt, settledAt }) => ({
        id,
        state,
        createdAt: Date.parse(createdAt),
        settledAt: settledAt === null ? Number.POSITIVE_INFINITY : Date.parse(settledAt),
      })),
    );
    before = page.next ?? null;
  }
  return all;
}

async function ok(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`answered ${response.status} ${await response.text()}`);
  return response;
}
