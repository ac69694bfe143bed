/**
 * Plays one scenario in a simulated world: the whole application with its API on the simulated network, webhooks that
 * keep what comes, our amtool for the steps that use one. With `restarting` the process is killed after every step
 * and booted again: nobody outside may see a difference.
 */
import { Command } from 'commander';
import { addServeFlags, canonicalArgs, serveOptions } from '../../../src/app/serve-options.ts';
import { durationMs, unixMs } from '../../../src/model/time.ts';
import type { RequestHandler } from '../../../src/platform/http-server.ts';
import { type SimProcess, SimWorld } from '../../../src/platform/sim/sim-world.ts';
import { stable } from '../../conformance/kind.ts';
import { runAmtool } from '../amtool-run.ts';
import { bootApp, serveHttp, writeFiles } from '../sim-app.ts';
import { type Body, judge, type WebhookJson } from './judge.ts';
import { endOf, type Scenario, type ScenarioStep, type WantedResponse } from './scenario.ts';

const SERVER = 'http://tocsin:9099';
/** In the configuration, in the place of a host. */
const COLLECTOR = /\/\/\{\{([\w-]+)\}\}/g;
const START = unixMs(1_767_225_600_000); // 2026-01-01T00:00:00Z

/** What went wrong; empty when all went as expected. */
export async function play(scenario: Scenario, { restarting = false } = {}): Promise<readonly string[]> {
  const run = new Play(scenario, restarting);
  return run.toEnd();
}

class Play {
  readonly #scenario: Scenario;
  readonly #restarting: boolean;
  readonly #world = new SimWorld({ seed: 1, start: START });
  /** The machine of whoever calls amtool. */
  readonly #client = this.#world.process({ host: 'client' });
  readonly #prefix: string;
  readonly #bodies: Body[] = [];
  readonly #requests = new Map<string, number>();
  readonly #silences = new Map<string, string>();
  readonly #saved = new Map<string, string>();
  readonly #problems: string[] = [];
  #files = 0;
  #zeroMs = 0;
  #process: SimProcess | null = null;

  constructor(scenario: Scenario, restarting: boolean) {
    this.#scenario = scenario;
    this.#restarting = restarting;
    this.#prefix = scenario.route_prefix ?? '';
  }

