/** Reads the `storage` section: retention, out-of-order window, exemplars (prometheus/config StorageConfig). */
import { type Decoder, object } from '../config/decode.ts';
import { byteSize, duration, enumeration, float, int } from '../config/scalars.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { DurationMs } from '../model/time.ts';

export type StorageConfig = {
  /** How far back a sample may lie behind the newest of its series; 0: not at all. */
  readonly outOfOrderWindowMs: DurationMs;
  /** Share of stale series in the head from which they are compacted early; 0: never. */
  readonly staleSeriesCompactionThreshold: number;
  /** Null: the default of the storage. */
  readonly floatChunkEncoding: 'xor' | 'xor2' | null;
  /** 0: not limited by it; with all three 0 the default retention holds. */
  readonly retention: { readonly timeMs: DurationMs; readonly sizeBytes: number; readonly percentage: number };
  readonly exemplarsMax: number;
};

const floatChunkEncoding = enumeration(['xor', 'xor2'], {
  upstream: (text) =>
    `'storage.tsdb.chunk_encoding.floats' must be 'xor' or 'xor2', or the field must be omitted entirely, got ${goQuote(text)}`,
});

const chunkEncoding = object('config.ChunkEncodingConfig', (fields) => fields.optional('floats', floatChunkEncoding));

const retention = object('config.plain', (fields) => {
  const config = {
    timeMs: fields.get('time', duration),
    sizeBytes: fields.get('size', byteSize),
    percentage: fields.get('percentage', float),
  };
  if (config.sizeBytes < 0) {
    fields.problem('size', { code: 'bad_value', message: "'storage.tsdb.retention.size' must be greater than or equal to 0" });
  }
  if (!(config.percentage >= 0 && config.percentage <= 100)) {
    fields.problem('percentage', {
      code: 'bad_value',
      message: `'storage.tsdb.retention.percentage' must be in the range [0, 100], got ${config.percentage}`,
    });
  }
  return config;
});

const tsdb = object('config.plain', (fields) => ({
  outOfOrderWindowMs: fields.get('out_of_order_time_window', duration),
  staleSeriesCompactionThreshold: fields.get('stale_series_compaction_threshold', float),
  floatChunkEncoding: fields.get('chunk_encoding', chunkEncoding),
  retention: fields.get('retention', retention),
}));

const exemplars = object('config.ExemplarsConfig', (fields) => fields.get('max_exemplars', int));

const EXEMPLARS_MAX = 100_000;

export const storageConfig: Decoder<StorageConfig> = object('config.StorageConfig', (fields) => ({
  ...fields.get('tsdb', tsdb),
  exemplarsMax: fields.optional('exemplars', exemplars) ?? EXEMPLARS_MAX,
}));
