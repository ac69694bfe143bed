/**
 * Fills the head from the log: the newest checkpoint, then the segments after it. A generator, so that the thread answers
 * others meanwhile. Damage is repaired and reported, never fatal; unknown series numbers and samples that do not fit are
 * counted and left out. Follows prometheus/tsdb/head_wal.go.
 *
 * Hot path: `sample`, once per sample of the log.
 */
import { type Disk, DiskError, makeDurableDirectory } from '../../model/disk.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { Log } from '../../model/log.ts';
import type { UnixMs } from '../../model/time.ts';
import type { Head } from '../head.ts';
import { TIMESTAMP_MAX } from '../head-appender.ts';
import { checkpointName, segmentName } from './framing.ts';
import { SegmentReader } from './reader.ts';
import { decodeRecord, type RecordSink, type SeriesMetadata } from './records.ts';
import { REF_MAX, RefMap } from './ref-map.ts';
import { cutTornTail, setDamageAside } from './repair.ts';
import { closeGaps, type Gap, listWal } from './segments.ts';

/** Bytes of the log between two yields. */
const SLICE_BYTES = 512 * 1024;

export type ReplayProgress = {
  /** What is being read: a checkpoint or a segment. */
  readonly reading: string;
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly samples: number;
};

export type ReplayDamage = {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;
  /** torn: cut, the end of a crash. aside: moved to `quarantine`. left: could not be repaired, stays as it is. */
  readonly outcome:
    | { readonly kind: 'torn' }
    | { readonly kind: 'aside'; readonly quarantine: string; readonly hasKeptRest: boolean }
    | { readonly kind: 'left'; readonly error: string };
};

export type ReplayReport = {
  /** Last segment covered by the checkpoint read; null without one. */
  readonly checkpoint: number | null;
  readonly segments: number;
  readonly bytes: number;
  readonly records: number;
  readonly series: number;
  readonly samples: number;
  /** Not newer than the series' last one: seen twice, or out of order. */
  readonly samplesSkipped: number;
  /** Samples and other entries whose series is in no record. */
  readonly unknownRefs: number;
  readonly damages: readonly ReplayDamage[];
  readonly gaps: readonly Gap[];
};

/** A segment or checkpoint on disk, and the times of the samples in it. */
export type SegmentTimes = { minTime: number; maxTime: number };
type ReplayedSegment = SegmentTimes & { readonly index: number; readonly modifiedAt: UnixMs };

export type ReplayResult = {
  readonly report: ReplayReport;
  readonly segments: readonly ReplayedSegment[];
  readonly checkpoint: (SegmentTimes & { readonly index: number }) | null;
  readonly highestRef: number;
  readonly nextSegment: number;
  /** Paths of segments that could not be made durable. */
  readonly unsynced: readonly string[];
  readonly aliases: Map<number, number[]>;
  readonly metadata: Map<number, SeriesMetadata>;
};

type ReplayOptions = {
  readonly disk: Disk;
  readonly walDir: string;
  readonly quarantineDir: string;
  readonly head: Head;
  readonly log: Log;
};

export function* replayWal({ disk, walDir, quarantineDir, head, log }: ReplayOptions): Generator<ReplayProgress, ReplayResult> {
  makeDurableDirectory(disk, walDir);
  const listing = listWal(disk, walDir);
  for (const name of listing.leftovers) disk.remove(`${walDir}/${name}`);
  // A checkpoint holds all that matters of the segments up to its number: a crash came before they were removed.
  const covered = listing.segments.filter((index) => listing.checkpoint !== null && index <= listing.checkpoint);
  for (const index of covered) disk.remove(`${walDir}/${segmentName(index)}`);
  const later = listing.segments.slice(covered.length);
  const first = listing.checkpoint === null ? (later[0] ?? 0) : listing.checkpoint + 1;
  const { segments: indexes, gaps } = closeGaps(disk, walDir, first, later);
  for (const gap of gaps) log.error('write-ahead log lacks segments', { missing: gap.missing, found: gap.found });

  const files: {
    readonly dir: string;
    readonly index: number;
    readonly times: SegmentTimes;
    readonly bytes: number;
    readonly modifiedAt: UnixMs;
  }[] = [];
  const add = (dir: string, index: number, times: SegmentTimes): void => {
    const stat = disk.stat(`${dir}/${segmentName(index)}`);
    files.push({ dir, index, times, bytes: stat?.bytes ?? 0, modifiedAt: stat?.modifiedAt ?? (0 as UnixMs) });
  };
  const unsynced: string[] = [];
  let checkpoint: (SegmentTimes & { readonly index: number }) | null = null;
  if (listing.checkpoint !== null) {
    checkpoint = { index: listing.checkpoint, ...noTimes() };
    const dir = `${walDir}/${checkpointName(listing.checkpoint)}`;
    for (const index of listWal(disk, dir).segments) add(dir, index, checkpoint);
  }
  for (const index of indexes) add(walDir, index, noTimes());

  const replay = new Replay(head);
  const damages: ReplayDamage[] = [];
  const bytesTotal = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesBefore = 0;
  let records = 0;
  for (const { dir, index, times, bytes } of files) {
    replay.times = times;
    const path = `${dir}/${segmentName(index)}`;
    const file = disk.open(path, 'read');
    let damage: { readonly offset: number; readonly reason: string; readonly isTorn: boolean } | null = null;
    let hasMore = false;
    try {
      const reader = new SegmentReader(file);
      let yieldAt = 0;
      for (let result = reader.next(); result !== 'end'; result = reader.next()) {
        if (result === 'damaged') {
          damage ??= { offset: reader.recordStart, reason: reader.reason, isTorn: reader.isTorn };
          reader.skipDamage();
          continue;
        }
        if (!decodeRecord(reader.record, replay)) {
          damage ??= { offset: reader.recordStart, reason: 'a record is malformed', isTorn: false };
          continue;
        }
        hasMore ||= damage !== null;
        records++;
        if (reader.position < yieldAt) continue;
        yieldAt = reader.position + SLICE_BYTES;
        yield { reading: path, bytesRead: bytesBefore + reader.position, bytesTotal, samples: replay.samples };
      }
    } finally {
      file.close();
    }
    bytesBefore += bytes;
    if (damage === null) {
      if (dir === walDir && !madeDurable(disk, path, log)) unsynced.push(path);
      continue;
    }
    const { offset, reason, isTorn } = damage;
    const damaged = { disk, dir, segment: index, offset, quarantineDir };
    let outcome: ReplayDamage['outcome'];
    try {
      if (isTorn && !hasMore) {
        cutTornTail(damaged);
        outcome = { kind: 'torn' };
      } else outcome = { kind: 'aside', quarantine: setDamageAside(damaged, hasMore), hasKeptRest: hasMore };
    } catch (error) {
      // Read-only or full disk: what could be read is in the head, and the next start tries again.
      if (!(error instanceof DiskError)) throw error;
      outcome = { kind: 'left', error: error.message };
    }
    damages.push({ file: path, offset, reason, outcome });
    log.warn('write-ahead log is damaged', { file: path, offset, reason, outcome: outcome.kind });
  }

  const report: ReplayReport = {
    checkpoint: listing.checkpoint,
    segments: indexes.length,
    bytes: bytesTotal,
    records,
    series: head.series.count,
    samples: replay.samples,
    samplesSkipped: replay.samplesSkipped,
    unknownRefs: replay.unknownRefs,
    damages,
    gaps,
  };
  return {
    report,
    segments: files.filter((file) => file.dir === walDir).map(({ index, times, modifiedAt }) => ({ index, ...times, modifiedAt })),
    checkpoint,
    highestRef: replay.highestRef,
    nextSegment: first + indexes.length,
    unsynced,
    aliases: replay.aliases,
    metadata: replay.metadataOf,
  };
}

