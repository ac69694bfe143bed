/** What the engine thread runs: an engine on the machine's ports, with its log lines sent to control. */
import type { Log, LogFields } from '../../model/log.ts';
import { expectTransfers } from '../../platform/real/compilation.ts';
import { bufferCollector } from '../../platform/real/garbage-collection.ts';
import { OwnMetrics } from '../../platform/real/own-metrics.ts';
import { realPorts } from '../../platform/real/ports.ts';
import { ownThread } from '../../platform/real/threads.ts';
import type { Transport } from '../../platform/transport.ts';
import type { ToControl, ToEngine } from '../protocol.ts';
import { Engine, type EngineOptions } from './engine.ts';

export async function runEngineThread(): Promise<void> {
  expectTransfers();
  const { transport: line, data } = ownThread<ToControl, ToEngine>();
  const collectBuffers = bufferCollector();
  const transport: Transport<ToControl, ToEngine> = {
    ...line,
    post: (message, transfer) => {
      line.post(message, transfer);
      collectBuffers();
    },
  };
  const options = data as EngineOptions;
  const log = logTo(transport, {});
  const never = () => Promise.reject(new Error('BUG: the engine notifies nobody'));
  const mail = { send: never };
  const telephony = { placeCall: never, sendText: never, recent: never, status: never };
  const { clock, disk, http, crash } = realPorts({ log, mail: () => mail, telephony, userAgent: `Tocsin/${options.version}` });
  await new Engine({ clock, disk, http, crash, log, metrics: new OwnMetrics('engine', clock) }, options, transport).start();
}

/** Lines of both threads stand in one stream: control writes it. */
function logTo(transport: Transport<ToControl, ToEngine>, own: LogFields): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void =>
      transport.post({ kind: 'log', level, message, fields: { ...own, ...fields } });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => logTo(transport, { ...own, ...fields }),
  };
}
