/**
 * A real pair of Prometheus servers with the same rules sends to Tocsin, as high availability has it: each scrapes and
 * evaluates on its own, the label that tells them apart is dropped on the way. Both are restarted, Tocsin is killed and
 * stopped, one at a time. The webhook hears of every episode once.
 */
import type { RequestHandler } from '../../src/platform/http-server.ts';
import { between, SimRandom } from '../../src/platform/sim/sim-random.ts';
import { freePort } from '../support/e2e/ports.ts';
import type { Program } from '../support/e2e/program.ts';
import { Stage } from '../support/e2e/stage.ts';
import { judgePair, type Told, type Verdict } from '../support/pair/judge.ts';
import { alertName, type Post, type Recording, writeRecording } from '../support/pair/recording.ts';
import { peer } from '../support/peers.ts';
import { pause } from './pause.ts';

const ALERTS = 8;
const REPLICAS = ['a', 'b'] as const;
/** An episode outlasts a stop of Tocsin and the next time that Prometheus repeats itself. */
const LONG_PACE = { resendMs: 30_000, episodeMs: [60_000, 100_000], restartMs: [25_000, 45_000] } as const;
const SHORT_PACE = { resendMs: 4000, episodeMs: [9000, 14_000], restartMs: [5000, 8000] } as const;
const GROUP_MS = 2000;

export type PairOptions = { readonly minutes: number; readonly seed: number; readonly recordTo: string | null };

export async function runPair({ minutes, seed, recordTo }: PairOptions): Promise<Verdict & { readonly recording: Recording }> {
  const stage = new Stage();
  try {
    const pair = new Pair(stage, seed, minutes >= 3 ? LONG_PACE : SHORT_PACE);
    await pair.start();
    try {
      await pair.play(minutes * 60_000);
    } finally {
      if (recordTo !== null) writeRecording(recordTo, pair.recording());
    }
    const recording = pair.recording();
    const verdict = judgePair(recording, pair.told());
    return { ...verdict, problems: [...verdict.problems, ...pair.problems], recording };
  } finally {
    await stage.close();
  }
}

class Pair {
  readonly #stage: Stage;
  readonly #random: SimRandom;
  readonly #pace: typeof LONG_PACE | typeof SHORT_PACE;
  readonly #episodes: [alert: number, from: number, to: number][] = [];
  readonly #downtimes: (readonly [from: number, to: number])[] = [];
  readonly #posts: Post[] = [];
  readonly #firing = new Set<number>();
  readonly #servers = new Map<string, { program: Program; readonly port: number }>();
  readonly problems: string[] = [];
  #zeroMs = 0;
  #tocsin: Awaited<ReturnType<Stage['tocsin']>> | null = null;
  #collector: Awaited<ReturnType<Stage['webhook']>>['collector'] | null = null;

  constructor(stage: Stage, seed: number, pace: typeof LONG_PACE | typeof SHORT_PACE) {
    this.#stage = stage;
    this.#random = new SimRandom(seed, 'pair');
    this.#pace = pace;
  }

