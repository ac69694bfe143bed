/**
 * A checkpoint stands for the segments up to a number: the series that are still in the head, what is kept of their
 * metadata and deletions, and those samples of the old segments that are not too old. It is written beside, made durable
 * and renamed; then the segments go. Follows prometheus/tsdb/wlog/checkpoint.go; series come from the head instead of
 * the old records, so that segments without samples worth keeping need not be read.
 */
import { ByteWriter } from '../../lib/byte-writer.ts';
import type { CrashPoints } from '../../model/crash-point.ts';
import type { Disk } from '../../model/disk.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import { CUSTOM_BUCKETS_SCHEMA } from '../../model/histogram.ts';
import type { Log } from '../../model/log.ts';
import type { Head } from '../head.ts';
import { checkpointName, segmentName } from './framing.ts';
import { SegmentReader } from './reader.ts';
import {
  addHistogram,
  addSample,
  addSeries,
  decodeRecord,
  encodeMetadata,
  encodeTombstone,
  type RecordSink,
  type SeriesMetadata,
  startHistograms,
  startSamples,
  startSeries,
} from './records.ts';
import { RefMap } from './ref-map.ts';
import { listWal } from './segments.ts';
import { WalWriter } from './writer.ts';

const SERIES_SLICE = 10_000;
/** Made durable bit by bit, so that no single sync holds the thread for long. */
const SYNC_BYTES = 4 * 1024 * 1024;

type CheckpointPlan = {
  readonly disk: Disk;
  readonly walDir: string;
  readonly segmentBytes: number;
  readonly head: Head;
  readonly aliases: ReadonlyMap<number, readonly number[]>;
  readonly metadata: ReadonlyMap<number, SeriesMetadata>;
  /** Covers the segments up to and including this. */
  readonly upTo: number;
  /** Samples before this are left out. */
  readonly keepFromMs: number;
  /** Segments up to `upTo` with samples to keep. */
  readonly segmentsToRead: readonly number[];
  /** The checkpoint before this one, when it has samples to keep. */
  readonly checkpointToRead: number | null;
  readonly crashPoints: CrashPoints;
  readonly log: Log;
};

export function* writeCheckpoint(plan: CheckpointPlan): Generator<void, void> {
  const { disk, walDir, head, upTo, crashPoints } = plan;
  const name = `${walDir}/${checkpointName(upTo)}`;
  const temporary = `${name}.tmp`;
  disk.remove(temporary);
  disk.makeDirectory(temporary);
  const writer = new WalWriter({ disk, dir: temporary, firstSegment: 0, segmentBytes: plan.segmentBytes, crashPoints });
  let unsynced = 0;
  const flush = (): void => {
    const before = writer.stats.bytesWritten;
    writer.write();
    unsynced += writer.stats.bytesWritten - before;
    if (unsynced < SYNC_BYTES) return;
    writer.sync();
    unsynced = 0;
  };

  const refs = new RefMap();
  const record = new ByteWriter(256 * 1024);
  const { series } = head;
  for (let from = 1; from < series.slotsEnd; from += SERIES_SLICE) {
    record.clear();
    startSeries(record);
    const to = Math.min(from + SERIES_SLICE, series.slotsEnd);
    for (let slot = from; slot < to; slot++) {
      if (!series.isUsed(slot) || series.walRefs[slot] === 0) continue;
      const labels = series.labels(slot);
      for (const ref of [series.walRefs[slot]!, ...(plan.aliases.get(slot) ?? [])]) {
        addSeries(record, ref, labels);
        refs.set(ref, slot);
      }
    }
    writer.stage(record.view());
    for (let slot = from; slot < to; slot++) {
      const metadata = plan.metadata.get(slot);
      if (metadata === undefined || !series.isUsed(slot)) continue;
      record.clear();
      encodeMetadata(record, series.walRefs[slot]!, metadata);
      writer.stage(record.view());
    }
    flush();
    yield;
  }

  const files: string[] = [];
  if (plan.checkpointToRead !== null) {
    const dir = `${walDir}/${checkpointName(plan.checkpointToRead)}`;
    for (const index of listWal(disk, dir).segments) files.push(`${dir}/${segmentName(index)}`);
  }
  for (const index of plan.segmentsToRead) files.push(`${walDir}/${segmentName(index)}`);
  const keeper = new Keeper(writer, refs, plan.keepFromMs);
  for (const path of files) {
    const file = disk.open(path, 'read');
    try {
      const reader = new SegmentReader(file);
      let yieldAt = 0;
      for (let result = reader.next(); result !== 'end'; result = reader.next()) {
        if (result === 'damaged') {
          plan.log.warn('write-ahead log is damaged where a checkpoint reads it', {
            file: path,
            offset: reader.recordStart,
            reason: reader.reason,
          });
          reader.skipDamage();
          continue;
        }
        decodeRecord(reader.record, keeper);
        keeper.stage();
        if (reader.position < yieldAt) continue;
        yieldAt = reader.position + SYNC_BYTES / 8;
        flush();
        yield;
      }
    } finally {
      file.close();
    }
    flush();
  }
  for (const [slot, intervals] of head.deletions()) {
    const ref = series.walRefs[slot]!;
    for (const { fromMs, toMs } of intervals) {
      if (ref === 0 || toMs < plan.keepFromMs) continue;
      record.clear();
      encodeTombstone(record, ref, fromMs, toMs);
      writer.stage(record.view());
    }
  }
  flush();
  writer.close();
  disk.syncDirectory(temporary);
  crashPoints.hit('wal.checkpoint');
  disk.rename(temporary, name);
  disk.syncDirectory(walDir);
  crashPoints.hit('wal.checkpoint-renamed');
  yield;
  for (const index of listWal(disk, walDir).segments) {
    if (index > upTo) break;
    disk.remove(`${walDir}/${segmentName(index)}`);
    crashPoints.hit('wal.truncate');
    yield;
  }
  for (const leftover of listWal(disk, walDir).leftovers) disk.remove(`${walDir}/${leftover}`);
  disk.syncDirectory(walDir);
}

