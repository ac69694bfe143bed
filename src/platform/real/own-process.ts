/** This process as the operating system sees it: its signals and its end. */

/** SIGTERM and SIGINT ask for the end, SIGHUP for a reload. */
export function onSignals(handlers: { readonly stop: () => void; readonly reload: () => void }): void {
  process.on('SIGTERM', handlers.stop);
  process.on('SIGINT', handlers.stop);
  process.on('SIGHUP', handlers.reload);
}

/** Ends the process whatever it still waits for. */
export function exitProcess(code: number): never {
  process.exit(code);
}

export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Text as it is, without a line break of its own. */
export function write(text: string): void {
  process.stdout.write(text);
}

/** When nobody reads the output any more (`… | head`) the process ends as a signal would end it, without a word. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(BROKEN_PIPE);
  });
}
/** What a shell makes of SIGPIPE. */
const BROKEN_PIPE = 141;

export function writeError(text: string): void {
  process.stderr.write(text);
}

export const standardInput = {
  get isTerminal(): boolean {
    return process.stdin.isTTY === true;
  },
  read: async (): Promise<Uint8Array> => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
    return Buffer.concat(chunks);
  },
};
