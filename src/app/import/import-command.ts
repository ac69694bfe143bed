/** `tocsin import-alertmanager` on this machine. */
import type { Command } from 'commander';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { write, writeError } from '../../platform/real/own-process.ts';
import { acquireProcessLock } from '../../platform/real/process-lock.ts';
import { SystemClock } from '../../platform/real/system-clock.ts';
import { openStateDatabase } from '../machine-ports.ts';
import { addServeFlags, serveOptions } from '../serve-options.ts';
import { importAlertmanager } from './import-alertmanager.ts';

/** Of `serve`: where the data directory is, and what decides whether a silence is taken. */
const FLAGS = ['storage.path', 'silences.max-silences', 'silences.max-silence-size-bytes', 'enable-feature'];

const NOTES = `
Tocsin must not be running; run this as the user that it runs as. Stop Alertmanager first: it writes its files when it ends, and otherwise every 15 minutes.
What was imported before is not imported again: the command can be repeated. The notification log stays behind.`;

/** Adds it; `done` gets the exit code. */
export function addImportCommand(program: Command, version: string, done: (exitCode: number) => void): void {
  const command = program
    .command('import-alertmanager')
    .description('take over the silences of an Alertmanager from its files; exit 1 if one cannot be')
    .argument('<storage-path>', "the directory of that Alertmanager's --storage.path")
    .addHelpText('after', NOTES)
    .exitOverride();
  addServeFlags(command, FLAGS).action(async (storagePath: string, values: Parameters<typeof serveOptions>[0]) => {
    const clock = new SystemClock();
    const outcome = await importAlertmanager(storagePath, serveOptions(values, version), {
      clock,
      disk: nodeDisk,
      lock: (dataDir) => acquireProcessLock(`${dataDir}/tocsin.lock`, { clock }),
      openDatabase: openStateDatabase,
    });
    write(outcome.out);
    writeError(outcome.errors);
    done(outcome.code);
  });
}
