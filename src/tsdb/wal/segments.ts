/**
 * What is in a log's directory: segments in order, the newest checkpoint, and what a crash or an older state left over.
 */
import type { Disk } from '../../model/disk.ts';
import { checkpointIndex, segmentIndex, segmentName } from './framing.ts';

type WalListing = {
  /** Numbers of the segments in the directory, ascending. */
  readonly segments: readonly number[];
  /** The last segment that the newest checkpoint covers; null without one. */
  readonly checkpoint: number | null;
  /** Names of older checkpoints and of unfinished work. */
  readonly leftovers: readonly string[];
};

export function listWal(disk: Disk, dir: string): WalListing {
  const segments: number[] = [];
  const checkpoints: { readonly index: number; readonly name: string }[] = [];
  const leftovers: string[] = [];
  for (const { name, kind } of disk.list(dir)) {
    const segment = kind === 'file' ? segmentIndex(name) : null;
    const checkpoint = kind === 'directory' ? checkpointIndex(name) : null;
    if (segment !== null) segments.push(segment);
    else if (checkpoint !== null) checkpoints.push({ index: checkpoint, name });
    else if (name.endsWith('.tmp')) leftovers.push(name);
  }
  checkpoints.sort((a, b) => a.index - b.index);
  const newest = checkpoints.pop();
  leftovers.push(...checkpoints.map(({ name }) => name));
  return { segments: segments.sort((a, b) => a - b), checkpoint: newest?.index ?? null, leftovers };
}

/** Segments from `missing` on, up to `found`, are not there. */
export type Gap = { readonly missing: number; readonly found: number };

/**
 * Closes gaps in the numbering by renaming what follows downwards: Prometheus refuses a log with a gap, and the lost
 * segments are not coming back. Returns the numbers afterwards, and what was missing.
 */
export function closeGaps(
  disk: Disk,
  dir: string,
  first: number,
  segments: readonly number[],
): { readonly segments: number[]; readonly gaps: Gap[] } {
  const gaps: Gap[] = [];
  let next = first;
  segments.forEach((found, i) => {
    if (found !== next) gaps.push({ missing: next, found });
    if (found !== first + i) disk.rename(`${dir}/${segmentName(found)}`, `${dir}/${segmentName(first + i)}`);
    next = found + 1;
  });
  if (gaps.length > 0) disk.syncDirectory(dir);
  return { segments: segments.map((_, i) => first + i), gaps };
}
