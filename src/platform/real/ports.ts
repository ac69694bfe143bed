/** The machine's ports. */
import type { ConnectionOptions } from 'node:tls';
import type { TlsClientConfig } from '../../model/http.ts';
import type { Log } from '../../model/log.ts';
import type { MailTransport } from '../../model/mail.ts';
import type { Telephony } from '../../model/telephony.ts';
import type { Ports } from '../ports.ts';
import { SecretReader } from '../secret-reader.ts';
import { crashPointsFrom } from './crash-points.ts';
import { networkHttpClients } from './http-clients.ts';
import { nodeDisk } from './node-disk.ts';
import { NodeHttpServer } from './node-http-server.ts';
import { SystemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { tlsOptions } from './tls-material.ts';

export type RealPorts = Ports & { readonly clock: SystemClock };

const environment = (name: string): string | undefined => process.env[name];

export function realPorts(options: {
  readonly log: Log;
  /** Given how to read a tls_config. */
  readonly mail: (tlsOf: (config: TlsClientConfig) => ConnectionOptions) => MailTransport;
  readonly telephony: Telephony;
  /** Sent with outgoing requests: `Tocsin/1.2.3`. */
  readonly userAgent: string;
}): RealPorts {
  const { log, mail, telephony, userAgent } = options;
  const clock = new SystemClock();
  const crash = crashPointsFrom(environment);
  return {
    clock,
    random: systemRandom,
    disk: nodeDisk,
    http: networkHttpClients({ clock, disk: nodeDisk, environment, crash, userAgent }),
    httpServer: new NodeHttpServer(clock, log),
    mail: mail(tlsOptions(new SecretReader(nodeDisk, environment))),
    telephony,
    crash,
    log,
    environment,
  };
}
