/** A store that takes everything and keeps nothing, for benches of what is in front of it. */
import type { Appender, SeriesRef } from '../../src/model/storage.ts';

/** Every series is a new one. */
export function idleAppender(): Appender {
  let lastRef = 0;
  return {
    series: () => ++lastRef as SeriesRef,
    append: () => 'ok',
    appendHistogram: () => 'ok',
    startTimestamp: () => {},
    commit: () => {},
    rollback: () => {},
  };
}
