/** A server's status as amtool prints it: its configuration, and its cluster. */
import { splitHostPort } from '../../lib/go-net.ts';
import { formatTime } from '../../lib/go-time.ts';
import { unreachable } from '../../lib/never.ts';
import { alignColumns } from '../../lib/tab-writer.ts';
import { compareUtf8 } from '../../lib/utf8-order.ts';
import { jsonString } from '../../template/go-json.ts';
import type { OutputFormat } from './context.ts';
import { jsonArray, jsonLine, jsonObject, jsonTime } from './go-json.ts';
import { type PeerPayload, type StatusPayload, VERSION_FIELDS } from './payload.ts';

/** Extended: amtool prints memory addresses where it means these values. */
export function printConfig({ cluster, version, config, uptime }: StatusPayload, output: OutputFormat): string {
  switch (output) {
    case 'simple':
      return `${config}\n`;
    case 'extended': {
      const { buildUser, goVersion, revision, branch, buildDate } = version;
      const build = `buildUser ${buildUser}\ngoVersion ${goVersion}\nrevision ${revision}\nversion ${version.version}\n`;
      const started = formatTime(uptime, '2006-01-02T15:04:05.000Z07:00');
      return `${config}\n${build}branch ${branch}\nbuildDate ${buildDate}\nuptime ${started}\n`;
    }
    case 'json':
      return jsonLine(
        jsonObject([
          ['cluster', clusterJson(cluster)],
          ['config', jsonObject([['original', jsonString(config)]])],
          ['uptime', jsonTime(uptime)],
          ['versionInfo', jsonObject(VERSION_FIELDS.map((name) => [name, jsonString(version[name])]))],
        ]),
      );
    default:
      return unreachable(output);
  }
}

export function printCluster(cluster: StatusPayload['cluster'], output: OutputFormat): string {
  const head = `Cluster Status:\t${cluster.status}\nNode Name:\t${cluster.name}\n`;
  switch (output) {
    case 'simple':
      return alignColumns(head);
    case 'extended': {
      const peers = cluster.peers.toSorted(byAddress).map(({ address, name }) => `${address}\t${name}\t\n`);
      return alignColumns(`${head}\nAddress\tName\n${peers.join('')}`);
    }
    case 'json':
      return jsonLine(clusterJson(cluster));
    default:
      return unreachable(output);
  }
}

const clusterJson = ({ name, peers, status }: StatusPayload['cluster']): string =>
  jsonObject([
    ['name', name === '' ? null : jsonString(name)],
    [
      'peers',
      jsonArray(
        peers.map((peer) =>
          jsonObject([
            ['address', jsonString(peer.address)],
            ['name', jsonString(peer.name)],
          ]),
        ),
      ),
    ],
    ['status', jsonString(status)],
  ]);

/** By the bytes of the IP address, then by port. */
function byAddress(a: PeerPayload, b: PeerPayload): number {
  const [left, right] = [a, b].map(({ address }) => splitHostPort(address) ?? { host: '', port: '' });
  return compareUtf8(addressKey(left?.host ?? ''), addressKey(right?.host ?? '')) || Number(left?.port) - Number(right?.port);
}

/** IPv4 numbers of equal length, so that texts compare as addresses do. */
const addressKey = (host: string): string => (host.includes(':') ? host : host.replaceAll(/\d+/g, (number) => number.padStart(3, '0')));
