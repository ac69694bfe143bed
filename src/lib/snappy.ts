/**
 * Snappy's block format, as remote write and Prometheus' write-ahead log use it. Decoding is bounded by the caller:
 * the length that a block declares is believed only up to `bytesMax` and to what its own size can expand to.
 * https://github.com/google/snappy/blob/main/format_description.txt
 */
import { SnappyCompressor } from 'snappyjs/snappy_compressor.js';
import { SnappyDecompressor } from 'snappyjs/snappy_decompressor.js';

/** A copy of 64 bytes takes three: no block grows more than this when it is decoded. */
const EXPANSION_MAX = 22;

/** Room that `snappyCompress` needs in `out` for an input of this length. */
export const snappyBytesMax = (length: number): number => 32 + length + Math.floor(length / 6);

/** Compresses into `out`, which has room for `snappyBytesMax`; returns the bytes written. */
export function snappyCompress(bytes: Uint8Array, out: Uint8Array): number {
  return new SnappyCompressor(bytes).compressToBuffer(out);
}

/** The decoded block, or why it cannot be had. */
export function snappyDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array | { readonly error: string } {
  const decompressor = new SnappyDecompressor(bytes);
  const length = decompressor.readUncompressedLength();
  if (length < 0) return { error: 'snappy block has no valid length' };
  if (length > bytesMax) return { error: `snappy block declares ${length} bytes, at most ${bytesMax} are taken` };
  if (length > bytes.length * EXPANSION_MAX)
    return { error: `snappy block of ${bytes.length} bytes cannot hold the ${length} it declares` };
  const out = new Uint8Array(length);
  return decompressor.uncompressToBuffer(out) ? out : { error: 'snappy block is corrupt' };
}
