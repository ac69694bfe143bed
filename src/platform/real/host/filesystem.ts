/** Mounted file systems from /proc/<pid>/mountinfo and statfs (node_exporter: filesystem, with its default exclusions). */
import { type HostFamily, type HostSample, linesOf, wordsOf } from './family.ts';

const EXCLUDED_MOUNTS = /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
const EXCLUDED_TYPES =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$/;
/** A server that went away makes calls on these hang. */
const NETWORK_TYPES = /^(nfs4?|cifs|smb3?|smbfs|9p|ceph|glusterfs|lustre|afs|gfs2?|ocfs2|fuse(\..*)?)$/;

export type Mount = {
  readonly device: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly major: string;
  readonly minor: string;
  readonly isReadOnly: boolean;
  readonly isNetwork: boolean;
};

/** In the kernel's order, each device and mount point once. proc(5) has the columns. */
export function parseMounts(mountinfo: string): readonly Mount[] {
  const mounts = new Map<string, Mount>();
  for (const line of linesOf(mountinfo)) {
    const words = wordsOf(line);
    const separator = words.indexOf('-');
    const [, , version = '', , mountPoint = '', options = ''] = words;
    const [type, device, superOptions = ''] = words.slice(separator + 1);
    if (separator < 6 || type === undefined || device === undefined) continue;
    const path = unescape(mountPoint);
    if (EXCLUDED_MOUNTS.test(path) || EXCLUDED_TYPES.test(type)) continue;
    const [major = '', minor = ''] = version.split(':');
    const flags = superOptions.split(',');
    const isReadOnly = options.split(',').includes('ro') || flags.includes('ro') || flags.includes('emergency_ro');
    const key = JSON.stringify([device, path, type]);
    if (!mounts.has(key)) {
      mounts.set(key, { device: unescape(device), mountPoint: path, type, major, minor, isReadOnly, isNetwork: NETWORK_TYPES.test(type) });
    }
  }
  return [...mounts.values()];
}

/** The kernel writes white space and backslashes in octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export type Space = {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly availableBytes: number;
  readonly files: number;
  readonly filesFree: number;
};
/** A mount with its space, or why there is no telling. */
export type MountSpace = { readonly mount: Mount; readonly space: Space | string };

export function filesystemFamilies(mounts: readonly MountSpace[]): readonly HostFamily[] {
  const samples = (value: (mount: Mount, space: Space | string) => number | null): readonly HostSample[] =>
    mounts.flatMap(({ mount, space }) => {
      const number = value(mount, space);
      const device_error = typeof space === 'string' ? space : '';
      const labels = { device: mount.device, mountpoint: mount.mountPoint, fstype: mount.type, device_error };
      return number === null ? [] : [{ labels, value: number }];
    });
  const ofSpace = (name: string, help: string, field: keyof Space): HostFamily => ({
    name: `node_filesystem_${name}`,
    help,
    type: 'gauge',
    samples: samples((_, space) => (typeof space === 'string' ? null : space[field])),
  });
  return [
    ofSpace('avail_bytes', 'Space for users other than root.', 'availableBytes'),
    {
      name: 'node_filesystem_device_error',
      help: 'Whether the file system could not be asked.',
      type: 'gauge',
      samples: samples((_, space) => (typeof space === 'string' ? 1 : 0)),
    },
    ofSpace('files', 'File nodes in all.', 'files'),
    ofSpace('files_free', 'File nodes that are free.', 'filesFree'),
    ofSpace('free_bytes', 'Space that is free.', 'freeBytes'),
    {
      name: 'node_filesystem_mount_info',
      help: 'What is mounted where.',
      type: 'gauge',
      samples: mounts
        .filter(({ space }) => typeof space !== 'string')
        .map(({ mount: { device, major, minor, mountPoint } }) => ({ labels: { device, major, minor, mountpoint: mountPoint }, value: 1 })),
    },
    {
      name: 'node_filesystem_readonly',
      help: 'Whether the file system is mounted read-only.',
      type: 'gauge',
      samples: samples((mount) => (mount.isReadOnly ? 1 : 0)),
    },
    ofSpace('size_bytes', 'Space in all.', 'sizeBytes'),
  ];
}
