/**
 * Metrics of the machine we run on, under node_exporter's names, so that its dashboards and rules work without it:
 * its default collectors cpu, stat, meminfo, vmstat, diskstats, filesystem, netdev, netclass, netstat, sockstat,
 * conntrack, loadavg, filefd, pressure, entropy, time, uname. Left out: what needs system calls that Node does not make
 * (timex) and hardware that few have. Elsewhere than on Linux: what node:os knows.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { Clock } from '../../model/clock.ts';
import type { DurationMs } from '../../model/time.ts';
import { blockDeviceFamilies, parseBlockDevices, parseUdev } from './host/block-device.ts';
import { familiesText, type HostFamily, single } from './host/family.ts';
import { filesystemFamilies, type Mount, type MountSpace, parseMounts, type Space } from './host/filesystem.ts';
import { conntrackFamilies, entropyFamilies, fileDescriptorFamilies, loadFamilies, parseLoad, pressureFamilies } from './host/kernel.ts';
import { memoryFamilies, vmstatFamilies } from './host/memory.ts';
import { deviceFamilies, netstatFamilies, sockstatFamilies, trafficFamilies } from './host/network.ts';
import { neverFalling, type ProcessorTimes, parseProcessorTimes, processorFamilies, systemFamilies } from './host/processor.ts';

/** A file system that does not answer within this time is reported, and not asked again until it has answered. */
const STATFS_MS_MAX = 5000;
/** The page size of every machine that matters here; Node does not tell. */
const PAGE_BYTES = 4096;

/** What is read of the machine. */
export interface HostReader {
  /** null when there is no such file, or none for us. */
  read(path: string): string | null;
  /** Empty when there is no such directory. */
  list(path: string): readonly string[];
  /** May never settle: a network file system whose server is gone. */
  statfs(path: string): Promise<Space>;
  readonly os: Pick<
    typeof os,
    'type' | 'release' | 'version' | 'machine' | 'hostname' | 'uptime' | 'loadavg' | 'totalmem' | 'freemem' | 'cpus'
  >;
}

export const machineReader: HostReader = {
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null; // an absent or closed file is an absent metric
    }
  },
  list: (path) => {
    try {
      return readdirSync(path).sort();
    } catch {
      return []; // as above
    }
  },
  statfs: async (path) => {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
    return { sizeBytes: blocks * bsize, freeBytes: bfree * bsize, availableBytes: bavail * bsize, files, filesFree: ffree };
  },
  os,
};

/** Keeps what must not fall between two scrapes, and which file systems hang. */
export class HostMetrics {
  readonly #reader: HostReader;
  readonly #clock: Clock;
  #processorTimes: ProcessorTimes = new Map();
  readonly #hanging = new Set<string>();
  #networkHangs = false;

