/**
 * The time-series database: the head and its write-ahead log in Prometheus' layout, so that Prometheus and promtool open
 * what was written here. A commit is with the operating system before it is visible, and durable with the next `flush`.
 * Until there are blocks the head keeps a few hours and forgets the rest (`maintain`).
 *
 * Left out: the lock file (whoever opens the real directory takes it), chunks_head (all that Prometheus keeps there is in
 * the log as well), out-of-order samples, exemplars.
 */

import { slicedSort } from '../lib/sliced-sort.ts';
import { compareUtf8, sortUtf8 } from '../lib/utf8-order.ts';
import type { CrashPoints } from '../model/crash-point.ts';
import { type Disk, DiskError } from '../model/disk.ts';
import { Labels } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { Matcher } from '../model/matcher.ts';
import type { SampleColumns } from '../model/sample.ts';
import type { Appender, AppendStore } from '../model/storage.ts';
import { overlap, type TimeRange } from '../model/time.ts';
import { highestChunkRef } from './chunks-head.ts';
import { Head, type HeadStats } from './head.ts';
import { type AppendStats, BatchColumns, type BatchStore, HeadAppender } from './head-appender.ts';
import { Selector } from './selector.ts';
import { writeCheckpoint } from './wal/checkpoint.ts';
import type { SeriesMetadata } from './wal/records.ts';
import { noTimes, type ReplayProgress, type ReplayReport, type ReplayResult, replayWal, type SegmentTimes } from './wal/replay.ts';
import { UnsyncedSegments } from './wal/unsynced.ts';
import { WalWriter, type WalWriterStats } from './wal/writer.ts';

export type TsdbOptions = {
  readonly disk: Disk;
  /** The data directory, e.g. data/tsdb. */
  readonly dir: string;
  readonly crashPoints: CrashPoints;
  readonly log: Log;
  /** A multiple of 32 KiB; 128 MiB when left out. */
  readonly walSegmentBytes?: number;
  /** How long samples stay in the head, in ms; 6 h when left out. */
  readonly headRetentionMs?: number;
  /** Chunks end at multiples of this; 2 h when left out. */
  readonly chunkRangeMs?: number;
  /** Hears what became of each batch with samples. */
  readonly settled?: (writer: object, isStored: boolean) => void;
};

/**
 * What answers about labels depend on: while the version is the same, so is the answer for every range of time that
 * overlaps this one. Versions only grow.
 */
export type LabelsState = TimeRange & { readonly version: number };

/** Series that matched, sorted by labels; they read as they were when they were selected. */
export interface SelectedSeries {
  readonly count: number;
  labels(index: number): Labels;
  /** Fills `into`; false: with the first samples only, as their histograms are large. `readOn` adds the next. */
  read(index: number, into: SampleColumns): boolean;
  readOn(index: number, into: SampleColumns): boolean;
  close(): void;
}

export type TsdbStats = {
  readonly head: Readonly<HeadStats>;
  readonly append: Readonly<AppendStats>;
  readonly wal: Readonly<WalWriterStats>;
  readonly maintenance: Readonly<MaintenanceStats>;
  readonly series: number;
  readonly chunks: number;
  readonly chunkBytes: { readonly used: number; readonly reserved: number };
  readonly symbols: number;
  /** Oldest and newest sample; null when there is none. */
  readonly minTime: number | null;
  readonly maxTime: number | null;
  readonly walSegment: number;
};

export type MaintenanceStats = { checkpoints: number; checkpointsFailed: number; drops: number };

type Cardinality = { readonly name: string; readonly value: number };
export type CardinalityReport = {
  readonly labelPairs: number;
  readonly seriesByMetricName: readonly Cardinality[];
  readonly valuesByLabelName: readonly Cardinality[];
  readonly bytesByLabelName: readonly Cardinality[];
  readonly seriesByLabelPair: readonly Cardinality[];
};

