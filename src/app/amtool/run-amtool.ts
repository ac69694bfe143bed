/** `tocsin amtool` on this machine. */
import { userInfo } from 'node:os';
import { networkHttpClients } from '../../platform/real/http-clients.ts';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { endWithReader, standardInput, write, writeError } from '../../platform/real/own-process.ts';
import { SystemClock } from '../../platform/real/system-clock.ts';
import { amtool } from './amtool.ts';

/** Runs one command; gives the exit code. */
export async function runAmtool(argv: readonly string[], version: string): Promise<number> {
  endWithReader();
  const clock = new SystemClock();
  const environment = (name: string): string | undefined => process.env[name];
  return amtool(
    argv,
    {
      clock,
      disk: nodeDisk,
      environment,
      http: networkHttpClients({ clock, disk: nodeDisk, environment, userAgent: `Tocsin/${version}` }),
      localZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      username,
      input: standardInput,
      print: write,
      printError: writeError,
    },
    version,
  );
}

/** '' for a user without an entry in the machine's list, as in a container with --user. */
function username(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return '';
    throw error;
  }
}
