/** Chance from the operating system, fetched in blocks: asking for sixteen bytes costs as much as asking for a page. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../../model/random.ts';

const BLOCK_BYTES = 4096;

const block = new Uint8Array(BLOCK_BYTES);
let used = BLOCK_BYTES;

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => {
    if (length > BLOCK_BYTES) return randomFillSync(new Uint8Array(length));
    if (used + length > BLOCK_BYTES) {
      randomFillSync(block);
      used = 0;
    }
    const bytes = block.slice(used, used + length);
    // What was handed out may be a token: it does not stay here.
    block.fill(0, used, used + length);
    used += length;
    return bytes;
  },
};
