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
