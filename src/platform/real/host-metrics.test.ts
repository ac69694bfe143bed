import os from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unixMs } from '../../model/time.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { blockDeviceFamilies, parseBlockDevices, parseUdev } from './host/block-device.ts';
import { familiesText, type HostFamily } from './host/family.ts';
import { filesystemFamilies, parseMounts, type Space } from './host/filesystem.ts';
import { conntrackFamilies, fileDescriptorFamilies, loadFamilies, parseLoad, pressureFamilies } from './host/kernel.ts';
import { memoryFamilies, vmstatFamilies } from './host/memory.ts';
import { deviceFamilies, netstatFamilies, sockstatFamilies, trafficFamilies } from './host/network.ts';
import { neverFalling, parseProcessorTimes, processorFamilies, systemFamilies } from './host/processor.ts';
import { HostMetrics, type HostReader, machineReader } from './host-metrics.ts';
import { SystemClock } from './system-clock.ts';

/** The samples, without the comments. */
const samples = (families: readonly HostFamily[]): string[] =>
  familiesText(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const STAT = `cpu  300 0 30 3000 3 0 3 0 0 0
cpu0 100 1 10 1000 1 2 3 4 5 6
cpu12 200 0 20 2000
intr 123456 7 8 9
ctxt 987654
btime 1700000000
processes 4321
procs_running 2
procs_blocked 1
softirq 1 2 3
`;

test('processor times are seconds by processor and mode', () => {
  expect(samples(processorFamilies(parseProcessorTimes(STAT)))).toEqual([
    'node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.05',
    'node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.06',
    'node_cpu_guest_seconds_total{cpu="12",mode="user"} 0',
    'node_cpu_guest_seconds_total{cpu="12",mode="nice"} 0',
    'node_cpu_seconds_total{cpu="0",mode="user"} 1',
    'node_cpu_seconds_total{cpu="0",mode="nice"} 0.01',
    'node_cpu_seconds_total{cpu="0",mode="system"} 0.1',
    'node_cpu_seconds_total{cpu="0",mode="idle"} 10',
    'node_cpu_seconds_total{cpu="0",mode="iowait"} 0.01',
    'node_cpu_seconds_total{cpu="0",mode="irq"} 0.02',
    'node_cpu_seconds_total{cpu="0",mode="softirq"} 0.03',
    'node_cpu_seconds_total{cpu="0",mode="steal"} 0.04',
    'node_cpu_seconds_total{cpu="12",mode="user"} 2',
    'node_cpu_seconds_total{cpu="12",mode="nice"} 0',
    'node_cpu_seconds_total{cpu="12",mode="system"} 0.2',
    'node_cpu_seconds_total{cpu="12",mode="idle"} 20',
    'node_cpu_seconds_total{cpu="12",mode="iowait"} 0',
    'node_cpu_seconds_total{cpu="12",mode="irq"} 0',
    'node_cpu_seconds_total{cpu="12",mode="softirq"} 0',
    'node_cpu_seconds_total{cpu="12",mode="steal"} 0',
  ]);
});

test.each([
  { given: 'idle falls a little', later: 'cpu0 120 0 0 990', kept: [1.2, 10] },
  { given: 'user falls a little', later: 'cpu0 90 0 0 1100', kept: [1, 11] },
  { given: 'idle falls a lot: the processor was replugged', later: 'cpu0 1 0 0 2', kept: [0.01, 0.02] },
  { given: 'a processor is new', later: 'cpu1 5 0 0 6', kept: [0.05, 0.06] },
])('when $given, user and idle are $kept', ({ later, kept }) => {
  const [times] = neverFalling(parseProcessorTimes('cpu0 100 0 0 1000'), parseProcessorTimes(later)).values();
  expect([times?.[0], times?.[3]]).toEqual(kept);
});

test('the rest of /proc/stat', () => {
  expect(samples(systemFamilies(STAT))).toEqual([
    'node_boot_time_seconds 1700000000',
    'node_context_switches_total 987654',
    'node_forks_total 4321',
    'node_intr_total 123456',
    'node_procs_blocked 1',
    'node_procs_running 2',
  ]);
});

test('memory fields keep their names; kilobytes become bytes', () => {
  const text = 'MemTotal:       16384 kB\nActive(anon):     10 kB\nHugePages_Total:       3\nDirectMap2M:     1 kB\nnonsense\n';
  expect(samples(memoryFamilies(text))).toEqual([
    'node_memory_MemTotal_bytes 16777216',
    'node_memory_Active_anon_bytes 10240',
    'node_memory_HugePages_Total 3',
    'node_memory_DirectMap2M_bytes 1024',
  ]);
  expect(
    familiesText(vmstatFamilies('pgfault 5\nnr_free_pages 1\npgmajfault 6\noom_kill 7\npswpin 8\npgpgout 9\npgscan_fault_x 10\n')),
  ).toMatch(
    /^# HELP node_vmstat_pgfault .*\n# TYPE node_vmstat_pgfault untyped\nnode_vmstat_pgfault 5\n(.*\n)*node_vmstat_pgscan_fault_x 10\n$/,
  );
});

describe('block devices', () => {
  test('whole devices are counted, in bytes and seconds; partitions and loops are not', () => {
    const diskstats = `   8       0 sda 1 2 3 4000 5 6 7 8000 9 10000 11000 12 13 14 15000 16 17000
   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11
   7       0 loop0 1 2 3 4 5 6 7 8 9 10 11
 259       0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11
 259       1 nvme0n1p1 1 2 3 4 5 6 7 8 9 10 11
`;
    const udev = parseUdev('S:disk/by-id/x\nE:ID_MODEL=Fast Disk\nE:ID_SERIAL=long\nE:ID_SERIAL_SHORT=short\nE:ID_WWN=0x5\n');
    const families = blockDeviceFamilies(parseBlockDevices(diskstats), ({ name }) =>
      name === 'sda' ? { udev, isRotational: true } : { udev: new Map(), isRotational: false },
    );
    const lines = samples(families);
    expect(lines.filter((line) => line.includes('"sda"'))).toEqual([
      'node_disk_info{device="sda",major="8",minor="0",path="",wwn="0x5",model="Fast Disk",serial="short",revision="",rotational="1"} 1',
      'node_disk_reads_completed_total{device="sda"} 1',
      'node_disk_reads_merged_total{device="sda"} 2',
      'node_disk_read_bytes_total{device="sda"} 1536',
      'node_disk_read_time_seconds_total{device="sda"} 4',
      'node_disk_writes_completed_total{device="sda"} 5',
      'node_disk_writes_merged_total{device="sda"} 6',
      'node_disk_written_bytes_total{device="sda"} 3584',
      'node_disk_write_time_seconds_total{device="sda"} 8',
      'node_disk_io_now{device="sda"} 9',
      'node_disk_io_time_seconds_total{device="sda"} 10',
      'node_disk_io_time_weighted_seconds_total{device="sda"} 11',
      'node_disk_discards_completed_total{device="sda"} 12',
      'node_disk_discards_merged_total{device="sda"} 13',
      'node_disk_discarded_sectors_total{device="sda"} 14',
      'node_disk_discard_time_seconds_total{device="sda"} 15',
      'node_disk_flush_requests_total{device="sda"} 16',
      'node_disk_flush_requests_time_seconds_total{device="sda"} 17',
    ]);
    expect(lines.filter((line) => line.includes('nvme0n1'))).toHaveLength(12);
    expect(lines.filter((line) => /loop|sda1|p1/.test(line))).toEqual([]);
  });
});

const MOUNTINFO = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
28 27 8:2 / /mnt/with\\040space ro,relatime - xfs /dev/sda2 rw
29 27 0:50 / /home rw - nfs4 server:/export rw
30 27 0:60 / /var/lib/docker/overlay2/x/merged rw - ext4 /dev/sda1 rw
31 27 0:61 / /merged rw - overlay overlay rw
32 27 0:62 / /dev/shm rw - tmpfs tmpfs rw
33 27 0:63 / /tmp rw - tmpfs tmpfs rw
34 27 8:1 / / rw - ext4 /dev/sda1 ro
`;

test('mounts are those that node_exporter takes by default, each once', () => {
  expect(
    parseMounts(MOUNTINFO).map(({ device, mountPoint, type, isReadOnly, isNetwork }) => [device, mountPoint, type, isReadOnly, isNetwork]),
  ).toEqual([
    ['/dev/sda1', '/', 'ext4', false, false],
    ['/dev/sda2', '/mnt/with space', 'xfs', true, false],
    ['server:/export', '/home', 'nfs4', false, true],
    ['tmpfs', '/tmp', 'tmpfs', false, false],
  ]);
});

test('a file system that cannot be asked says so, and nothing of its space', () => {
  const [root, broken] = parseMounts(MOUNTINFO);
  const space: Space = { sizeBytes: 100, freeBytes: 50, availableBytes: 40, files: 10, filesFree: 5 };
  const families = filesystemFamilies(
    [
      { mount: root, space },
      { mount: broken, space: 'EACCES' },
    ].flatMap(({ mount, space }) => (mount === undefined ? [] : [{ mount, space }])),
  );
  const labels = 'device="/dev/sda1",mountpoint="/",fstype="ext4",device_error=""';
  const brokenLabels = 'device="/dev/sda2",mountpoint="/mnt/with space",fstype="xfs",device_error="EACCES"';
  expect(samples(families)).toEqual([
    `node_filesystem_avail_bytes{${labels}} 40`,
    `node_filesystem_device_error{${labels}} 0`,
    `node_filesystem_device_error{${brokenLabels}} 1`,
    `node_filesystem_files{${labels}} 10`,
    `node_filesystem_files_free{${labels}} 5`,
    `node_filesystem_free_bytes{${labels}} 50`,
    'node_filesystem_mount_info{device="/dev/sda1",major="8",minor="1",mountpoint="/"} 1',
    `node_filesystem_readonly{${labels}} 0`,
    `node_filesystem_readonly{${brokenLabels}} 1`,
    `node_filesystem_size_bytes{${labels}} 100`,
  ]);
});

describe('network', () => {
  test('traffic by device, under the names of /proc/net/dev', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
veth@0:100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
`;
    const lines = samples(trafficFamilies(text));
    expect(
      lines.filter((line) => line.includes('"lo"')).map((line) => line.replace('node_network_', '').replace('{device="lo"}', '')),
    ).toEqual([
      'receive_bytes_total 1',
      'receive_packets_total 2',
      'receive_errs_total 3',
      'receive_drop_total 4',
      'receive_fifo_total 5',
      'receive_frame_total 6',
      'receive_compressed_total 7',
      'receive_multicast_total 8',
      'transmit_bytes_total 9',
      'transmit_packets_total 10',
      'transmit_errs_total 11',
      'transmit_drop_total 12',
      'transmit_fifo_total 13',
      'transmit_colls_total 14',
      'transmit_carrier_total 15',
      'transmit_compressed_total 16',
    ]);
    expect(lines).toContain('node_network_receive_bytes_total{device="veth@0"} 100');
  });

  test('devices by what /sys says of them; files that cannot be read are left out', () => {
    const files: Readonly<Record<string, string>> = {
      operstate: 'up\n',
      flags: '0x1003\n',
      address: '01:02:03:04:05:06\n',
      speed: '1000\n',
      mtu: '1500\n',
      carrier: '0\n',
      'statistics/rx_nohandler': '7\n',
    };
    expect(samples(deviceFamilies(['eth0'], (_, file) => files[file] ?? null))).toEqual([
      'node_network_carrier{device="eth0"} 0',
      'node_network_flags{device="eth0"} 4099',
      'node_network_mtu_bytes{device="eth0"} 1500',
      'node_network_speed_bytes{device="eth0"} 125000000',
      'node_network_info{device="eth0",address="01:02:03:04:05:06",broadcast="",duplex="",operstate="up",adminstate="up",ifalias=""} 1',
      'node_network_receive_nohandler_total{device="eth0"} 7',
      'node_network_up{device="eth0"} 1',
    ]);
  });

  test('protocol statistics are those that node_exporter takes by default', () => {
    const pairs = `TcpExt: SyncookiesSent ListenOverflows DelayedACKs
TcpExt: 1 2 3
Tcp: RtoAlgorithm CurrEstab InErrs
Tcp: 1 33 4
`;
    expect(samples(netstatFamilies(pairs, 'Ip6InOctets    5\nUdp6NoPorts 6\nIp6InReceives 9\n'))).toEqual([
      'node_netstat_TcpExt_SyncookiesSent 1',
      'node_netstat_TcpExt_ListenOverflows 2',
      'node_netstat_Tcp_CurrEstab 33',
      'node_netstat_Tcp_InErrs 4',
      'node_netstat_Ip6_InOctets 5',
      'node_netstat_Udp6_NoPorts 6',
    ]);
  });

  test('sockets, with their memory in bytes too', () => {
    expect(samples(sockstatFamilies('sockets: used 290\nTCP: inuse 4 orphan 0 mem 1\n\nTCP6: inuse 17\n', 4096))).toEqual([
      'node_sockstat_sockets_used 290',
      'node_sockstat_TCP_inuse 4',
      'node_sockstat_TCP_orphan 0',
      'node_sockstat_TCP_mem 1',
      'node_sockstat_TCP_mem_bytes 4096',
      'node_sockstat_TCP6_inuse 17',
    ]);
  });
});

