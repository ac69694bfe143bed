/** HTTP clients and server of a simulated process: the production clients over the simulated network. */
import type { Clock } from '../../model/clock.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Disk } from '../../model/disk.ts';
import type { HttpClients } from '../../model/http.ts';
import { httpClients } from '../http-exchange.ts';
import type { HttpServer } from '../http-server.ts';
import { SecretReader } from '../secret-reader.ts';
import type { ProcessLife } from './sim-crash.ts';
import type { SimNetwork } from './sim-network.ts';

export function simHttpClients(ports: {
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'read'>;
  readonly environment: (name: string) => string | undefined;
  readonly network: SimNetwork;
  readonly host: string;
  readonly life: ProcessLife;
  readonly crash: CrashPoints;
}): HttpClients {
  const { clock, disk, environment, network, host, life, crash } = ports;
  const secrets = new SecretReader(disk, environment);
  const clients = httpClients({
    clock,
    secrets,
    crash,
    userAgent: 'Tocsin/sim',
    inPlaceBytesMax: Number.POSITIVE_INFINITY, // a thread's work would escape the simulated clock
    openWire: () => network.openWire(host, life),
  });
  return {
    open: (config) => {
      life.assertAlive();
      return clients.open(config);
    },
  };
}

export const simHttpServer = (network: SimNetwork, host: string, life: ProcessLife): HttpServer => ({
  listen: async (options, handler) => {
    life.assertAlive();
    return network.listen(host, life, options, handler);
  },
});
