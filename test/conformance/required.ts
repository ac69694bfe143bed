/** Kinds that once reached 100 %: a failing case in one of them fails the build. */
export const REQUIRED: readonly string[] = ['prometheus/relabel'];
