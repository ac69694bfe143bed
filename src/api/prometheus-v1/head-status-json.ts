/** GET /api/v1/status/tsdb: how large the head is and what makes it so. */
import type { HeadStatus } from './backend.ts';

export const headStatusJson = ({ series, chunks, minTime, maxTime, cardinality }: HeadStatus): unknown => ({
  headStats: { numSeries: series, numLabelPairs: cardinality.labelPairs, chunkCount: chunks, minTime: minTime ?? 0, maxTime: maxTime ?? 0 },
  seriesCountByMetricName: cardinality.seriesByMetricName,
  labelValueCountByLabelName: cardinality.valuesByLabelName,
  memoryInBytesByLabelName: cardinality.bytesByLabelName,
  seriesCountByLabelValuePair: cardinality.seriesByLabelPair,
});