test('small files of the kernel', () => {
  const psi = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n';
  expect([
    ...samples(loadFamilies(parseLoad('0.21 0.37 0.39 1/719 19737\n'))),
    ...samples(fileDescriptorFamilies('1024\t0\t1631329\n')),
    ...samples(pressureFamilies((resource) => (resource === 'irq' ? null : psi))),
    ...samples(conntrackFamilies((path) => (path.endsWith('count') ? '123\n' : null))),
  ]).toEqual([
    'node_load1 0.21',
    'node_load5 0.37',
    'node_load15 0.39',
    'node_filefd_allocated 1024',
    'node_filefd_maximum 1631329',
    'node_pressure_cpu_waiting_seconds_total 2.5',
    'node_pressure_io_stalled_seconds_total 0.5',
    'node_pressure_io_waiting_seconds_total 2.5',
    'node_pressure_memory_stalled_seconds_total 0.5',
    'node_pressure_memory_waiting_seconds_total 2.5',
    'node_nf_conntrack_entries 123',
  ]);
});

test('label values are escaped', () => {
  expect(familiesText([{ name: 'a', help: 'h', type: 'gauge', samples: [{ labels: { x: '"\\\n' }, value: Number.NaN }] }])).toBe(
    '# HELP a h\n# TYPE a gauge\na{x="\\"\\\\\\n"} NaN\n',
  );
});

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('cpu0', ' ', '\n', ':', '1', '-', 'x', '=', '\\040') })),
      (text) => {
        familiesText([
          ...processorFamilies(parseProcessorTimes(text)),
          ...systemFamilies(text),
          ...memoryFamilies(text),
          ...vmstatFamilies(text),
          ...blockDeviceFamilies(parseBlockDevices(text), () => ({ udev: parseUdev(text), isRotational: false })),
          ...filesystemFamilies(parseMounts(text).map((mount) => ({ mount, space: text }))),
          ...trafficFamilies(text),
          ...deviceFamilies([text], () => text),
          ...netstatFamilies(text, text),
          ...sockstatFamilies(text, 1),
          ...loadFamilies(parseLoad(text)),
          ...fileDescriptorFamilies(text),
          ...pressureFamilies(() => text),
          ...conntrackFamilies(() => text),
        ]);
      },
    ),
  );
});

