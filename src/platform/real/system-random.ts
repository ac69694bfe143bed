/** Chance from the operating system. */
import { randomBytes } from 'node:crypto';
import type { Random } from '../../model/random.ts';

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
