/** HTTP clients on the machine's network. */
import type { Clock } from '../../model/clock.ts';
import { type CrashPoints, noCrashPoints } from '../../model/crash-point.ts';
import type { Disk } from '../../model/disk.ts';
import type { HttpClients } from '../../model/http.ts';
import { httpClients } from '../http-exchange.ts';
import { SecretReader } from '../secret-reader.ts';
import { sharedBurstAgent, UndiciWire } from './undici-wire.ts';

export function networkHttpClients(ports: {
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'read'>;
  readonly environment: (name: string) => string | undefined;
  readonly crash?: CrashPoints;
  readonly userAgent: string;
}): HttpClients {
  const { clock, disk, environment, crash = noCrashPoints, userAgent } = ports;
  const secrets = new SecretReader(disk, environment);
  const shared = sharedBurstAgent();
  return httpClients({ clock, secrets, crash, userAgent, openWire: (config) => new UndiciWire(config, secrets, shared) });
}