/** A machine of which only what a test gives is known. */
const machine = (given: Partial<HostReader>): HostReader => ({
  read: () => null,
  list: () => [],
  statfs: () => Promise.reject(new Error('no such file system')),
  os: { ...os, type: () => 'Linux' },
  ...given,
});
const withPrefix = (text: string, prefix: string): string[] => text.split('\n').filter((line) => line.startsWith(prefix));

test.runIf(os.type() === 'Linux')('this machine tells the families that rules and dashboards ask for, each once and in order', async () => {
  const text = await new HostMetrics(machineReader, new SystemClock()).render();
  const names = [...text.matchAll(/^# TYPE (\S+) (counter|gauge|untyped)$/gm)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)].sort());
  expect(names).toEqual(
    expect.arrayContaining([
      'node_cpu_seconds_total',
      'node_memory_MemAvailable_bytes',
      'node_network_receive_bytes_total',
      'node_load1',
      'node_boot_time_seconds',
      'node_time_seconds',
      'node_uname_info',
      'node_filefd_allocated',
      'node_vmstat_pgmajfault',
    ]),
  );
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="([^"\\\n]|\\.)*"(,\w+="([^"\\\n]|\\.)*")*\})? \S+)$/);
});

test('a collector that fails is told of, and hides nothing else', async () => {
  const reader = machine({ read: (path) => (path === '/proc/loadavg' ? '1 2 3 1/1 1' : null) });
  const text = await new HostMetrics(reader, new SimClock({ start: unixMs(1_700_000_000_500) })).render();
  expect(withPrefix(text, 'node_load1 ')).toEqual(['node_load1 1']);
  expect(withPrefix(text, 'node_time_seconds ')).toEqual(['node_time_seconds 1700000000.5']);
  expect(text).toContain('node_scrape_collector_success{collector="loadavg"} 1');
  expect(text).toContain('node_scrape_collector_success{collector="cpu"} 0');
});

