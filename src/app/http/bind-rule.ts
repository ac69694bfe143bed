/** Whether an address may be listened on: another than loopback only with authentication, or when told so in so many words. */
import { isLoopback } from '../../lib/loopback.ts';
import type { AppOptions } from '../options.ts';

/** Why not, with the ways out; null: it may. */
export function bindRefusal({ web }: Pick<AppOptions, 'web'>, hasAuthentication: boolean): string | null {
  if (hasAuthentication || web.allowAnonymous) return null;
  const open = web.listen.find(({ host }) => !isLoopback(host));
  if (open === undefined) return null;
  return `--web.listen-address=${open.host}:${open.port} would let everybody who reaches it read alerts and silence them. Either configure authentication (--web.config.file with basic_auth_users), or say --web.allow-anonymous`;
}
