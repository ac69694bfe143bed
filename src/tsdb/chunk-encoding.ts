/**
 * The chunk encodings of prometheus/tsdb/chunkenc, and reading any of those that are known here into columns. XOR2 and
 * the two histogram encodings with start timestamps are experimental there and refused here by name.
 */
import type { SampleColumns } from '../model/sample.ts';
import { readFloatHistogramChunk, readHistogramChunk } from './histogram-chunk.ts';
import { readXorChunk } from './xor-chunk.ts';

export const XOR = 1;
const HISTOGRAM = 2;
export const FLOAT_HISTOGRAM = 3;

const UNSUPPORTED = new Map([
  [4, 'XOR2'],
  [5, 'histogram with start timestamps'],
  [6, 'float histogram with start timestamps'],
]);

/** Appends the samples with fromMs <= t <= toMs of the chunk data in bytes[start, end) to `into`; throws when it cannot. */
export function readChunk(
  encoding: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  fromMs: number,
  toMs: number,
  into: SampleColumns,
): void {
  let isWhole: boolean;
  switch (encoding) {
    case XOR:
      isWhole = readXorChunk(bytes, start, end, fromMs, toMs, into);
      break;
    case HISTOGRAM:
      isWhole = readHistogramChunk(bytes, start, end, fromMs, toMs, into);
      break;
    case FLOAT_HISTOGRAM:
      isWhole = readFloatHistogramChunk(bytes, start, end, fromMs, toMs, into);
      break;
    default:
      throw new Error(
        `chunk encoding ${encoding} (${UNSUPPORTED.get(encoding) ?? 'unknown'}) cannot be read: only XOR (1), histogram (2) and float histogram (3) chunks can`,
      );
  }
  if (!isWhole) throw corruptChunk(encoding, end - start);
}

export const corruptChunk = (encoding: number, bytes: number): Error =>
  new Error(`chunk of encoding ${encoding} and ${bytes} bytes is corrupt`);
