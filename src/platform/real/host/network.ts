/** Network devices and protocols (node_exporter: netdev, netclass, netstat, sockstat, conntrack). */
import { type HostFamily, type HostSample, linesOf, single, wordsOf } from './family.ts';

/** The columns of /proc/net/dev: those received, then those sent. */
const TRAFFIC = [
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'].map((name) => `receive_${name}`),
  ...['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'].map((name) => `transmit_${name}`),
];

export function trafficFamilies(netDev: string): readonly HostFamily[] {
  const devices = linesOf(netDev).flatMap((line) => {
    const match = /^\s*(\S+):\s*(.*)$/.exec(line);
    return match?.[1] === undefined || match[2] === undefined ? [] : [{ device: match[1], values: wordsOf(match[2]).map(Number) }];
  });
  return TRAFFIC.map((name, i) => ({
    name: `node_network_${name}_total`,
    help: `Network device statistic ${name}.`,
    type: 'counter',
    samples: devices.flatMap(({ device, values }) => {
      const value = values[i];
      return value === undefined ? [] : [{ labels: { device }, value }];
    }),
  }));
}

const NUMBERS: readonly (readonly [name: string, file: string, type: HostFamily['type'], factor?: number])[] = [
  ['address_assign_type', 'addr_assign_type', 'gauge'],
  ['carrier', 'carrier', 'gauge'],
  ['carrier_changes_total', 'carrier_changes', 'counter'],
  ['carrier_down_changes_total', 'carrier_down_count', 'counter'],
  ['carrier_up_changes_total', 'carrier_up_count', 'counter'],
  ['device_id', 'dev_id', 'gauge'],
  ['dormant', 'dormant', 'gauge'],
  ['flags', 'flags', 'gauge'],
  ['iface_id', 'ifindex', 'gauge'],
  ['iface_link', 'iflink', 'gauge'],
  ['iface_link_mode', 'link_mode', 'gauge'],
  ['mtu_bytes', 'mtu', 'gauge'],
  ['name_assign_type', 'name_assign_type', 'gauge'],
  ['net_dev_group', 'netdev_group', 'gauge'],
  ['protocol_type', 'type', 'gauge'],
  ['speed_bytes', 'speed', 'gauge', 1_000_000 / 8], // from Mbit/s
  ['transmit_queue_length', 'tx_queue_len', 'gauge'],
];

/** Devices from /sys/class/net; `read` gives a device's file, null where it has none. */
export function deviceFamilies(devices: readonly string[], read: (device: string, file: string) => string | null): readonly HostFamily[] {
  const text = (device: string, file: string): string => read(device, file)?.trim() ?? '';
  const numbers = NUMBERS.map(
    ([name, file, type, factor = 1]): HostFamily => ({
      name: `node_network_${name}`,
      help: `Network device property ${name}.`,
      type,
      samples: devices.flatMap((device): HostSample[] => {
        const value = Number(text(device, file) || Number.NaN); // decimal or 0x…
        return Number.isNaN(value) ? [] : [{ labels: { device }, value: value * factor }];
      }),
    }),
  );
  const info = devices.map((device) => {
    const flags = text(device, 'flags');
    const labels = {
      device,
      address: text(device, 'address'),
      broadcast: text(device, 'broadcast'),
      duplex: text(device, 'duplex'),
      operstate: text(device, 'operstate'),
      adminstate: flags === '' ? 'unknown' : Number(flags) & 1 ? 'up' : 'down',
      ifalias: text(device, 'ifalias'),
    };
    return { labels, value: 1 };
  });
  const noHandler = devices.flatMap((device) => {
    const value = text(device, 'statistics/rx_nohandler');
    return value === '' ? [] : [{ labels: { device }, value: Number(value) }];
  });
  return [
    ...numbers,
    { name: 'node_network_info', help: 'What is known of a device besides numbers.', type: 'gauge', samples: info },
    {
      name: 'node_network_receive_nohandler_total',
      help: 'Network device statistic receive_nohandler.',
      type: 'counter',
      samples: noHandler,
    },
    {
      name: 'node_network_up',
      help: 'Whether the device is up.',
      type: 'gauge',
      samples: devices.map((device) => ({ labels: { device }, value: text(device, 'operstate') === 'up' ? 1 : 0 })),
    },
  ];
}

const NETSTAT_FIELDS =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;

/** /proc/net/netstat and /proc/net/snmp (a line of names, a line of values), /proc/net/snmp6 (a name and a value a line). */
export function netstatFamilies(pairs: string, snmp6: string): readonly HostFamily[] {
  const values: [string, number][] = [];
  const lines = linesOf(pairs);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [protocol = '', ...names] = wordsOf(lines[i] ?? '');
    const [, ...numbers] = wordsOf(lines[i + 1] ?? '');
    names.forEach((name, n) => values.push([`${protocol.replace(/:$/, '')}_${name}`, Number(numbers[n])]));
  }
  for (const line of linesOf(snmp6)) {
    const match = /^(\w*?6)(\w+)\s+(\d+)$/.exec(line.trim());
    if (match !== null) values.push([`${match[1]}_${match[2]}`, Number(match[3])]);
  }
  return values
    .filter(([name]) => NETSTAT_FIELDS.test(name))
    .map(([name, value]) => single('untyped', `node_netstat_${name}`, `Statistic ${name.replace('_', '')}.`, value));
}

/** /proc/net/sockstat and sockstat6; `mem` is in pages. */
export function sockstatFamilies(sockstat: string, pageBytes: number): readonly HostFamily[] {
  return linesOf(sockstat).flatMap((line) => {
    const [head = '', ...pairs] = wordsOf(line);
    const protocol = head.replace(/:$/, '');
    const families: HostFamily[] = [];
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const [name, value] = [pairs[i], Number(pairs[i + 1])];
      families.push(single('gauge', `node_sockstat_${protocol}_${name}`, `Sockets of ${protocol}: ${name}.`, value));
      if (name === 'mem') {
        families.push(single('gauge', `node_sockstat_${protocol}_mem_bytes`, `Memory of the sockets of ${protocol}.`, value * pageBytes));
      }
    }
    return families;
  });
}
