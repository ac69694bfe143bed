/** `tocsin explain` on this machine. */
import { networkHttpClients } from '../../platform/real/http-clients.ts';
import { nodeDisk } from '../../platform/real/node-disk.ts';
import { write, writeError } from '../../platform/real/own-process.ts';
import { SystemClock } from '../../platform/real/system-clock.ts';
import { type ExplainAsked, explainClient } from './explain-client.ts';

/** Gives the exit code. */
export function runExplain(asked: ExplainAsked, version: string): Promise<number> {
  const clock = new SystemClock();
  const environment = (name: string): string | undefined => process.env[name];
  const http = networkHttpClients({ clock, disk: nodeDisk, environment, userAgent: `Tocsin/${version}` });
  return explainClient(asked, { http, now: clock.now(), print: write, printError: writeError });
}
