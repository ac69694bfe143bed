/** /proc/diskstats (node_exporter: diskstats); what udev knows of a device becomes node_disk_info. */
import { type HostFamily, type HostSample, linesOf, wordsOf } from './family.ts';

const EXCLUDED_DEVICES = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
/** The kernel counts in these whatever the device's own sectors are. */
const SECTOR_BYTES = 512;
const MS = 1 / 1000;

/** The kernel's columns after the device's name; older kernels have fewer. */
const COLUMNS: readonly (readonly [name: string, type: HostFamily['type'], factor: number, help: string])[] = [
  ['reads_completed_total', 'counter', 1, 'Reads completed.'],
  ['reads_merged_total', 'counter', 1, 'Reads merged into others.'],
  ['read_bytes_total', 'counter', SECTOR_BYTES, 'Bytes read.'],
  ['read_time_seconds_total', 'counter', MS, 'Time spent by all reads.'],
  ['writes_completed_total', 'counter', 1, 'Writes completed.'],
  ['writes_merged_total', 'counter', 1, 'Writes merged into others.'],
  ['written_bytes_total', 'counter', SECTOR_BYTES, 'Bytes written.'],
  ['write_time_seconds_total', 'counter', MS, 'Time spent by all writes.'],
  ['io_now', 'gauge', 1, 'Reads and writes in progress.'],
  ['io_time_seconds_total', 'counter', MS, 'Time with a read or write in progress.'],
  ['io_time_weighted_seconds_total', 'counter', MS, 'Time with reads or writes in progress, times their number.'],
  ['discards_completed_total', 'counter', 1, 'Discards completed.'],
  ['discards_merged_total', 'counter', 1, 'Discards merged into others.'],
  ['discarded_sectors_total', 'counter', 1, 'Sectors discarded.'],
  ['discard_time_seconds_total', 'counter', MS, 'Time spent by all discards.'],
  ['flush_requests_total', 'counter', 1, 'Flushes completed.'],
  ['flush_requests_time_seconds_total', 'counter', MS, 'Time spent by all flushes.'],
];

export type BlockDevice = { readonly name: string; readonly major: string; readonly minor: string; readonly columns: readonly number[] };

export function parseBlockDevices(diskstats: string): readonly BlockDevice[] {
  return linesOf(diskstats).flatMap((line) => {
    const [major = '', minor = '', name = '', ...columns] = wordsOf(line);
    return name === '' || EXCLUDED_DEVICES.test(name) ? [] : [{ name, major, minor, columns: columns.map(Number) }];
  });
}

/** The properties in a udev database file (/run/udev/data/b8:0). */
export function parseUdev(text: string): ReadonlyMap<string, string> {
  return new Map(
    linesOf(text).flatMap((line): [string, string][] => {
      const match = /^E:([^=]+)=(.*)$/.exec(line);
      return match?.[1] === undefined ? [] : [[match[1], match[2] ?? '']];
    }),
  );
}

export function blockDeviceFamilies(
  devices: readonly BlockDevice[],
  about: (device: BlockDevice) => { readonly udev: ReadonlyMap<string, string>; readonly isRotational: boolean },
): readonly HostFamily[] {
  const info = devices.map((device): HostSample => {
    const { udev, isRotational } = about(device);
    const property = (...names: readonly string[]): string => names.map((name) => udev.get(name) ?? '').find((value) => value !== '') ?? '';
    return {
      labels: {
        device: device.name,
        major: device.major,
        minor: device.minor,
        path: property('ID_PATH'),
        wwn: property('ID_WWN'),
        model: property('ID_MODEL'),
        serial: property('SCSI_IDENT_SERIAL', 'ID_SERIAL_SHORT', 'ID_SERIAL'),
        revision: property('ID_REVISION'),
        rotational: isRotational ? '1' : '0',
      },
      value: 1,
    };
  });
  const counted = COLUMNS.map(
    ([name, type, factor, help], i): HostFamily => ({
      name: `node_disk_${name}`,
      help,
      type,
      samples: devices.flatMap(({ name: device, columns }) => {
        const value = columns[i];
        return value === undefined ? [] : [{ labels: { device }, value: value * factor }];
      }),
    }),
  );
  return [{ name: 'node_disk_info', help: 'What the kernel and udev know of a device.', type: 'gauge', samples: info }, ...counted];
}
