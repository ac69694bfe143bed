/** What an end-to-end test plays on: a folder of its own, the programs and servers it starts; all gone when it ends. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { silentLog } from '../../../src/model/log.ts';
import { durationMs } from '../../../src/model/time.ts';
import type { RequestHandler } from '../../../src/platform/http-server.ts';
import { NodeHttpServer } from '../../../src/platform/real/node-http-server.ts';
import { SystemClock } from '../../../src/platform/real/system-clock.ts';
import { FakeSmtpServer } from '../fake-smtp-server.ts';
import { FakeTarget } from '../fake-target.ts';
import { WebhookCollector } from '../webhook-collector.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { Tocsin } from './tocsin.ts';
import { until } from './until.ts';

const clock = new SystemClock();
const httpServer = new NodeHttpServer(clock, silentLog);

export type Served = { readonly port: number; close(): Promise<void> };

export class Stage {
  readonly dir = mkdtempSync(`${tmpdir()}/tocsin-e2e-`);
  readonly #programs: Program[] = [];
  readonly #tocsins: Tocsin[] = [];
  readonly #closing: (() => Promise<unknown>)[] = [];

  /** Puts files into the folder; paths are relative to it. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(`${this.dir}/${path}`), { recursive: true });
      writeFileSync(`${this.dir}/${path}`, text);
    }
  }

  /** A Tocsin on this folder's files, not started yet; several need data directories of their own. */
  async tocsin(flags?: readonly string[], data?: string): Promise<Tocsin> {
    const tocsin = new Tocsin(this.dir, await freePort(), flags, data);
    this.#tocsins.push(tocsin);
    return tocsin;
  }

  program(binary: string, args: readonly string[]): Program {
    const program = new Program(binary, args, { cwd: this.dir });
    this.#programs.push(program);
    return program;
  }

  /** Starts a server of another project; done when the path answers 2xx. */
  async server(
    binary: string,
    args: readonly string[],
    { port, ready }: { readonly port: number; readonly ready: string },
  ): Promise<Program> {
    const program = this.program(binary, args);
    await until(`${binary} to be ready`, async () => {
      if (program.ending !== null) throw new Error(`it ended: ${program.stderr}`);
      return (await fetch(`http://127.0.0.1:${port}${ready}`)).ok;
    });
    return program;
  }

  async serve(handler: RequestHandler, port = 0): Promise<Served> {
    const server = await httpServer.listen({ host: '127.0.0.1', port }, handler);
    const close = (): Promise<void> => server.close({ graceMs: durationMs(0) });
    this.#closing.push(close);
    return { port: server.port, close };
  }

  async webhook(): Promise<{ readonly collector: WebhookCollector; readonly url: string }> {
    const collector = new WebhookCollector(clock);
    const { port } = await this.serve(collector.handler);
    return { collector, url: `http://127.0.0.1:${port}/` };
  }

  async target(): Promise<{ readonly target: FakeTarget; readonly address: string }> {
    const target = new FakeTarget(clock);
    const { port } = await this.serve(target.handler);
    return { target, address: `127.0.0.1:${port}` };
  }

  async smtp(): Promise<FakeSmtpServer> {
    const smtp = await FakeSmtpServer.start();
    this.#closing.push(() => smtp.close());
    return smtp;
  }

  /** What was printed on it, to understand a failure. */
  get logs(): string {
    return [...this.#tocsins.map(({ log }) => log), ...this.#programs.map(({ stderr }) => stderr)].join('\n---\n');
  }

  async close(): Promise<void> {
    const programs = [...this.#programs, ...this.#tocsins.flatMap(({ programs: all }) => all)];
    await Promise.all(programs.map((program) => program.stop('SIGKILL')));
    await Promise.all(this.#closing.map((close) => close()));
    rmSync(this.dir, { recursive: true });
  }
}
