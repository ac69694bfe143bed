/**
 * Own alerts go to the router in this process, never over HTTP. An `alerting:` target that is this very process is said
 * to be needless; one elsewhere is said not to be sent to.
 */
import type { AlertmanagerTarget } from './config/alerting-config.ts';
import type { ListenAddress } from './options.ts';

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1', '[::1]', '0.0.0.0'];

/** One line for each alertmanager target that changes nothing. */
export function findSelf(alertmanagers: readonly AlertmanagerTarget[], listen: readonly ListenAddress[]): readonly string[] {
  return alertmanagers
    .flatMap(({ staticConfigs }) => staticConfigs.flatMap(({ targets }) => targets.map((target) => target['__address__'] ?? '')))
    .map((address) =>
      isSelf(address, listen)
        ? `alerting: the target ${address} is this process, which routes its own alerts itself; the target is skipped and can be taken out`
        : `alerting: alerts are not sent to ${address}: this process routes them itself, and other Alertmanagers are not supported`,
    );
}

function isSelf(address: string, listen: readonly ListenAddress[]): boolean {
  const match = /^(.*?)(?::(\d+))?$/.exec(address.replace(/^https?:\/\//, ''));
  const [, host = '', port = ''] = match ?? [];
  return listen.some((own) => String(own.port) === port && (own.host === host || (LOOPBACK.includes(host) && LOOPBACK.includes(own.host))));
}