  get #now(): number {
    return Date.now() - this.#zeroMs;
  }

  async start(): Promise<void> {
    const stage = this.#stage;
    const [target, proxy, { collector, url }] = await Promise.all([stage.serve(this.#target), stage.serve(this.#proxy), stage.webhook()]);
    this.#collector = collector;
    stage.write({ 'tocsin.yml': tocsinConfig(url), 'rules.yml': RULES });
    for (const replica of REPLICAS) stage.write({ [`${replica}.yml`]: prometheusConfig(replica, target.port, proxy.port) });
    this.#tocsin = await stage.tocsin();
    await this.#tocsin.start();
    this.#zeroMs = Date.now();
    await this.#startPrometheus('a', await freePort());
    await pause(1700); // they are never in step
    await this.#startPrometheus('b', await freePort());
  }

  async #startPrometheus(replica: string, port: number): Promise<void> {
    const args = [
      `--config.file=${replica}.yml`,
      `--storage.tsdb.path=data-${replica}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--rules.alert.resend-delay=${this.#pace.resendMs}ms`,
      '--log.level=warn',
    ];
    this.#servers.set(replica, { program: await this.#stage.server(peer('prometheus'), args, { port, ready: '/-/ready' }), port });
  }

  readonly #target: RequestHandler = () =>
    new Response(Array.from({ length: ALERTS }, (_, i) => `load{name="${i}"} ${this.#firing.has(i) ? 1 : 0}\n`).join(''), {
      headers: { 'content-type': 'text/plain' },
    });

  /** Between Prometheus and Tocsin: keeps what passes. The first part of the path is the replica. */
  readonly #proxy: RequestHandler = async (request) => {
    const at = this.#now;
    const [, replica = '', path = ''] = /^\/(\w+)(\/.*)$/.exec(new URL(request.url).pathname) ?? [];
    const body = await request.text();
    const response = await fetch(`${this.#tocsin?.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(5000),
    }).catch(() => null);
    const json = JSON.parse(body) as readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly startsAt: string;
      readonly endsAt: string;
    }[];
    const time = (text: string): number => Date.parse(text) - this.#zeroMs;
    const alerts = json.map(({ labels, startsAt, endsAt }) => [Number(labels['name']), time(startsAt), time(endsAt)] as const);
    this.#posts.push({ at, replica, isTaken: response?.ok ?? false, alerts });
    if (json.some(({ labels }) => 'replica' in labels)) this.problems.push('a post tells the replicas apart');
    if (response !== null && !response.ok) this.problems.push(`a post was answered ${response.status} ${await response.text()}`);
    return new Response(null, { status: response?.status ?? 502 });
  };

  /** Alerts come and go, something is restarted now and then; in the end all is over and told. */
  async play(forMs: number): Promise<void> {
    const end = this.#now + forMs;
    const { episodeMs, restartMs, resendMs } = this.#pace;
    const draw = ([low, high]: readonly [number, number]): number => between(this.#random, low, high);
    const flipsAt = Array.from({ length: ALERTS }, () => this.#now + draw([1000, episodeMs[0]]));
    let restartAt = this.#now + draw(restartMs);
    let restart: Promise<void> = Promise.resolve();
    let restarts = 0;
    for (; this.#now < end; await pause(50)) {
      for (const [alert, at] of flipsAt.entries()) {
        if (this.#now < at) continue;
        flipsAt[alert] = this.#now + draw(episodeMs);
        this.#flip(alert);
      }
      if (this.#now < restartAt) continue;
      restartAt = this.#now + draw(restartMs);
      // One at a time: a pair that is away together has nobody to say that something is over.
      restart = restart.then(() => this.#restart(['tocsin', 'a', 'tocsin', 'b'][restarts++ % 4] ?? ''));
    }
    await restart;
    // An episode that has just begun is still to be told of.
    await pause(resendMs + 3 * GROUP_MS);
    for (const alert of [...this.#firing]) this.#flip(alert);
    await this.#untilQuiet(2 * resendMs + 4 * GROUP_MS);
  }

  #flip(alert: number): void {
    if (this.#firing.delete(alert)) {
      const open = this.#episodes.findLast(([number]) => number === alert);
      if (open !== undefined) open[2] = this.#now;
    } else {
      this.#firing.add(alert);
      this.#episodes.push([alert, this.#now, Number.POSITIVE_INFINITY]);
    }
  }

  async #restart(what: string): Promise<void> {
    const signal = this.#random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM';
    const downMs = between(this.#random, 200, 3000);
    if (what === 'tocsin') {
      const from = this.#now;
      await this.#tocsin?.program.stop(signal);
      await pause(downMs);
      await this.#tocsin?.start();
      this.#downtimes.push([from, this.#now]);
      return;
    }
    const server = this.#servers.get(what);
    if (server === undefined) return;
    await server.program.stop(signal);
    await pause(downMs);
    await this.#startPrometheus(what, server.port);
  }

  /** Until everything has been told, or that should long have happened. */
  async #untilQuiet(withinMs: number): Promise<void> {
    const end = this.#now + withinMs;
    const isOver = (): boolean => {
      const last = new Map(this.told().map(({ alert, status }) => [alert, status]));
      return this.#episodes.every(([alert]) => last.get(alert) === 'resolved');
    };
    while (this.#now < end && !isOver()) await pause(100);
    await pause(2 * GROUP_MS); // for what should not come
  }

  told(): readonly Told[] {
    return (this.#collector?.received ?? []).map(({ at, headers, body }) => {
      const { status, groupLabels } = JSON.parse(body) as {
        readonly status: string;
        readonly groupLabels: Readonly<Record<string, string>>;
      };
      const alert = Number(groupLabels['alertname']?.slice(alertName(0).length - 1));
      return { at: at - this.#zeroMs, alert, status, key: headers.get('idempotency-key') ?? '' };
    });
  }

  recording(): Recording {
    return { episodes: this.#episodes, downtimes: this.#downtimes, posts: this.#posts.toSorted((a, b) => a.at - b.at) };
  }
}

/** Every second alert has to hold for a while first. */
const RULES = `groups:
  - name: load
    rules:
${Array.from({ length: ALERTS }, (_, i) => `      - {alert: ${alertName(i)}, expr: 'load{name="${i}"} > 0', for: ${i % 2 === 0 ? '0s' : '2s'}}`).join('\n')}
`;

const prometheusConfig = (replica: string, target: number, proxy: number): string => `
global:
  scrape_interval: 1s
  evaluation_interval: 1s
  external_labels: {cluster: test, replica: ${replica}}
scrape_configs: [{job_name: load, static_configs: [{targets: ['127.0.0.1:${target}']}]}]
rule_files: [rules.yml]
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers: [{path_prefix: /${replica}, static_configs: [{targets: ['127.0.0.1:${proxy}']}]}]
`;

const tocsinConfig = (hook: string): string => `
route: {receiver: hook, group_by: [alertname], group_wait: ${GROUP_MS}ms, group_interval: ${GROUP_MS}ms}
receivers: [{name: hook, webhook_configs: [{url: '${hook}'}]}]
`;