const WAL_SEGMENT_BYTES = 128 * 1024 * 1024;
const HOUR_MS = 3_600_000;
/** A segment is ended at this age, so that small installations come to checkpoints too. */
const SEGMENT_AGE_MS = 2 * HOUR_MS;
/** Old chunks are dropped in steps of this part of the retention. */
const DROP_STEPS = 12;
const COLUMNS_KEPT = 4;
/** What is found anew because series went is found in one turn after so many times. */
const DISTURBED_MAX = 100;
/** Label sets that are made in one go, and what one costs in comparisons. */
const LABELS_AT_ONCE = 256;
/** Texts that are sorted in one go. */
const VALUES_AT_ONCE = 20_000;
const LABELS_WORK = 50;
/** A shorter time in which the disk took nothing leaves no trace in the log. */
const LOSS_MS_MIN = 15_000;
/** Nobody scrapes as seldom: the process was stopped, or the clock jumped ahead. */
const SILENCE_MS_MIN = 300_000;

/** Opens or creates a database; yields while the log is replayed. Throws when the directory cannot be read at all. */
export function* openTsdb(options: TsdbOptions): Generator<ReplayProgress, { readonly tsdb: Tsdb; readonly report: ReplayReport }> {
  const { disk, dir, log } = options;
  const head = new Head(options.chunkRangeMs ?? 2 * HOUR_MS);
  const replayed = yield* replayWal({ disk, walDir: `${dir}/wal`, quarantineDir: `${dir}/quarantine`, head, log });
  return { tsdb: new Tsdb(options, head, replayed), report: replayed.report };
}

type Segment = SegmentTimes & {
  readonly index: number;
  /** When it was first or last known to be written to; null for one begun since the last `maintain`. */
  startedAt: number | null;
  endedAt: number | null;
};

