/** Waiting for real processes: looks again and again until there is something to see. */

/** On a busy machine; nothing that goes well takes a tenth of it. */
const PATIENCE_MS = 60_000;

/** What `look` gives once it is neither false, null nor undefined; a look that throws has not seen it yet. */
export async function until<T>(what: string, look: () => T | Promise<T>, everyMs = 50): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + PATIENCE_MS;
  let seen: unknown;
  for (;;) {
    try {
      seen = await look();
      if (seen !== false && seen !== null && seen !== undefined) return seen as Exclude<T, false | null | undefined>;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}; seen last: ${String(seen)}`, { cause: seen });
    await pause(everyMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