  constructor(reader: HostReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** The exposition text (version 0.0.4). */
  async render(): Promise<string> {
    const families: HostFamily[] = [];
    const durations = [];
    const successes = [];
    for (const [collector, collect] of Object.entries(this.#collectors())) {
      const startedAt = this.#clock.elapsed();
      let isSuccess = 0;
      try {
        families.push(...(await collect()));
        isSuccess = 1;
      } catch {
        // Told by node_scrape_collector_success: one collector's trouble must not hide the others' metrics.
      }
      durations.push({ labels: { collector }, value: (this.#clock.elapsed() - startedAt) / 1000 });
      successes.push({ labels: { collector }, value: isSuccess });
    }
    families.push(
      { name: 'node_scrape_collector_duration_seconds', help: 'Time that a collector took.', type: 'gauge', samples: durations },
      { name: 'node_scrape_collector_success', help: 'Whether a collector succeeded.', type: 'gauge', samples: successes },
    );
    return familiesText(families.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  }

  #collectors(): Readonly<Record<string, () => readonly HostFamily[] | Promise<readonly HostFamily[]>>> {
    const { read, list, os: system } = this.#reader;
    const must = (path: string): string => {
      const text = read(path);
      if (text === null) throw new Error(`cannot read ${path}`);
      return text;
    };
    const everywhere = { time: () => this.#time(), uname: () => this.#uname() };
    if (system.type() !== 'Linux') {
      return {
        ...everywhere,
        cpu: () => this.#portableCpu(),
        loadavg: () => loadFamilies(system.loadavg()),
        meminfo: () => this.#portableMemory(),
      };
    }
    return {
      ...everywhere,
      cpu: () => {
        this.#processorTimes = neverFalling(this.#processorTimes, parseProcessorTimes(must('/proc/stat')));
        return processorFamilies(this.#processorTimes);
      },
      stat: () => systemFamilies(must('/proc/stat')),
      meminfo: () => memoryFamilies(must('/proc/meminfo')),
      vmstat: () => vmstatFamilies(must('/proc/vmstat')),
      diskstats: () =>
        blockDeviceFamilies(parseBlockDevices(must('/proc/diskstats')), ({ name, major, minor }) => ({
          udev: parseUdev(read(`/run/udev/data/b${major}:${minor}`) ?? ''),
          isRotational: read(`/sys/block/${name}/queue/rotational`)?.trim() === '1',
        })),
      filesystem: async () =>
        filesystemFamilies(await this.#spaces(parseMounts(read('/proc/1/mountinfo') ?? must('/proc/self/mountinfo')))),
      netdev: () => trafficFamilies(must('/proc/net/dev')),
      netclass: () => deviceFamilies(list('/sys/class/net'), (device, file) => read(`/sys/class/net/${device}/${file}`)),
      netstat: () => netstatFamilies(`${must('/proc/net/netstat')}\n${must('/proc/net/snmp')}`, read('/proc/net/snmp6') ?? ''),
      sockstat: () => sockstatFamilies(`${read('/proc/net/sockstat') ?? ''}\n${read('/proc/net/sockstat6') ?? ''}`, PAGE_BYTES),
      loadavg: () => loadFamilies(parseLoad(must('/proc/loadavg'))),
      filefd: () => fileDescriptorFamilies(must('/proc/sys/fs/file-nr')),
      pressure: () => pressureFamilies((resource) => read(`/proc/pressure/${resource}`)),
      conntrack: () => conntrackFamilies(read),
      entropy: () => entropyFamilies(read),
    };
  }

  /**
   * A hanging statfs holds one of the few threads that also sync our files and look up names. So network file systems
   * are asked one after the other, and while one hangs, none of them.
   */
  async #spaces(mounts: readonly Mount[]): Promise<readonly MountSpace[]> {
    const spaces: MountSpace[] = [];
    for (const mount of mounts) spaces.push({ mount, space: await this.#space(mount) });
    return spaces;
  }

  async #space({ mountPoint, isNetwork }: Mount): Promise<Space | string> {
    if (this.#hanging.has(mountPoint) || (isNetwork && this.#networkHangs)) return 'mountpoint timeout';
    this.#hanging.add(mountPoint);
    if (isNetwork) this.#networkHangs = true;
    const answer = this.#reader
      .statfs(mountPoint)
      .catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
      .finally(() => {
        this.#hanging.delete(mountPoint);
        if (isNetwork) this.#networkHangs = false;
      });
    return new Promise((resolve) => {
      const cancel = this.#clock.after(STATFS_MS_MAX as DurationMs, () => resolve('mountpoint timeout'));
      void answer.then((space) => {
        cancel();
        resolve(space);
      });
    });
  }

  #time(): readonly HostFamily[] {
    return [single('gauge', 'node_time_seconds', 'The time, as Unix time.', this.#clock.now() / 1000)];
  }

  #uname(): readonly HostFamily[] {
    const { os: system } = this.#reader;
    const labels = {
      sysname: system.type(),
      release: system.release(),
      version: system.version(),
      machine: system.machine(),
      nodename: system.hostname(),
      domainname: this.#reader.read('/proc/sys/kernel/domainname')?.trim() ?? '',
    };
    return [{ name: 'node_uname_info', help: 'What uname tells.', type: 'gauge', samples: [{ labels, value: 1 }] }];
  }

  #portableCpu(): readonly HostFamily[] {
    const { os: system } = this.#reader;
    const samples = system.cpus().flatMap(({ times }, cpu) =>
      (['user', 'nice', 'sys', 'idle', 'irq'] as const).map((mode) => ({
        labels: { cpu: String(cpu), mode: mode === 'sys' ? 'system' : mode },
        value: times[mode] / 1000,
      })),
    );
    const bootedAt = Math.floor(this.#clock.now() / 1000 - system.uptime());
    return [
      single('gauge', 'node_boot_time_seconds', 'When the machine booted, in Unix time.', bootedAt),
      { name: 'node_cpu_seconds_total', help: 'Time spent in each mode.', type: 'counter', samples },
    ];
  }

  /** Under the names that node_exporter has for macOS and the BSDs. */
  #portableMemory(): readonly HostFamily[] {
    const { os: system } = this.#reader;
    return [
      single('gauge', 'node_memory_free_bytes', 'Memory that is free.', system.freemem()),
      single('gauge', 'node_memory_total_bytes', 'Memory in all.', system.totalmem()),
    ];
  }
}
