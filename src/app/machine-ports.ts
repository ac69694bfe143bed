/** The application's ports on this machine. */
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Database, openDatabase } from '../db/database.ts';
import type { CrashPoints } from '../model/crash-point.ts';
import { smtpTransport } from '../notify/email/sender.ts';
import { twilioTelephony } from '../notify/twilio/sender.ts';
import type { RequestHandler } from '../platform/http-server.ts';
import { HostMetrics, machineReader } from '../platform/real/host-metrics.ts';
import { stderrLogger } from '../platform/real/logger.ts';
import { type InnerWay, NodeHttpServer } from '../platform/real/node-http-server.ts';
import { exposition, OwnMetrics } from '../platform/real/own-metrics.ts';
import { realPorts } from '../platform/real/ports.ts';
import { acquireProcessLock } from '../platform/real/process-lock.ts';
import { ResvgRasterizer } from '../platform/real/resvg-rasterizer.ts';
import { watchWallSteps } from '../platform/real/system-clock.ts';
import { startThread } from '../platform/real/threads.ts';
import type { AppPorts } from './app-ports.ts';
import type { AppOptions } from './options.ts';
import type { ToControl, ToEngine } from './protocol.ts';

export type MachinePorts = AppPorts & {
  /** Writes what is still in the log's buffer. */
  readonly flushLog: () => Promise<void>;
  /** Leads to a handler past everybody else. */
  readonly openInside: (handler: RequestHandler) => Promise<InnerWay>;
  /** From now on no timer keeps the process from ending. */
  readonly letProcessEnd: () => void;
};

/** The program runs from its bundle in dist/, or from src/app: the rest of the package lies beside either. */
const PACKAGE = import.meta.url.includes('/dist/') ? '..' : '../..';

/** With the migrations that come with the program. */
export const openStateDatabase = (path: string, crash?: CrashPoints): Database =>
  openDatabase(path, fileURLToPath(new URL(`${PACKAGE}/migrations/sqlite`, import.meta.url)), crash === undefined ? {} : { crash });

export function machinePorts(options: AppOptions): MachinePorts {
  const { log, flush } = stderrLogger(options.log);
  const ports = realPorts({ log, mail: smtpTransport, telephony: twilioTelephony, userAgent: `Tocsin/${options.version}` });
  const { clock } = ports;
  const host = new HostMetrics(machineReader, clock);
  return {
    ...ports,
    metrics: new OwnMetrics('control', clock),
    rasterizer: new ResvgRasterizer(log),
    exposition,
    startEngine: (engine) => startThread<ToEngine, ToControl>(new URL(`${PACKAGE}/dist/engine.js`, import.meta.url).href, engine, 'engine'),
    openDatabase: (path) => openStateDatabase(path, ports.crash),
    lock: (dataDir, tsdbDir) => acquireProcessLock(`${dataDir}/tocsin.lock`, { clock, flocks: [`${tsdbDir}/lock`] }),
    hostMetrics: () => host.render(),
    watchWallSteps: (onStep) => watchWallSteps(clock, ({ byMs }) => onStep(byMs)),
    localZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    hostname: hostname(),
    workingDirectory: process.cwd(),
    flushLog: flush,
    openInside: (handler) => new NodeHttpServer(clock, log).openInside(handler),
    letProcessEnd: () => clock.letProcessEnd(),
  };
}
