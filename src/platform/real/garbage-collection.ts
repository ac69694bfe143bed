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