export class Tsdb implements AppendStore {
  readonly #options: TsdbOptions;
  readonly #head: Head;
  readonly #wal: WalWriter;
  readonly #unsynced: UnsyncedSegments;
  readonly #selector: Selector;
  readonly #retentionMs: number;
  readonly #appendStats: AppendStats = {
    outOfOrder: 0,
    outOfBounds: 0,
    duplicates: 0,
    overtaken: 0,
    commits: 0,
    commitsFailed: 0,
    rollbacks: 0,
  };
  readonly #maintenanceStats: MaintenanceStats = { checkpoints: 0, checkpointsFailed: 0, drops: 0 };
  readonly #store: BatchStore;
  readonly #openBatches = new Set<HeadAppender>();
  #columns: BatchColumns[] = [];
  #lastWalRef: number;
  /** Segments on disk, the one being written last. */
  #segments: Segment[];
  #checkpoint: ReplayResult['checkpoint'];
  readonly #aliases: Map<number, number[]>;
  readonly #metadata: Map<number, SeriesMetadata>;
  /** Samples before this are gone or going: not taken any more, and not shown. */
  #minValidMs = Number.NEGATIVE_INFINITY;
  /** The last batch was lost. */
  #hasLost = false;

  constructor(options: TsdbOptions, head: Head, replayed: ReplayResult) {
    const { disk, dir, crashPoints, settled } = options;
    this.#options = options;
    this.#head = head;
    this.#selector = new Selector(head);
    this.#retentionMs = options.headRetentionMs ?? 6 * HOUR_MS;
    this.#wal = new WalWriter({
      disk,
      dir: `${dir}/wal`,
      firstSegment: replayed.nextSegment,
      segmentBytes: options.walSegmentBytes ?? WAL_SEGMENT_BYTES,
      crashPoints,
    });
    this.#unsynced = new UnsyncedSegments(replayed.unsynced, options);
    this.#lastWalRef = Math.max(replayed.highestRef, highestChunkRef(disk, `${dir}/chunks_head`));
    this.#segments = replayed.segments.map(({ index, minTime, maxTime, modifiedAt }) => ({
      index,
      minTime,
      maxTime,
      startedAt: modifiedAt,
      endedAt: modifiedAt,
    }));
    this.#checkpoint = replayed.checkpoint;
    this.#aliases = replayed.aliases;
    this.#metadata = replayed.metadata;
    this.#store = {
      head,
      appendStats: this.#appendStats,
      appendableFromMs: () => Math.max(this.#minValidMs, head.maxTime - head.chunkRangeMs / 2),
      nextWalRef: () => ++this.#lastWalRef,
      stage: (record) => this.#wal.stage(record),
      discard: () => this.#wal.discard(),
      settled: (writer, isStored) => {
        this.#hasLost = !isStored;
        settled?.(writer, isStored);
      },
      write: (minTime, maxTime) => this.#write(minTime, maxTime),
      opened: (batch) => {
        for (const other of this.#openBatches) other.wasOverlapped = batch.wasOverlapped = true;
        this.#openBatches.add(batch);
      },
      closed: (batch) => this.#closed(batch),
    };
  }

  /**
   * Stretches of time without samples between those of two parts of the log: each run begins a part of its own, and so does
   * what is written after the disk refused it for a while, or after a long silence. So these are the times in which nobody
   * wrote.
   */
  get gaps(): readonly TimeRange[] {
    const gaps: TimeRange[] = [];
    let until = this.#checkpoint?.maxTime ?? Number.POSITIVE_INFINITY;
    for (const { minTime, maxTime } of this.#segments) {
      if (minTime > maxTime) continue; // without samples
      if (minTime > until) gaps.push({ fromMs: until, toMs: minTime });
      until = until === Number.POSITIVE_INFINITY ? maxTime : Math.max(until, maxTime);
    }
    return gaps;
  }

  appender(writer: object = this): Appender {
    return new HeadAppender(this.#store, this.#columns.pop() ?? new BatchColumns(), writer);
  }

  /**
   * Series with samples in the range. A series that is dropped while it is selected reads as empty. Says in between, as do
   * the next three, how much it has done, in comparisons.
   */
  select(matchers: readonly Matcher[], { fromMs, toMs }: TimeRange): Generator<number, SelectedSeries> {
    const head = this.#head;
    return this.#undisturbed(matchers, (all) => {
      const from = Math.max(fromMs, this.#minValidMs);
      const slots = new Uint32Array(all.length);
      let count = 0;
      for (let i = 0; i < all.length; i++) {
        const slot = all[i]!;
        const last = head.series.lastTime(slot);
        if (last >= from && head.firstTime(slot) <= Math.min(toMs, last)) slots[count++] = slot;
      }
      return new HeadSelection(head, slots.subarray(0, count), from, toMs);
    });
  }

  get labelsState(): LabelsState {
    const { minTime, maxTime } = this.#head;
    return { version: this.labelsVersion, fromMs: minTime, toMs: maxTime };
  }

  get labelsVersion(): number {
    const { seriesCreated, seriesRemoved } = this.#head.stats;
    return seriesCreated + seriesRemoved + this.#maintenanceStats.drops;
  }

  /** The names of the labels of all series, or of those that match; sorted. `limit` 0 is none. */
  *labelNames(matchers: readonly Matcher[] | null, range: TimeRange, limit: number): Generator<number, string[]> {
    const { series, symbols, postings } = this.#head;
    if (!overlap(range, this.labelsState)) return [];
    let names: readonly string[];
    if (matchers === null || matchers.length === 0) names = Array.from(postings.nameSymbols(), (name) => symbols.text(name));
    else {
      names = yield* this.#undisturbed(matchers, (slots) => {
        const found = new Set<number>();
        for (let i = 0; i < slots.length; i++) {
          for (let pair = 0; pair < series.pairCount(slots[i]!); pair++) found.add(series.nameSymbol(slots[i]!, pair));
        }
        return Array.from(found, (name) => symbols.text(name));
      });
    }
    return limited(sortUtf8([...names]), limit);
  }

  /** The values of a label in all series, or in those that match; sorted. */
  *labelValues(name: string, matchers: readonly Matcher[] | null, range: TimeRange, limit: number): Generator<number, string[]> {
    const { series, symbols, postings } = this.#head;
    const nameSymbol = symbols.find(name);
    if (nameSymbol < 0 || !overlap(range, this.labelsState)) return [];
    let texts: string[] = [];
    if (matchers === null || matchers.length === 0) {
      for (const value of postings.values(nameSymbol)?.keys() ?? []) texts.push(symbols.text(value));
    } else {
      texts = yield* this.#undisturbed(matchers, (slots) => {
        const values = new Set<number>();
        for (let i = 0; i < slots.length; i++) values.add(series.valueOf(slots[i]!, nameSymbol));
        const found: string[] = [];
        for (const value of values) if (value >= 0) found.push(symbols.text(value));
        return found;
      });
    }
    return limited(texts.length > VALUES_AT_ONCE ? yield* slicedSort(texts, compareUtf8) : sortUtf8(texts), limit);
  }

  /** The series that match any of the sets and have samples in the range, sorted, each once. */
  *series(matcherSets: readonly (readonly Matcher[])[], range: TimeRange, limit: number): Generator<number, Labels[]> {
    const found = new Set<Labels>();
    for (const matchers of matcherSets) {
      const selected = yield* this.select(matchers, range);
      for (let i = 0; i < selected.count; i++) {
        const labels = selected.labels(i);
        if (labels.size > 0) found.add(labels); // else it has been dropped meanwhile
        if (i % LABELS_AT_ONCE === LABELS_AT_ONCE - 1) yield LABELS_AT_ONCE * LABELS_WORK;
      }
      selected.close();
    }
    if (matcherSets.length === 1) return limited([...found], limit);
    return limited(distinct(yield* slicedSort([...found], (a, b) => a.compare(b))), limit);
  }

  /** What `use` makes of the slots that match, in one turn with having found them: series that go meanwhile make it begin anew. */
  *#undisturbed<T>(matchers: readonly Matcher[], use: (slots: Uint32Array) => T): Generator<number, T> {
    const { stats } = this.#head;
    for (let disturbed = 0; ; disturbed++) {
      const removedBefore = stats.seriesRemoved;
      const selecting = this.#selector.select(matchers);
      for (;;) {
        const step = selecting.next();
        if (step.done === true) return use(step.value);
        if (disturbed === DISTURBED_MAX) continue; // now without a pause
        yield step.value;
        if (stats.seriesRemoved !== removedBefore) break;
      }
    }
  }

  /** Makes all commits so far durable. Rejects when the disk refused; later commits are then safe again with a later flush. */
  flush(): Promise<void> {
    this.#unsynced.retry();
    return this.#wal.flush();
  }

  get stats(): TsdbStats {
    const head = this.#head;
    const isEmpty = head.chunkCount === 0;
    return {
      head: head.stats,
      append: this.#appendStats,
      wal: this.#wal.stats,
      maintenance: this.#maintenanceStats,
      series: head.series.count,
      chunks: head.chunkCount,
      chunkBytes: head.chunkBytes,
      symbols: head.symbols.count,
      minTime: isEmpty ? null : head.minTime,
      maxTime: isEmpty ? null : head.maxTime,
      walSegment: this.#wal.segment,
    };
  }

  /** What /api/v1/status/tsdb shows: the `limit` largest of each kind. Goes through all label values. */
  cardinality(limit: number): CardinalityReport {
    const { symbols, postings } = this.#head;
    const byMetric: Cardinality[] = [];
    const byName: Cardinality[] = [];
    const bytes: Cardinality[] = [];
    const byPair: Cardinality[] = [];
    let labelPairs = 0;
    for (const nameSymbol of postings.nameSymbols()) {
      const name = symbols.text(nameSymbol);
      const values = postings.values(nameSymbol) ?? new Map();
      let nameBytes = 0;
      for (const [valueSymbol, posting] of values) {
        const text = symbols.text(valueSymbol);
        const value = typeof posting === 'number' ? 1 : posting.length;
        nameBytes += text.length * value;
        if (name === '__name__') byMetric.push({ name: text, value });
        byPair.push({ name: `${name}=${text}`, value });
      }
      labelPairs += values.size;
      byName.push({ name, value: values.size });
      bytes.push({ name, value: nameBytes });
    }
    const largest = (list: Cardinality[]): Cardinality[] => list.sort((a, b) => b.value - a.value).slice(0, limit);
    return {
      labelPairs,
      seriesByMetricName: largest(byMetric),
      valuesByLabelName: largest(byName),
      bytesByLabelName: largest(bytes),
      seriesByLabelPair: largest(byPair),
    };
  }

  /**
   * Called every minute or so: forgets what is older than the retention, and replaces old segments by a checkpoint.
   * Yields between slices; only one may run at a time.
   */
  *maintain(nowMs: number): Generator<void, void> {
    const head = this.#head;
    this.#ageSegments(nowMs);
    const keepFromMs = Math.min(nowMs, head.maxTime) - this.#retentionMs;
    if (keepFromMs < this.#minValidMs + this.#retentionMs / DROP_STEPS || keepFromMs <= head.minTime) return;

    const covered = this.#segments.filter(({ endedAt, maxTime }) => endedAt !== null && (maxTime < keepFromMs || endedAt < keepFromMs));
    // Only a run from the oldest on can go.
    while (covered.length > 0 && covered.at(-1) !== this.#segments[covered.length - 1]) covered.pop();
    let retainedMinTime = Number.POSITIVE_INFINITY;
    for (const { minTime } of this.#segments.slice(covered.length)) retainedMinTime = Math.min(retainedMinTime, minTime);

    this.#minValidMs = keepFromMs;
    // A series whose samples are in segments that stay is kept with them: without it they would be samples of nothing.
    const isPinned = (slot: number): boolean => head.series.lastTime(slot) >= retainedMinTime || this.#isPending(slot);
    for (const dropped of head.drop(keepFromMs, isPinned)) {
      // In the same turn: slots and symbols may belong to others in the next.
      if (dropped.length > 0) this.#selector.symbolsReleased();
      for (const slot of dropped) {
        this.#aliases.delete(slot);
        this.#metadata.delete(slot);
      }
      yield;
    }
    this.#maintenanceStats.drops++;
    this.#options.crashPoints.hit('head.dropped');

    const last = covered.at(-1);
    if (last !== undefined) yield* this.#writeCheckpoint(covered, last.index, keepFromMs);
  }

  /** Makes everything durable and closes the log. The database must not be used afterwards. */
  async close(): Promise<void> {
    try {
      await this.#wal.flush();
    } finally {
      this.#wal.close();
    }
  }

  *#writeCheckpoint(covered: readonly Segment[], upTo: number, keepFromMs: number): Generator<void, void> {
    const { disk, dir, crashPoints, log, walSegmentBytes } = this.#options;
    const toRead = covered.filter(({ maxTime }) => maxTime >= keepFromMs);
    const old = this.#checkpoint !== null && this.#checkpoint.maxTime >= keepFromMs ? this.#checkpoint : null;
    try {
      yield* writeCheckpoint({
        disk,
        walDir: `${dir}/wal`,
        segmentBytes: walSegmentBytes ?? WAL_SEGMENT_BYTES,
        head: this.#head,
        aliases: this.#aliases,
        metadata: this.#metadata,
        upTo,
        keepFromMs,
        segmentsToRead: toRead.map(({ index }) => index),
        checkpointToRead: old?.index ?? null,
        crashPoints,
        log,
      });
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#maintenanceStats.checkpointsFailed++;
      log.error('checkpoint of the write-ahead log failed; the segments stay and it is tried again', { error: error.message });
      return;
    }
    this.#maintenanceStats.checkpoints++;
    const times = [...toRead, ...(old === null ? [] : [old])].reduce(
      (sum, { maxTime }) => ({ minTime: keepFromMs, maxTime: Math.max(sum.maxTime, maxTime) }),
      noTimes(),
    );
    this.#checkpoint = { index: upTo, ...times };
    this.#segments = this.#segments.filter(({ index }) => index > upTo);
  }

  /** Learns the age of segments from the clock of maintenance, and ends one that is old. */
  #ageSegments(nowMs: number): void {
    const writing = this.#wal.segmentBytes > 0 ? this.#wal.segment : -1;
    for (const segment of this.#segments) {
      segment.startedAt ??= nowMs;
      if (segment.index !== writing) segment.endedAt ??= nowMs;
      else if (nowMs - segment.startedAt >= SEGMENT_AGE_MS) {
        this.#wal.cut();
        segment.endedAt = nowMs;
      }
    }
  }

  #write(minTime: number, maxTime: number): void {
    const until = this.#segments.at(-1)?.maxTime ?? Number.POSITIVE_INFINITY;
    const isAfterGap = minTime - until > (this.#hasLost ? LOSS_MS_MIN : SILENCE_MS_MIN);
    if (isAfterGap && this.#wal.segmentBytes > 0) this.#wal.cut();
    const index = this.#wal.write();
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.index !== index) {
      segment = { index, ...noTimes(), startedAt: null, endedAt: null };
      this.#segments.push(segment);
    }
    segment.minTime = Math.min(segment.minTime, minTime);
    segment.maxTime = Math.max(segment.maxTime, maxTime);
  }

  #closed(batch: HeadAppender): void {
    this.#openBatches.delete(batch);
    if (this.#columns.length < COLUMNS_KEPT) this.#columns.push(batch.columns.released());
  }

  #isPending(slot: number): boolean {
    for (const batch of this.#openBatches) if (batch.holds(slot)) return true;
    return false;
  }
}

