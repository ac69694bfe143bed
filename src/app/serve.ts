/** `tocsin serve`: the application on this machine, from the first line of log to the exit code. */
import { durationMs } from '../model/time.ts';
import { ListenError, type ListeningServer } from '../platform/http-server.ts';
import { expectTransfers, optimizeTheWay, optimizeWhatIsRehearsed, optimizeWhatStaysHot } from '../platform/real/compilation.ts';
import { scavengeWithoutHelpers } from '../platform/real/garbage-collection.ts';
import type { InnerWay } from '../platform/real/node-http-server.ts';
import { exitProcess, onSignals, printError } from '../platform/real/own-process.ts';
import { App, StartError } from './app.ts';
import { appServer } from './http/app-server.ts';
import { machinePorts } from './machine-ports.ts';
import type { AppOptions } from './options.ts';
import { givingWay, type RehearsedRequest, rehearse } from './rehearsal.ts';

/** After this long a stop is no longer waited for. */
const STOP_MS_MAX = 5000;
const REQUEST_GRACE_MS = 500;

/** Runs until a signal or /-/quit; 0 after an orderly stop, 1 when it could not start. */
export async function serve(options: AppOptions): Promise<never> {
  scavengeWithoutHelpers();
  expectTransfers();
  const ports = machinePorts(options);
  const { log } = ports;
  for (const note of options.notes) log.warn(note);
  const servers: ListeningServer[] = [];
  let app: App | null = null;
  let exitCode = 0;
  try {
    app = await App.open(options, ports);
    const stopped = stopRequest(app);
    const server = appServer(app, stopped.request);
    for (const { host, port } of options.web.listen) {
      const listening = await ports.httpServer.listen({ host, port, ...(server.tls === null ? {} : { tls: server.tls }) }, server.handler);
      servers.push(listening);
      log.info('listening', { address: listening.address, port: listening.port, tls: server.tls !== null });
    }
    const running = app;
    const began = app.begin().then(() => {
      log.info('Tocsin is ready', { url: running.externalUrl, config: options.configFiles.join(',') });
      void rehearsed(running, () => ports.openInside(server.rehearsal()), stopped.requested);
    });
    await Promise.race([stopped.requested, began]);
    await stopped.requested;
    log.info('stopping');
  } catch (error) {
    if (!(error instanceof StartError || error instanceof ListenError)) throw error;
    // For a person at a terminal: code frames keep their lines.
    printError(error.message);
    exitCode = 1;
  }
  ports.clock.after(durationMs(STOP_MS_MAX), () => exitProcess(exitCode));
  ports.letProcessEnd();
  app?.eventFeed.close();
  await Promise.all(servers.map((server) => server.close({ graceMs: durationMs(REQUEST_GRACE_MS) })));
  await app?.stop();
  await ports.flushLog();
  // All that matters is on disk; idle connections of others would keep the process for a while.
  return exitProcess(exitCode);
}

/** Gets the code compiled that will stay hot; what comes later, or meanwhile, has to earn it. */
async function rehearsed({ engine, ports }: App, open: () => Promise<InnerWay>, stopRequested: Promise<void>): Promise<void> {
  const { clock, log } = ports;
  let isStopping = false;
  void stopRequested.then(() => {
    isStopping = true;
  });
  let setPace = optimizeWhatIsRehearsed;
  const goOnAt = (pace: () => void): void => {
    setPace = pace;
    setPace();
  };
  const giveWay = givingWay(engine, clock);
  const ways: InnerWay[] = [];
  let sent = 0;
  const send = async (request: RehearsedRequest): Promise<void> => {
    const free = giveWay();
    if (free !== null) {
      optimizeWhatStaysHot();
      await free;
      setPace();
    }
    const way = ways[sent++ % ways.length];
    if (isStopping || way === undefined) throw new Error('the process is to end');
    await way.send(request);
  };
  try {
    // Two: what is compiled for the functions and objects of one alone is thrown away when the real ones come.
    for (let i = 0; i < 2; i++) ways.push(await open());
    goOnAt(optimizeWhatIsRehearsed);
    await rehearse(send, { onTheWay: () => goOnAt(optimizeTheWay), onTheEnd: () => goOnAt(optimizeWhatStaysHot) });
    await engine.call('leaveStage', null);
  } catch (error) {
    log.debug('the rehearsal was broken off', { error: error instanceof Error ? error.message : String(error) });
  } finally {
    for (const way of ways) way.close();
    optimizeWhatStaysHot();
  }
}

/** Signals and /-/quit ask for the end; SIGHUP reloads. */
function stopRequest(app: App): { readonly requested: Promise<void>; readonly request: () => void } {
  let request = (): void => {};
  const requested = new Promise<void>((resolve) => {
    request = resolve;
  });
  onSignals({ stop: request, reload: () => void app.reload() });
  return { requested, request };
}
