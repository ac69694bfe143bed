/** A real process of a test: what it prints is kept, how it ends is known, and it never outlives the test run. */
import { type ChildProcess, spawn } from 'node:child_process';

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ProgramOptions = {
  readonly cwd?: string;
  /** Besides what this process has. */
  readonly environment?: Readonly<Record<string, string>>;
};

const alive = new Set<ChildProcess>();
// A test run that is broken off leaves nothing behind.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class Program {
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  /** Null while it runs. */
  ending: Ending | null = null;
  /** Done when it has ended and all that it printed is here. */
  readonly ended: Promise<Ending>;

  constructor(binary: string, args: readonly string[], { cwd, environment = {} }: ProgramOptions = {}) {
    const child = spawn(binary, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child = child;
    alive.add(child);
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending): void => {
        alive.delete(child);
        this.ending ??= ending;
        resolve(this.ending);
      };
      child.on('close', (code, signal) => end({ code, signal }));
      child.on('error', (error) => {
        this.#stderr += `${error.message}\n`;
        end({ code: null, signal: null });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends the signal unless it has ended already; done when it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    if (this.ending === null) this.#child.kill(signal);
    return this.ended;
  }
}

/** Runs it to its end. */
export async function run(
  binary: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ending & { readonly stdout: string; readonly stderr: string }> {
  const program = new Program(binary, args, options);
  const ending = await program.ended;
  return { ...ending, stdout: program.stdout, stderr: program.stderr };
}