class HeadSelection implements SelectedSeries {
  readonly #head: Head;
  readonly #slots: Uint32Array;
  /** The slot's ref when it was selected: another one there now is another series. */
  readonly #refs: Float64Array;
  /** The last sample that was committed then; later ones are not shown. */
  readonly #until: Float64Array;
  readonly #fromMs: number;
  /** Where the reading of a series goes on. */
  #nextMs = 0;

  constructor(head: Head, slots: Uint32Array, fromMs: number, toMs: number) {
    this.#head = head;
    this.#slots = slots;
    this.#fromMs = fromMs;
    this.#refs = new Float64Array(slots.length);
    this.#until = new Float64Array(slots.length);
    for (let i = 0; i < slots.length; i++) {
      this.#refs[i] = head.series.refs[slots[i]!]!;
      this.#until[i] = Math.min(toMs, head.series.lastTime(slots[i]!));
    }
  }

  get count(): number {
    return this.#slots.length;
  }

  labels(index: number): Labels {
    return this.#isCurrent(index) ? this.#head.series.labelsForQuery(this.#slots[index]!) : Labels.empty;
  }

  read(index: number, into: SampleColumns): boolean {
    into.clear();
    this.#nextMs = this.#fromMs;
    return this.readOn(index, into);
  }

  readOn(index: number, into: SampleColumns): boolean {
    if (!this.#isCurrent(index)) {
      into.clear(); // the first part, too, of what has gone meanwhile
      return true;
    }
    this.#nextMs = this.#head.read(this.#slots[index]!, this.#nextMs, this.#until[index]!, into);
    return this.#nextMs === Number.POSITIVE_INFINITY;
  }

  close(): void {}

  #isCurrent(index: number): boolean {
    return this.#head.series.refs[this.#slots[index]!] === this.#refs[index];
  }
}

function limited<T>(list: T[], limit: number): T[] {
  return limit > 0 && list.length > limit ? list.slice(0, limit) : list;
}

const distinct = (sorted: Labels[]): Labels[] => sorted.filter((labels, i) => i === 0 || !labels.equals(sorted[i - 1]!));
