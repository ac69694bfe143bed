/** Waiting for real processes: looks again and again until there is something to see. */

export type Patience = { readonly withinMs?: number; readonly everyMs?: number };

/** What `look` gives once it is neither false, null nor undefined; a look that throws has not seen it yet. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 20 }: Patience = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + withinMs;
  let seen: unknown;
  for (;;) {
    try {
      seen = await look();
      if (seen !== false && seen !== null && seen !== undefined) return seen as Exclude<T, false | null | undefined>;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`, { cause: seen });
    await pause(everyMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