/** Copies the samples worth keeping, one record for one. */
class Keeper implements RecordSink {
  readonly #writer: WalWriter;
  readonly #refs: RefMap;
  readonly #fromMs: number;
  readonly #floats = new ByteWriter(64 * 1024);
  readonly #histograms = new ByteWriter(1024);
  readonly #customHistograms = new ByteWriter(1024);
  #baseRef = 0;
  #baseTime = 0;

  constructor(writer: WalWriter, refs: RefMap, fromMs: number) {
    this.#writer = writer;
    this.#refs = refs;
    this.#fromMs = fromMs;
  }

  /** After each record that was decoded. */
  stage(): void {
    for (const record of [this.#floats, this.#histograms, this.#customHistograms]) {
      if (record.length > 0) this.#writer.stage(record.view());
      record.clear();
    }
  }

  sample(ref: number, timestamp: number, valueHigh: number, valueLow: number): void {
    if (timestamp < this.#fromMs || this.#refs.get(ref) === 0) return;
    if (this.#floats.length === 0) {
      this.#baseRef = ref;
      this.#baseTime = timestamp;
      startSamples(this.#floats, ref, timestamp);
    }
    addSample(this.#floats, this.#baseRef, this.#baseTime, ref, timestamp, valueHigh, valueLow);
  }

  histogram(ref: number, timestamp: number, histogram: FloatHistogram): void {
    if (timestamp < this.#fromMs || this.#refs.get(ref) === 0) return;
    const hasCustomBuckets = histogram.schema === CUSTOM_BUCKETS_SCHEMA;
    const record = hasCustomBuckets ? this.#customHistograms : this.#histograms;
    if (this.#histograms.length === 0 && this.#customHistograms.length === 0) {
      this.#baseRef = ref;
      this.#baseTime = timestamp;
    }
    if (record.length === 0) startHistograms(record, this.#baseRef, this.#baseTime, hasCustomBuckets);
    addHistogram(record, this.#baseRef, this.#baseTime, ref, timestamp, histogram);
  }

  /** These the checkpoint has from the head. */
  series(): void {}
  tombstone(): void {}
  metadata(): void {}
}
