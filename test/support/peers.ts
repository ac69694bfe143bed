/** Programs of other projects, for tests that talk to the real thing. They are found, never installed. */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';

/** Debian calls two of them otherwise. */
const FILES = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['alertmanager', 'prometheus-alertmanager'],
  amtool: ['amtool'],
  node_exporter: ['node_exporter', 'prometheus-node-exporter'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Peer = keyof typeof FILES;

/** In $PEERS_DIR/usr/bin, or else on PATH; null when there is none. */
export const findPeer = (peer: Peer): string | null => findPeers(peer)[0] ?? null;

/** All there are: the machine's own package is often of an older release. */
export function findPeers(peer: Peer): readonly string[] {
  const folders = [`${process.env['PEERS_DIR'] ?? '/tmp/peers'}/usr/bin`, ...(process.env['PATH'] ?? '').split(delimiter)];
  const paths = folders.flatMap((folder) => FILES[peer].map((file) => `${folder}/${file}`));
  return [...new Set(paths)].filter((path) => existsSync(path));
}

/** Its path, in a test that runs only where it is there. */
export function peer(name: Peer): string {
  const path = findPeer(name);
  if (path === null) throw new Error(`BUG: ${name} is used in a test that does not ask whether it is there`);
  return path;
}

/** Why tests that need these are skipped, to stand in their name; '' when all are there. */
export function absent(...peers: readonly Peer[]): string {
  const missing = peers.filter((one) => findPeer(one) === null);
  return missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')} in $PEERS_DIR/usr/bin or on PATH)`;
}
