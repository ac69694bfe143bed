/** The kinds that have a runner; a folder of the data that is not here is reported as having none. */
import type { KindRunner } from './kind.ts';

export const KINDS: Readonly<Record<string, () => Promise<KindRunner>>> = {
  'prometheus/relabel': async () => (await import('./prometheus/relabel.ts')).run,
};
