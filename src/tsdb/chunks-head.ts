/**
 * The series numbers in chunks_head/, where Prometheus keeps full head chunks. Their samples are in the log too, so they
 * are not read here; but a number that is still used there must not be given to another series, or Prometheus would
 * find that series with the chunks of the old one.
 * Layout: prometheus/tsdb/docs/format/head_chunks.md.
 */
import { type Disk, DiskError, type DiskFile } from '../model/disk.ts';
import { REF_MAX } from './wal/ref-map.ts';

const MAGIC = 0x0130bc91;
const FILE_HEADER_BYTES = 8;
/** Series ref, mint, maxt, encoding; then the length of the data as a uvarint of up to five bytes. */
const CHUNK_HEADER_BYTES = 8 + 8 + 8 + 1;
const LENGTH_BYTES_MAX = 5;
const CRC_BYTES = 4;
const FILE_NAME = /^\d{6,}$/;
const TWO_32 = 4_294_967_296;

/** 0 when there is none. A file that is damaged is read up to there. */
export function highestChunkRef(disk: Disk, dir: string): number {
  if (disk.stat(dir)?.kind !== 'directory') return 0;
  let highest = 0;
  for (const { name, kind } of disk.list(dir)) {
    if (kind !== 'file' || !FILE_NAME.test(name)) continue;
    try {
      const file = disk.open(`${dir}/${name}`, 'read');
      try {
        highest = Math.max(highest, highestIn(file));
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }
  return highest;
}

function highestIn(file: DiskFile): number {
  const window = new Uint8Array(1 << 16);
  const view = new DataView(window.buffer);
  let windowStart = 0;
  let windowBytes = file.read(window, 0);
  if (windowBytes < FILE_HEADER_BYTES || view.getUint32(0) !== MAGIC) return 0;
  let highest = 0;
  for (let at = FILE_HEADER_BYTES; ; ) {
    if (at + CHUNK_HEADER_BYTES + LENGTH_BYTES_MAX > windowStart + windowBytes) {
      windowStart = at;
      windowBytes = file.read(window, at);
      if (windowBytes < CHUNK_HEADER_BYTES + LENGTH_BYTES_MAX) return highest;
    }
    const offset = at - windowStart;
    const ref = view.getUint32(offset) * TWO_32 + view.getUint32(offset + 4);
    // Preallocated space: the end of what was written.
    if (ref === 0) return highest;
    let length = 0;
    let position = offset + CHUNK_HEADER_BYTES;
    for (let shift = 1; ; shift *= 0x80) {
      const byte = window[position++]!;
      length += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
      if (position > offset + CHUNK_HEADER_BYTES + LENGTH_BYTES_MAX) return highest;
    }
    const next = windowStart + position + length + CRC_BYTES;
    if (next > file.bytes()) return highest;
    if (ref <= REF_MAX) highest = Math.max(highest, ref);
    at = next;
  }
}