  async toEnd(): Promise<readonly string[]> {
    const { config, steps } = this.#scenario;
    for (const name of new Set([...config.matchAll(COLLECTOR)].map(([, host = '']) => host)))
      this.#world.network.serve(`${name}:80`, this.#collector(name));
    writeFiles(this.#world, { '/etc/tocsin.yml': config.replaceAll(COLLECTOR, '//$1') });
    await this.#boot();
    this.#zeroMs = this.#world.clock.now();
    for (const step of steps.toSorted((a, b) => a.at - b.at)) {
      await this.#until(step.at);
      await this.#step(step);
      if (this.#restarting) await this.#restart();
    }
    await this.#until(endOf(this.#scenario) + 0.1);
    return [...this.#problems, ...judge(this.#scenario, this.#bodies, this.#zeroMs)];
  }

  async #boot(): Promise<void> {
    const argv = ['-c', '/etc/tocsin.yml', '--data', '/data', '--web.listen-address', 'tocsin:9099', '--web.allow-anonymous'];
    const command = addServeFlags(new Command()).parse(canonicalArgs([...argv, ...(this.#scenario.flags ?? [])]), { from: 'user' });
    const { app, process } = await bootApp(this.#world, { options: serveOptions(command.opts(), '1.0.0') });
    await serveHttp(app, process);
    this.#process = process;
  }

  async #restart(): Promise<void> {
    if (this.#process !== null) this.#world.kill(this.#process);
    await this.#boot();
  }

  get #t(): number {
    return (this.#world.clock.now() - this.#zeroMs) / 1000;
  }

  async #until(t: number): Promise<void> {
    await this.#world.advance(Math.max(0, this.#zeroMs + t * 1000 - this.#world.clock.now()));
  }

  #collector(name: string): RequestHandler {
    const { clock } = this.#world;
    return async (request) => {
      const t = this.#t;
      const behaviour = this.#scenario.receivers_behaviour?.[name];
      const special = behaviour !== undefined && t < behaviour.until ? behaviour : null;
      const json = (await request.json()) as WebhookJson;
      if (special === null || special.record === true) this.#bodies.push({ t, collector: name, json });
      if (special === null) return new Response(null);
      const count = (this.#requests.get(name) ?? 0) + 1;
      this.#requests.set(name, count);
      if (special.max_requests !== undefined && count > special.max_requests)
        this.#problems.push(`${name}: request ${count} at ${t}, no more than ${special.max_requests} expected`);
      if (special.delay !== undefined) await new Promise<void>((resolve) => clock.after(durationMs((special.delay ?? 0) * 1000), resolve));
      return new Response(null, { status: special.status ?? 200 });
    };
  }

  async #step(step: ScenarioStep): Promise<void> {
    if (step.amtool !== undefined) return this.#amtool(step, step.amtool);
    const { method, path, body } = this.#requestOf(step);
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    const response = await this.#world.request(SERVER + path, init);
    const text = await response.text();
    const what = `${method} ${path} at ${step.at}`;
    if (step.set_silence !== undefined && response.ok)
      this.#silences.set(step.set_silence.ref, (JSON.parse(text) as { readonly silenceID: string }).silenceID);
    this.#check(what, step.expect_response ?? {}, { status: response.status, text });
  }

  #requestOf({ post_alerts: alerts, set_silence: silence, del_silence: ended, reload, request }: ScenarioStep): {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
  } {
    const api = `${this.#prefix}/api/v2`;
    if (alerts !== undefined) {
      const body = alerts.map(({ start, end, ...alert }) => ({
        ...alert,
        ...(start !== undefined && { startsAt: this.#time(start) }),
        ...(end !== undefined && { endsAt: this.#time(end) }),
      }));
      return { method: 'POST', path: `${api}/alerts`, body };
    }
    if (silence !== undefined) {
      const { start, end, matchers, created_by: createdBy = 'ana', comment = 'tested' } = silence;
      const body = { matchers, startsAt: this.#time(start), endsAt: this.#time(end), createdBy, comment };
      return { method: 'POST', path: `${api}/silences`, body };
    }
    if (ended !== undefined) return { method: 'DELETE', path: `${api}/silence/${this.#silences.get(ended) ?? ended}` };
    if (reload === true) return { method: 'POST', path: `${this.#prefix}/-/reload` };
    if (request === undefined) throw new Error('the step has no action');
    return { ...request, path: this.#withSilences(request.path) };
  }

  #check(what: string, wanted: WantedResponse, got: { readonly status: number; readonly text: string }): void {
    const problem = (text: string): void => void this.#problems.push(`${what}: ${text}, got ${got.status} ${got.text}`);
    const statuses = [wanted.status ?? 200].flat();
    if (!statuses.includes(got.status)) return problem(`status ${statuses.join(' or ')} expected`);
    if (wanted.body_contains !== undefined && !got.text.includes(wanted.body_contains)) problem(`"${wanted.body_contains}" expected`);
    if (wanted.count === undefined && wanted.each === undefined && wanted.first_alert === undefined) return undefined;
    const items = JSON.parse(got.text) as readonly unknown[];
    if (wanted.count !== undefined && items.length !== wanted.count) problem(`${wanted.count} items expected`);
    const compare = (item: unknown, fields: Readonly<Record<string, unknown>>): void => {
      for (const [path, value] of Object.entries(fields))
        if (stable(at(item, path)) !== this.#withSilences(stable(value))) problem(`${path} ${JSON.stringify(value)} expected`);
    };
    for (const item of items) compare(item, wanted.each ?? {});
    compare(at(items, '0.alerts.0'), wanted.first_alert ?? {});
    return undefined;
  }

  async #amtool(step: ScenarioStep, argv: readonly string[]): Promise<void> {
    const { clock, disk, http } = this.#client.ports;
    const words = [`--alertmanager.url=${SERVER}${this.#prefix}`, ...argv.flatMap((word) => this.#words(word))];
    const { code, stdout, stderr } = await this.#world.settled(runAmtool(words, { home: '/home/ana', ports: { clock, disk, http } }));
    const problem = (text: string): void => {
      this.#problems.push(`amtool ${argv.join(' ')} at ${step.at}: ${text}, got ${code} ${stdout}${stderr}`);
    };
    if ((code === 0) !== ((step.exit ?? 0) === 0)) problem(`exit code ${step.exit ?? 0} expected`);
    if (step.output_contains !== undefined && !(stdout + stderr).includes(step.output_contains))
      problem(`"${step.output_contains}" expected`);
    if (step.json_count !== undefined && (JSON.parse(stdout) as readonly unknown[]).length !== step.json_count)
      problem(`${step.json_count} items expected`);
    if (step.save_stdout !== undefined) this.#saved.set(step.save_stdout, stdout);
  }

  /** What stands for a word: ids of a saved list, a file with a saved or literal text, or the word with its times filled in. */
  #words(word: string): readonly string[] {
    const [, kind, text = ''] = /^\{\{(ids|file|literal):([\s\S]*)\}\}$/.exec(word) ?? [];
    const file = (content: string): readonly string[] => {
      const path = `/home/ana/file-${++this.#files}.json`;
      writeFiles(this.#world, { [path]: content }, 'client');
      return [path];
    };
    switch (kind) {
      case 'ids':
        return (JSON.parse(this.#saved.get(text) ?? '[]') as readonly { readonly id: string }[]).map(({ id }) => id);
      case 'file':
        return file(this.#saved.get(text) ?? '');
      case 'literal':
        return file(text);
      default:
        return [this.#withSilences(word.replaceAll(/\{\{time:(-?[\d.]+)\}\}/g, (_, seconds: string) => this.#time(Number(seconds))))];
    }
  }

  #time(seconds: number): string {
    return new Date(this.#zeroMs + seconds * 1000).toISOString();
  }

  #withSilences(text: string): string {
    return text.replaceAll(/\{\{silence:([\w-]+)\}\}/g, (_, ref: string) => this.#silences.get(ref) ?? `no silence ${ref}`);
  }
}

/** The value at a dotted path; `.length` counts. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
