/** What a runner of one conformance kind (a folder of the data, such as prometheus/relabel) gives back. */
export type CaseResult =
  | { readonly id: string; readonly outcome: 'passed' }
  | { readonly id: string; readonly outcome: 'failed'; readonly expected: string; readonly got: string }
  | { readonly id: string; readonly outcome: 'skipped'; readonly reason: string };

/** Runs every case found under `dir`, the kind's own folder. A broken table throws; a broken case is a result. */
export type KindRunner = (dir: string) => Promise<readonly CaseResult[]>;

/** One case: passed when `run` gives `expected` (compared as JSON with sorted keys); a throw is what was got. */
export async function checkCase(id: string, expected: unknown, run: () => unknown): Promise<CaseResult> {
  const want = stable(expected);
  let got: string;
  try {
    got = stable(await run());
  } catch (error) {
    got = `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  return got === want ? { id, outcome: 'passed' } : { id, outcome: 'failed', expected: want, got };
}

/** JSON with keys sorted, so that equal values have equal texts. */
export function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  );
}
