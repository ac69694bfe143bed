/** The built program as a user runs it: a folder with its files, a data directory, an address; started, killed, started again. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Ending, Program, type ProgramOptions, run } from './program.ts';
import { until } from './until.ts';

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = `${PACKAGE}dist/main.js`;

/** Tests of an old bundle would say nothing about the sources. */
let isBuilt = false;
function assertBuilt(): void {
  isBuilt ||= spawnSync(process.execPath, ['build.mjs', '--is-fresh'], { cwd: PACKAGE }).status === 0;
  if (!isBuilt) throw new Error('dist/ is missing or older than the sources: run "npm run build" before the end-to-end tests');
}

/** `tocsin ARGS`, to its end. */
export function tocsinCommand(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ending & { readonly stdout: string; readonly stderr: string }> {
  assertBuilt();
  return run(process.execPath, [MAIN, ...args], options);
}

export class Tocsin {
  readonly port: number;
  readonly dir: string;
  readonly #flags: readonly string[];
  readonly #data: string;
  /** All of its processes, the newest last. */
  readonly programs: Program[] = [];

  /** `dir` holds the configuration, is where it runs, and gets the data directory. Starts nothing. */
  constructor(dir: string, port: number, flags: readonly string[] = ['-c', 'tocsin.yml'], data = 'data') {
    this.dir = dir;
    this.port = port;
    this.#flags = flags;
    this.#data = data;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of all its processes so far. */
  get log(): string {
    return this.programs.map(({ stderr }) => stderr).join('');
  }

  /** The process that runs, or ran last. */
  get program(): Program {
    const program = this.programs.at(-1);
    if (program === undefined) throw new Error('BUG: it was not started');
    return program;
  }

  /** Starts a process; done when it is ready. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.launch(environment);
    await this.ready();
  }

  /** Starts a process and waits for nothing. */
  async launch(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    assertBuilt();
    await this.programs.at(-1)?.ended;
    const args = [MAIN, 'serve', ...this.#flags, '--data', this.#data, '--web.listen-address', `127.0.0.1:${this.port}`];
    this.programs.push(new Program(process.execPath, args, { cwd: this.dir, environment }));
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => (await this.get('/-/ready')).ok;
    await until('Tocsin to be ready', async () => this.program.ending !== null || isReady());
    if (this.program.ending !== null) throw new Error(`Tocsin ended instead of becoming ready: ${this.program.stderr}`);
  }

  /** Done when it answers at all: the API for alerts and silences does so before the metrics are read. */
  async listening(): Promise<void> {
    const answers = async (): Promise<boolean> => (await this.get('/-/healthy')).ok;
    await until('Tocsin to listen', async () => this.program.ending !== null || answers(), 10);
    if (this.program.ending !== null) throw new Error(`Tocsin ended instead of listening: ${this.program.stderr}`);
  }

  /** As kill -9 does. */
  async kill(): Promise<void> {
    await this.program.stop('SIGKILL');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending & { readonly tookMs: number }> {
    const began = performance.now();
    const ending = await this.program.stop(signal);
    return { ...ending, tookMs: performance.now() - began };
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(30_000), ...init });
  }

  post(path: string, body?: unknown): Promise<Response> {
    return this.get(
      path,
      body === undefined
        ? { method: 'POST' }
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
  }

  /** The `data` of an answer of Prometheus' API. */
  async data<T>(path: string): Promise<T> {
    const response = await this.get(path);
    const answer = (await response.json()) as { readonly data: T; readonly error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.data;
  }

  /** Series of an instant vector: their values, by their labels without the name. */
  async instant(query: string): Promise<ReadonlyMap<string, number>> {
    const { result } = await this.data<{
      readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[];
    }>(`/api/v1/query?${new URLSearchParams({ query })}`);
    return new Map(result.map(({ metric, value }) => [keyOf(metric), Number(value[1])]));
  }

  /** Done after two more evaluations of every rule group: what they and a restart or reload before would send has been sent. */
  async evaluatesTwice(): Promise<void> {
    const last = async (): Promise<number> => {
      const { groups } = await this.data<{ readonly groups: readonly { readonly lastEvaluation: string }[] }>('/api/v1/rules');
      return Math.min(...groups.map(({ lastEvaluation }) => Date.parse(lastEvaluation)));
    };
    for (let i = 0; i < 2; i++) {
      const before = await until('an evaluation', async () => (await last()) || null);
      await until('another evaluation', async () => (await last()) > before, 100);
    }
  }

  /** Done when a line of its log matches. */
  untilLogged(pattern: RegExp): Promise<string> {
    return until(`a line of log like ${pattern}`, () => pattern.exec(this.log)?.[0] ?? null);
  }
}

const keyOf = (metric: Readonly<Record<string, string>>): string =>
  Object.entries(metric)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