test('a file system that hangs is reported after five seconds, and not asked again until it has answered', async () => {
  const clock = new SimClock({ start: unixMs(0) });
  const asked: string[] = [];
  const answers = new Map<string, (space: Space) => void>();
  const space: Space = { sizeBytes: 1, freeBytes: 1, availableBytes: 1, files: 1, filesFree: 1 };
  const metrics = new HostMetrics(
    machine({
      read: (path) => (path === '/proc/1/mountinfo' ? `${MOUNTINFO}35 27 0:51 / /other rw - nfs server:/other rw\n` : null),
      statfs: (path) => {
        asked.push(path);
        return path === '/home' ? new Promise((resolve) => answers.set(path, resolve)) : Promise.resolve(space);
      },
    }),
    clock,
  );
  const render = async (): Promise<string[]> => {
    const text = metrics.render();
    await clock.advance(6000);
    return withPrefix(await text, 'node_filesystem_device_error').map((line) =>
      line.replace(/.*mountpoint="([^"]*)".*device_error="([^"]*)".*/, '$1 $2'),
    );
  };
  const stuck = ['/ ', '/mnt/with space ', '/home mountpoint timeout', '/tmp ', '/other mountpoint timeout'];
  expect(await render()).toEqual(stuck);
  expect(await render()).toEqual(stuck);
  expect(asked.filter((path) => path === '/home' || path === '/other')).toEqual(['/home']);
  answers.get('/home')?.(space);
  await clock.advance(0);
  await render();
  expect(asked.filter((path) => path === '/home' || path === '/other')).toEqual(['/home', '/home']);
  answers.get('/home')?.(space);
});

test('elsewhere than on Linux, what node:os knows', async () => {
  const system = {
    ...os,
    type: () => 'Darwin',
    cpus: () => [{ model: 'm', speed: 1, times: { user: 1000, nice: 0, sys: 2000, idle: 3000, irq: 0 } }],
    loadavg: () => [1, 2, 3],
    totalmem: () => 100,
    freemem: () => 50,
    uptime: () => 10,
  };
  const text = await new HostMetrics(machine({ os: system }), new SimClock({ start: unixMs(60_000) })).render();
  for (const line of [
    'node_boot_time_seconds 50',
    'node_cpu_seconds_total{cpu="0",mode="system"} 2',
    'node_load15 3',
    'node_memory_free_bytes 50',
    'node_memory_total_bytes 100',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});
