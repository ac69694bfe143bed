/**
 * Pages and fragments of the write-ahead log: a record is cut into fragments that fill 32 KiB pages, each with a type,
 * a length and a CRC-32C. Layout: prometheus/tsdb/docs/format/wal.md, code in tsdb/wlog/wlog.go.
 */
export const PAGE_BYTES = 32 * 1024;
export const FRAGMENT_HEADER_BYTES = 7;

/** Fragment types, the low three bits of a header's first byte. */
export const PAGE_END = 0;
export const FULL = 1;
export const FIRST = 2;
export const MIDDLE = 3;
export const LAST = 4;
export const TYPE_MASK = 0x07;
export const SNAPPY_FLAG = 0x08;
export const ZSTD_FLAG = 0x10;

const SEGMENT_NAME = /^\d+$/;
const CHECKPOINT_NAME = /^checkpoint\.(\d+)$/;

export const segmentName = (index: number): string => String(index).padStart(8, '0');
export const checkpointName = (index: number): string => `checkpoint.${segmentName(index)}`;

/** The number of a segment file, null for another file. */
export const segmentIndex = (name: string): number | null => (SEGMENT_NAME.test(name) ? Number(name) : null);

/** The last segment that a checkpoint directory covers, null for another directory. */
export function checkpointIndex(name: string): number | null {
  const match = CHECKPOINT_NAME.exec(name);
  return match === null ? null : Number(match[1]);
}
