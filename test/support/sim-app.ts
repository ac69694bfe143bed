/** The whole application booted in a simulated world: production code, engine inline, its database on files that outlive it. */
import { App } from '../../src/app/app.ts';
import type { AppPorts } from '../../src/app/app-ports.ts';
import type { EngineOptions } from '../../src/app/engine/engine.ts';
import { startInlineEngine } from '../../src/app/engine/inline.ts';
import { appServer } from '../../src/app/http/app-server.ts';
import { noMetrics } from '../../src/app/metrics.ts';
import type { AppOptions } from '../../src/app/options.ts';
import type { ToControl, ToEngine } from '../../src/app/protocol.ts';
import { serveOptions } from '../../src/app/serve-options.ts';
// Loaded at its first request in a real process, which no simulated time would wait for.
import '../../src/api/tocsin-v1/routes.ts';
import { openDatabase } from '../../src/db/database.ts';
import { watchWallSteps } from '../../src/platform/real/system-clock.ts';
import { type ProcessLife, SimulatedCrash } from '../../src/platform/sim/sim-crash.ts';
import { between, SimRandom } from '../../src/platform/sim/sim-random.ts';
import type { SimProcess, SimWorld } from '../../src/platform/sim/sim-world.ts';
import type { EngineProcess } from '../../src/platform/transport.ts';
import { SimSqlite } from './sim-sqlite.ts';

const MIGRATIONS = 'migrations/sqlite';

/** Options as from a command line; the configuration is read from /etc of the simulated disk. */
export const simOptions = (flags: Readonly<Record<string, string | boolean | readonly string[]>> = {}): AppOptions =>
  serveOptions(
    {
      'config.file': ['/etc/tocsin.yml'],
      'storage.path': '/data',
      'web.listenAddress': ['tocsin:9099'],
      'web.allowAnonymous': true,
      ...flags,
    },
    '1.0.0',
  );

/** Puts files on the disk of a machine before or between boots. */
export function writeFiles(world: SimWorld, files: Readonly<Record<string, string>>, host = 'tocsin'): void {
  const disk = world.disk(host);
  for (const [path, text] of Object.entries(files)) {
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    disk.syncDirectory('/');
    disk.replace(path, new TextEncoder().encode(text));
  }
}

/** The database files of a process' machine. */
export const sqliteOf = (process: SimProcess): SimSqlite =>
  process.slot('sqlite', () => new SimSqlite(new SimRandom(between(process.ports.random, 0, 2 ** 31), 'sqlite')));

/** An engine that can die alone, by `engineOf(process).life.end()`. */
function startEngineThread(process: SimProcess, options: EngineOptions): EngineProcess<ToEngine, ToControl> {
  const { ports, life } = process.thread('engine');
  engines.set(process, life);
  const engine = startInlineEngine({ ...ports, metrics: noMetrics }, options);
  let isTerminated = false;
  return {
    ...engine,
    onExit: (handle) =>
      life.onDeath(() => {
        if (process.isAlive && !isTerminated) handle('killed');
      }),
    terminate: () => {
      isTerminated = true;
      engine.terminate();
      life.end();
    },
  };
}

const engines = new WeakMap<SimProcess, ProcessLife>();

/** The life of the engine thread that runs now. */
export const engineOf = (process: SimProcess): ProcessLife | null => engines.get(process) ?? null;

function simAppPorts(process: SimProcess): AppPorts {
  const { ports, life } = process;
  const files = sqliteOf(process);
  return {
    ...ports,
    metrics: noMetrics,
    // A picture that a test can read: the drawing itself.
    rasterizer: { png: async (svg) => new TextEncoder().encode(svg) },
    exposition: async () => '',
    startEngine: (options) => startEngineThread(process, options),
    openDatabase: (path) => openDatabase(path, MIGRATIONS, { connect: () => files.connect(life), crash: ports.crash }),
    lock: async () => ({ release: () => {} }),
    hostMetrics: async () => '',
    watchWallSteps: (onStep) => watchWallSteps(ports.clock, ({ byMs }) => onStep(byMs)),
    localZone: 'UTC',
    hostname: process.host,
    workingDirectory: '/',
  };
}

export type BootOptions = {
  readonly options?: AppOptions;
  readonly environment?: Readonly<Record<string, string>>;
  /** Answers on the simulated network from the start, as `tocsin serve` does. */
  readonly serves?: boolean;
  /** Before the first step of the start: to plan its death, or to put something else in the place of a port. */
  readonly prepare?: (process: SimProcess, ports: AppPorts) => AppPorts;
};

/** Boots; the world moves on until the application is up. Rejects where it does not come up, with the process dead. */
export async function bootApp(world: SimWorld, boot: BootOptions = {}): Promise<{ readonly app: App; readonly process: SimProcess }> {
  const { options = simOptions(), environment = {}, serves = false, prepare = (_process, ports) => ports } = boot;
  const process = world.process({ environment });
  const outcome: { app?: App; error?: unknown } = {};
  const start = async (): Promise<App> => {
    const ports = prepare(process, simAppPorts(process));
    const app = await App.open(options, ports);
    if (serves) await serveHttp(app, process);
    await app.begin();
    return app;
  };
  void start().then(
    (app) => {
      outcome.app = app;
    },
    (error: unknown) => {
      outcome.error = error;
    },
  );
  for (let i = 0; i < 1000 && process.isAlive && outcome.app === undefined && outcome.error === undefined; i++) await world.advance(10);
  if (outcome.app !== undefined) return { app: outcome.app, process };
  if (!process.isAlive) throw new SimulatedCrash('the process died while it started');
  world.kill(process);
  throw outcome.error ?? new Error('the application did not start within ten simulated seconds');
}

/** Lets the application answer on the simulated network, at its first listen address, until it dies. */
export async function serveHttp(app: App, { ports }: SimProcess): Promise<void> {
  const [address] = app.options.web.listen;
  if (address === undefined) throw new Error('BUG: no address to listen on');
  await ports.httpServer.listen(address, appServer(app, () => {}).handler);
}
