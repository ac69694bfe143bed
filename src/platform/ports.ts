/** Everything outside, as one boot of the application gets it: the machine's (real/ports.ts) or a simulated world's (sim/sim-world.ts). */
import type { Clock } from '../model/clock.ts';
import type { CrashPoints } from '../model/crash-point.ts';
import type { Disk } from '../model/disk.ts';
import type { HttpClients } from '../model/http.ts';
import type { Log } from '../model/log.ts';
import type { MailTransport } from '../model/mail.ts';
import type { Random } from '../model/random.ts';
import type { Telephony } from '../model/telephony.ts';
import type { HttpServer } from './http-server.ts';

export type Ports = {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly http: HttpClients;
  readonly httpServer: HttpServer;
  readonly mail: MailTransport;
  readonly telephony: Telephony;
  readonly crash: CrashPoints;
  readonly log: Log;
  /** An environment variable; undefined when it is not set. */
  readonly environment: (name: string) => string | undefined;
};