/**
 * What a killed process wrote may still be in the kernel's memory only. It is shown from now on, so it must last, and nobody
 * writes to this segment again.
 */
function madeDurable(disk: Disk, path: string, log: Log): boolean {
  try {
    const file = disk.open(path, 'write');
    try {
      file.sync();
    } finally {
      file.close();
    }
    return true;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    log.warn('a segment of the write-ahead log may not outlast a loss of power', { file: path, error: error.message });
    return false;
  }
}

export const noTimes = (): SegmentTimes => ({ minTime: Number.POSITIVE_INFINITY, maxTime: Number.NEGATIVE_INFINITY });

class Replay implements RecordSink {
  readonly #head: Head;
  readonly #slots = new RefMap();
  /** Further numbers of series that were recorded under several. */
  readonly aliases = new Map<number, number[]>();
  readonly metadataOf = new Map<number, SeriesMetadata>();
  times: SegmentTimes = noTimes();
  highestRef = 0;
  samples = 0;
  samplesSkipped = 0;
  unknownRefs = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  series(ref: number, labels: Labels): void {
    if (!this.#isRef(ref)) return;
    const slot = this.#head.seriesOf(labels);
    const { walRefs } = this.#head.series;
    if (walRefs[slot] === 0) walRefs[slot] = ref;
    else if (walRefs[slot] !== ref) {
      const known = this.aliases.get(slot);
      if (known === undefined) this.aliases.set(slot, [ref]);
      else if (!known.includes(ref)) known.push(ref);
    }
    this.#slots.set(ref, slot);
  }

  sample(ref: number, timestamp: number, valueHigh: number, valueLow: number): void {
    const slot = this.#slotFor(ref, timestamp);
    if (slot === 0) return;
    this.samples++;
    this.#head.appendFloat(slot, timestamp, valueHigh, valueLow);
  }

  histogram(ref: number, timestamp: number, histogram: FloatHistogram): void {
    const slot = this.#slotFor(ref, timestamp);
    if (slot === 0) return;
    this.samples++;
    this.#head.appendHistogram(slot, timestamp, histogram);
  }

  tombstone(ref: number, fromMs: number, toMs: number): void {
    if (!this.#isRef(ref)) return;
    const slot = this.#slots.get(ref);
    if (slot === 0) this.unknownRefs++;
    else this.#head.delete(slot, { fromMs, toMs: Math.min(toMs, this.#head.series.lastTime(slot)) });
  }

  metadata(ref: number, metadata: SeriesMetadata): void {
    const slot = this.#isRef(ref) ? this.#slots.get(ref) : 0;
    if (slot === 0) this.unknownRefs++;
    else this.metadataOf.set(slot, metadata);
  }

  /** The slot of a sample that fits into the head; otherwise counts why not and returns 0. */
  #slotFor(ref: number, timestamp: number): number {
    if (!this.#isRef(ref)) return 0;
    const slot = this.#slots.get(ref);
    if (slot === 0) {
      this.unknownRefs++;
      return 0;
    }
    if (timestamp < this.times.minTime) this.times.minTime = timestamp;
    if (timestamp > this.times.maxTime) this.times.maxTime = timestamp;
    if (timestamp > this.#head.series.lastTime(slot) && timestamp >= -TIMESTAMP_MAX && timestamp <= TIMESTAMP_MAX) return slot;
    this.samplesSkipped++;
    return 0;
  }

  #isRef(ref: number): boolean {
    if (!(ref > 0 && ref <= REF_MAX)) {
      this.unknownRefs++;
      return false;
    }
    if (ref > this.highestRef) this.highestRef = ref;
    return true;
  }
}
