/** Small files of the kernel (node_exporter: loadavg, filefd, pressure, conntrack, entropy). A text is null where the kernel has no such file. */
import { type HostFamily, linesOf, single, wordsOf } from './family.ts';

export function loadFamilies(averages: readonly number[]): readonly HostFamily[] {
  return [1, 5, 15].flatMap((minutes, i) => {
    const value = averages[i];
    return value === undefined || Number.isNaN(value)
      ? []
      : [single('gauge', `node_load${minutes}`, `Load average of ${minutes}m.`, value)];
  });
}

/** /proc/loadavg. */
export const parseLoad = (loadavg: string): readonly number[] => wordsOf(loadavg).slice(0, 3).map(Number);

/** /proc/sys/fs/file-nr. */
export function fileDescriptorFamilies(fileNr: string): readonly HostFamily[] {
  const [allocated, , maximum] = wordsOf(fileNr).map(Number);
  if (allocated === undefined || maximum === undefined) return [];
  return [
    single('gauge', 'node_filefd_allocated', 'File descriptors in use.', allocated),
    single('gauge', 'node_filefd_maximum', 'File descriptors that there may be.', maximum),
  ];
}

const PRESSURE: readonly (readonly [resource: string, line: 'some' | 'full', name: string, help: string])[] = [
  ['cpu', 'some', 'cpu_waiting', 'Time in which a process waited for a processor.'],
  ['io', 'full', 'io_stalled', 'Time in which all processes waited for I/O.'],
  ['io', 'some', 'io_waiting', 'Time in which a process waited for I/O.'],
  ['irq', 'full', 'irq_stalled', 'Time in which interrupts kept all processes from running.'],
  ['memory', 'full', 'memory_stalled', 'Time in which all processes waited for memory.'],
  ['memory', 'some', 'memory_waiting', 'Time in which a process waited for memory.'],
];

/** /proc/pressure/*. */
export function pressureFamilies(read: (resource: string) => string | null): readonly HostFamily[] {
  return PRESSURE.flatMap(([resource, kind, name, help]) => {
    const line = linesOf(read(resource) ?? '').find((text) => text.startsWith(kind));
    const total = /\btotal=(\d+)/.exec(line ?? '')?.[1];
    return total === undefined ? [] : [single('counter', `node_pressure_${name}_seconds_total`, help, Number(total) / 1_000_000)];
  });
}

type NumberFile = readonly [path: string, name: string, help: string];
const ENTROPY: readonly NumberFile[] = [
  ['/proc/sys/kernel/random/entropy_avail', 'node_entropy_available_bits', 'Entropy at hand.'],
  ['/proc/sys/kernel/random/poolsize', 'node_entropy_pool_size_bits', 'Entropy that there may be.'],
];
const CONNTRACK: readonly NumberFile[] = [
  ['/proc/sys/net/netfilter/nf_conntrack_count', 'node_nf_conntrack_entries', 'Connections tracked.'],
  ['/proc/sys/net/netfilter/nf_conntrack_max', 'node_nf_conntrack_entries_limit', 'Connections that can be tracked.'],
];

export const entropyFamilies = (read: (path: string) => string | null): readonly HostFamily[] => numberFamilies(ENTROPY, read);
export const conntrackFamilies = (read: (path: string) => string | null): readonly HostFamily[] => numberFamilies(CONNTRACK, read);

/** Files that hold one number each. */
function numberFamilies(files: readonly NumberFile[], read: (path: string) => string | null): readonly HostFamily[] {
  return files.flatMap(([path, name, help]) => {
    const text = read(path)?.trim() ?? '';
    return /^\d+$/.test(text) ? [single('gauge', name, help, Number(text))] : [];
  });
}
