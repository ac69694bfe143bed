/**
 * Puts a damaged segment right: what can be read stays in the log, the rest is moved aside. Prometheus drops everything
 * behind the damage (tsdb/wlog Repair); here the records of later pages are kept, since series and samples that can be
 * understood alone are worth more than none.
 */
import { noCrashPoints } from '../../model/crash-point.ts';
import { type Disk, makeDurableDirectory } from '../../model/disk.ts';
import { segmentName } from './framing.ts';
import { SegmentReader } from './reader.ts';
import { isWellFormed } from './records.ts';
import { WalWriter } from './writer.ts';

const COPY_BYTES = 1 << 20;
/** Files kept aside; the oldest goes first. A disk that damages every file must not fill itself. */
const QUARANTINE_FILES_MAX = 64;
/** Records handed over in one write. */
const BATCH_RECORDS = 256;

type DamagedSegment = {
  readonly disk: Disk;
  /** The directory of the segment: wal or a checkpoint. */
  readonly dir: string;
  readonly segment: number;
  /** Where the damage begins: the end of the last good record before it. */
  readonly offset: number;
  readonly quarantineDir: string;
};

/** Cuts a record that was being written when the process ended. Nobody was told that it is stored. */
export function cutTornTail({ disk, dir, segment, offset }: DamagedSegment): void {
  const file = disk.open(`${dir}/${segmentName(segment)}`, 'write');
  try {
    file.truncate(offset);
    file.sync();
  } finally {
    file.close();
  }
}

/** Moves everything from the damage on aside and, where `hasMore`, writes the readable records behind it anew. Returns the file in quarantine. */
export function setDamageAside(damaged: DamagedSegment, hasMore: boolean): string {
  const { disk, dir, segment } = damaged;
  const kept = copyAside(damaged);
  if (!hasMore) {
    cutTornTail(damaged);
    return kept;
  }
  const temporary = `${dir}/repair.tmp`;
  disk.remove(temporary);
  disk.makeDirectory(temporary);
  const source = disk.open(`${dir}/${segmentName(segment)}`, 'read');
  const writer = new WalWriter({
    disk,
    dir: temporary,
    firstSegment: segment,
    segmentBytes: Number.POSITIVE_INFINITY,
    crashPoints: noCrashPoints,
  });
  try {
    const reader = new SegmentReader(source);
    let staged = 0;
    for (let result = reader.next(); result !== 'end'; result = reader.next()) {
      if (result === 'damaged') {
        reader.skipDamage();
        continue;
      }
      if (!isWellFormed(reader.record)) continue;
      writer.stage(reader.record);
      if (++staged % BATCH_RECORDS === 0) writer.write();
    }
    if (staged % BATCH_RECORDS !== 0) writer.write();
    writer.close();
  } finally {
    source.close();
  }
  disk.rename(`${temporary}/${segmentName(segment)}`, `${dir}/${segmentName(segment)}`);
  disk.syncDirectory(dir);
  disk.remove(temporary);
  return kept;
}

function copyAside({ disk, dir, segment, offset, quarantineDir }: DamagedSegment): string {
  makeDurableDirectory(disk, quarantineDir);
  const source = disk.open(`${dir}/${segmentName(segment)}`, 'read');
  const folder = dir.slice(dir.lastIndexOf('/') + 1);
  const path = `${quarantineDir}/${folder}-${segmentName(segment)}-from-${offset}`;
  const target = disk.open(path, 'write');
  try {
    target.truncate(0);
    const buffer = new Uint8Array(COPY_BYTES);
    for (let at = offset; ; ) {
      const read = source.read(buffer, at);
      if (read === 0) break;
      target.write(buffer.subarray(0, read), at - offset);
      at += read;
    }
    target.sync();
  } finally {
    source.close();
    target.close();
  }
  const names = disk.list(quarantineDir).map(({ name }) => name);
  for (const name of names.slice(0, -QUARANTINE_FILES_MAX)) disk.remove(`${quarantineDir}/${name}`);
  disk.syncDirectory(quarantineDir);
  return path;
}
