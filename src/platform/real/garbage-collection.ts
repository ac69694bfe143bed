/**
 * How this process collects garbage. V8 lets helper threads take part in each scavenge of the young generation; with
 * the few megabytes that survive here they mostly wait for each other, and that costs processor time which scrapes and
 * rules on the same machine need. Measured on large query answers: 8 to 14 % of all processor time.
 */
import { setFlagsFromString } from 'node:v8';

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
