/**
 * Samples as columns. One SampleColumns is filled again and again by whoever reads series, so its arrays are valid only
 * until the next fill; `length` says how much of them counts.
 */
import type { FloatHistogram } from './histogram.ts';

/** The NaN that ends a series (0x7ff0000000000002). JavaScript may canonicalise a NaN on its way, so staleness is asked of bits: `isStaleBits`. */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 2;

/** Kept only in Float64Array and DataView: a plain variable may lose the bits on some engines. */
const scratch = new DataView(new ArrayBuffer(8));

/** Writes the stale marker's bits into a column. */
function setStale(values: Float64Array, index: number): void {
  new DataView(values.buffer, values.byteOffset + index * 8, 8).setBigUint64(0, 0x7ff0000000000002n, LITTLE_ENDIAN);
}

/** True for the stale marker, false for every other value and NaN. */
export function isStale(value: number): boolean {
  if (value === value) return false;
  scratch.setFloat64(0, value);
  return scratch.getUint32(0) === STALE_NAN_HIGH && scratch.getUint32(4) === STALE_NAN_LOW;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The stale marker as a number; V8 keeps a NaN's payload through numbers, which sample.test.ts holds. */
export const STALE_NAN: number = (() => {
  const one = new Float64Array(1);
  setStale(one, 0);
  return one[0] ?? Number.NaN;
})();

export class SampleColumns {
  length = 0;
  /** Milliseconds since the epoch, ascending. */
  timestamps: Float64Array;
  values: Float64Array;
  /** The memory of `values`, for those who have its bits. */
  valueWords: Uint32Array;
  /** Parallel to values where the series holds native histograms; null entries are floats. Null: floats only. */
  histograms: (FloatHistogram | null)[] | null = null;
  /** Start timestamps, 0 = none. Null: none stored. */
  startTimestamps: Float64Array | null = null;

  constructor(capacity = 256) {
    this.timestamps = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
  }

  clear(): void {
    this.length = 0;
    this.histograms = null;
    this.startTimestamps = null;
  }

  /** Makes room for `capacity` samples in all; keeps what is there. */
  reserve(capacity: number): void {
    if (capacity <= this.timestamps.length) return;
    const size = Math.max(capacity, this.timestamps.length * 2);
    this.timestamps = grown(this.timestamps, size);
    this.values = grown(this.values, size);
    this.valueWords = new Uint32Array(this.values.buffer);
    if (this.startTimestamps !== null) this.startTimestamps = grown(this.startTimestamps, size);
  }

  pushFloat(timestamp: number, value: number): void {
    if (this.length === this.timestamps.length) this.reserve(this.length + 1);
    this.timestamps[this.length] = timestamp;
    this.values[this.length] = value;
    if (this.histograms !== null) this.histograms[this.length] = null;
    this.length++;
  }

  /** `value` of the column is 0, or the stale marker where the histogram is one. */
  pushHistogram(timestamp: number, histogram: FloatHistogram): void {
    this.histograms ??= new Array<FloatHistogram | null>(this.length).fill(null);
    this.pushFloat(timestamp, isStale(histogram.sum) ? STALE_NAN : 0);
    this.histograms[this.length - 1] = histogram;
  }

  /** Start timestamp of the sample pushed last. */
  setStart(startTimestamp: number): void {
    if (startTimestamp !== 0) this.startTimestamps ??= new Float64Array(this.timestamps.length);
    if (this.startTimestamps !== null) this.startTimestamps[this.length - 1] = startTimestamp;
  }
}

function grown(from: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(size);
  to.set(from);
  return to;
}
