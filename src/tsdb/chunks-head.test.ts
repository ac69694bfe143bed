import { expect, test } from 'vitest';
import { openTestTsdb } from '../../test/support/tsdb.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import { Labels } from '../model/labels.ts';
import { SimDisk } from '../platform/sim/sim-disk.ts';
import { highestChunkRef } from './chunks-head.ts';

function fileWith(chunks: readonly { readonly ref: number; readonly bytes: number }[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(0x0130bc91);
  writer.u32(0x01000000);
  for (const { ref, bytes } of chunks) {
    writer.i64(ref);
    writer.i64(1000);
    writer.i64(2000);
    writer.u8(1);
    writer.uvarint(bytes);
    writer.raw(new Uint8Array(bytes).fill(7));
    writer.u32(0);
  }
  return writer.view().slice();
}

test.each([
  {
    given: 'some chunks',
    bytes: fileWith([
      { ref: 5, bytes: 100 },
      { ref: 900, bytes: 70_000 },
      { ref: 7, bytes: 3 },
    ]),
    highest: 900,
  }, // prettier-ignore
  {
    given: 'preallocated space behind them',
    bytes: Uint8Array.of(...fileWith([{ ref: 5, bytes: 10 }]), ...new Uint8Array(100)),
    highest: 5,
  },
  {
    given: 'a chunk that is cut off',
    bytes: fileWith([
      { ref: 5, bytes: 10 },
      { ref: 9, bytes: 300 },
    ]).slice(0, -20),
    highest: 5,
  }, // prettier-ignore
  { given: 'no chunk', bytes: fileWith([]), highest: 0 },
  { given: 'another kind of file', bytes: new Uint8Array(50).fill(1), highest: 0 },
])('with $given the highest number is $highest', ({ bytes, highest }) => {
  const disk = new SimDisk();
  disk.makeDirectory('data/chunks_head');
  disk.open('data/chunks_head/000001', 'write').write(bytes, 0);
  expect(highestChunkRef(disk, 'data/chunks_head')).toBe(highest);
});

test('new series get numbers above those of chunks that Prometheus left', () => {
  const disk = new SimDisk();
  disk.makeDirectory('data/chunks_head');
  disk.open('data/chunks_head/000001', 'write').write(fileWith([{ ref: 41, bytes: 20 }]), 0);
  const { tsdb } = openTestTsdb(disk);
  const appender = tsdb.appender();
  appender.append(appender.series(Labels.of({ a: 'b' })), 1000, 1);
  appender.commit();
  // The record: fragment header, type 1, then the number in eight bytes.
  expect(disk.read('data/wal/00000000')[7 + 1 + 7]).toBe(42);
});
