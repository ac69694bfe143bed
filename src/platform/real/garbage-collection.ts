/**
 * How this process collects garbage. V8 lets helper threads take part in each scavenge of the young generation; with
 * the few megabytes that survive here they mostly wait for each other, and that costs processor time which scrapes and
 * rules on the same machine need. Measured on large query answers: 8 to 14 % of all processor time.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Of all threads, from now on. */
export function scavengeWithoutHelpers(): void {
  setFlagsFromString('--no-parallel-scavenge');
}

/** A line that is closed: what is posted on it is dropped. */
const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Gives the memory of a buffer back at once; nobody can use it any more. To V8 a received buffer is a small object, of
 * which too few are made to collect any; what hangs on them has it walk through the whole heap after every 64 MB, and that
 * costs more than what was done with the bytes.
 */
export function discard(buffer: ArrayBuffer): void {
  nowhere.postMessage(buffer, [buffer]);
}

/** With a heap of a few dozen megabytes V8 begins to walk through all of it when there are 8 MB more of buffers. */
const BUFFER_BYTES_MAX = 6 * 1024 * 1024;

/**
 * For a thread that makes large buffers and little else: to be called when it is done with some. V8 does not count them as
 * young garbage, and would leave them until there are so many that it walks through the whole heap, with all helpers,
 * some 30 ms of processor time. A collection of the young alone finds them as well, for half a millisecond.
 */
export function bufferCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  let bytesKept = getHeapStatistics().external_memory;
  return () => {
    const bytes = getHeapStatistics().external_memory;
    if (bytes < bytesKept) bytesKept = bytes;
    if (bytes - bytesKept < BUFFER_BYTES_MAX) return;
    collect({ type: 'minor' });
    bytesKept = getHeapStatistics().external_memory;
  };
}
