/**
 * file_sd_configs: targets from files that others write (prometheus/discovery/file). Where Prometheus is told of changes
 * by the kernel, this looks at names, sizes and times of the files every few seconds; every refresh_interval it reads
 * them whatever they look like. A file that cannot be read keeps the targets it gave before.
 */
import { cleanPath, directoryOf } from '../../lib/file-path.ts';
import type { Clock } from '../../model/clock.ts';
import { type Disk, DiskError } from '../../model/disk.ts';
import type { Log } from '../../model/log.ts';
import { durationMs } from '../../model/time.ts';
import type { FileDiscovery } from '../discovery-config.ts';
import type { TargetGroup } from '../scrape-config.ts';
import { readTargetGroups } from './target-group-file.ts';
import type { TargetProvider, TargetSink } from './target-provider.ts';

const LOOK_INTERVAL_MS = 5000;
const FILE_BYTES_MAX = 32 * 1024 * 1024;

export class FileDiscoveryStats {
  /** prometheus_sd_file_read_errors_total */
  readErrors = 0;
}

export type FileDiscoveryPorts = {
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'read' | 'list' | 'stat'>;
  readonly log: Log;
  readonly stats: FileDiscoveryStats;
};

/** A file as it was when it was read last. */
type Known = { readonly bytes: number; readonly modifiedAt: number; readonly groupCount: number };

export class FileProvider implements TargetProvider {
  readonly #config: FileDiscovery;
  readonly #sink: TargetSink;
  readonly #ports: FileDiscoveryPorts;
  #known = new Map<string, Known>();
  #readAllAt = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(config: FileDiscovery, sink: TargetSink, ports: FileDiscoveryPorts) {
    this.#config = config;
    this.#sink = sink;
    this.#ports = ports;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const { clock } = this.#ports;
    const now = clock.elapsed();
    const isRefresh = now - this.#readAllAt >= this.#config.refreshIntervalMs;
    if (isRefresh) this.#readAllAt = now;
    const changes: TargetGroup[] = [];
    const known = new Map<string, Known>();
    for (const path of new Set(this.#config.files.flatMap((pattern) => this.#matching(pattern)))) {
      const before = this.#known.get(path) ?? null;
      const after = this.#read(path, { before, isRefresh }, changes);
      if (after === null) continue;
      known.set(path, after);
      if (before !== null) changes.push(...emptyGroups(path, after.groupCount, before.groupCount));
    }
    for (const [path, { groupCount }] of this.#known) if (!known.has(path)) changes.push(...emptyGroups(path, 0, groupCount));
    this.#known = known;
    if (changes.length > 0) this.#sink(changes);
    this.#cancel = clock.after(durationMs(Math.min(LOOK_INTERVAL_MS, this.#config.refreshIntervalMs)), () => this.#look());
  }

  /**
   * Adds the groups of the file to `changes` when it does not look as before, or on a refresh. Null: it is gone. One that
   * cannot be read is tried again when it has changed.
   */
  #read(
    path: string,
    { before, isRefresh }: { readonly before: Known | null; readonly isRefresh: boolean },
    changes: TargetGroup[],
  ): Known | null {
    const { disk } = this.#ports;
    try {
      const stat = disk.stat(path);
      if (stat === null) return null;
      const { bytes, modifiedAt } = stat;
      if (!isRefresh && before !== null && before.bytes === bytes && before.modifiedAt === modifiedAt) return before;
      const kept = { bytes, modifiedAt, groupCount: before?.groupCount ?? 0 };
      if (bytes > FILE_BYTES_MAX) return this.#failed(path, `the file has ${bytes} bytes, at most ${FILE_BYTES_MAX} are read`, kept);
      const groups = readTargetGroups(path, disk.read(path));
      if ('error' in groups) return this.#failed(path, groups.error, kept);
      groups.forEach((group, i) =>
        changes.push({ ...group, source: sourceOf(path, i), labels: { ...group.labels, __meta_filepath: path } }),
      );
      return { ...kept, groupCount: groups.length };
    } catch (error) {
      if (error instanceof DiskError) return this.#failed(path, error.message, before);
      throw error;
    }
  }

  #failed(path: string, problem: string, kept: Known | null): Known | null {
    this.#ports.stats.readErrors++;
    this.#ports.log.error('a file of targets cannot be used, those it gave before stay', { path, problem });
    return kept;
  }

  /** Existing files; the last element of a pattern may hold wildcards. */
  #matching(pattern: string): readonly string[] {
    const { disk } = this.#ports;
    if (!/[*?]/.test(pattern)) return disk.stat(pattern) === null ? [] : [pattern];
    const directory = directoryOf(pattern);
    const matcher = globRegex(pattern.slice(pattern.lastIndexOf('/') + 1));
    try {
      const names = disk.list(directory).filter(({ kind, name }) => kind === 'file' && matcher.test(name));
      return names.map(({ name }) => (pattern.includes('/') ? cleanPath(`${directory}/${name}`) : name));
    } catch (error) {
      if (error instanceof DiskError) return [];
      throw error;
    }
  }
}

const sourceOf = (path: string, index: number): string => `${path}:${index}`;

/** For the groups that a file had and has no more. */
const emptyGroups = (path: string, from: number, to: number): readonly TargetGroup[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ source: sourceOf(path, from + i), targets: [], labels: {} }));

function globRegex(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${source}$`);
}
