import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtobufError, ProtobufReader } from './protobuf-reader.ts';

test('fields, nested messages, negative numbers and doubles are read in order', () => {
  const double = new Uint8Array(9);
  double[0] = (3 << 3) | 1;
  new DataView(double.buffer).setFloat64(1, -1.5, true);
  const bytes = new Uint8Array([0x08, 0x96, 0x01, 0x12, 0x02, 0x08, 0x05, ...double, 0x20, ...new Array<number>(9).fill(0xff), 0x01]);
  const reader = new ProtobufReader(bytes);
  expect([reader.next(), reader.field, reader.uint()]).toEqual([true, 1, 150]);
  expect([reader.next(), reader.field]).toEqual([true, 2]);
  const outer = reader.enter();
  expect([reader.next(), reader.uint(), reader.next()]).toEqual([true, 5, false]);
  reader.leave(outer);
  expect([reader.next(), reader.double()]).toEqual([true, -1.5]);
  expect([reader.next(), reader.int(), reader.next()]).toEqual([true, -1, false]);
});

const packed = (...bytes: readonly number[]): number[] => [0x0a, bytes.length, ...bytes];
const one = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]; // 1.0

test.each<{ given: string; bytes: readonly number[]; read: 'sints' | 'doubles'; values: readonly number[]; isWhole?: boolean }>([
  { given: 'packed sints', bytes: packed(0, 1, 2, 3, 0xff, 0x01), read: 'sints', values: [0, -1, 1, -2, -128] },
  { given: 'sints one by one', bytes: [0x08, 4, 0x08, 5], read: 'sints', values: [2, -3] },
  { given: 'sints both ways', bytes: [0x08, 4, ...packed(6), 0x08, 8], read: 'sints', values: [2, 3, 4] },
  { given: 'packed doubles', bytes: packed(...one, ...one), read: 'doubles', values: [1, 1] },
  { given: 'doubles one by one', bytes: [0x09, ...one, 0x09, ...one], read: 'doubles', values: [1, 1] },
  { given: 'nothing, packed', bytes: packed(), read: 'sints', values: [] },
  { given: 'six packed sints', bytes: packed(0, 0, 0, 0, 0, 0), read: 'sints', values: [0, 0, 0, 0, 0], isWhole: false },
  { given: 'a sixth sint', bytes: [...packed(0, 0, 0, 0, 0), 0x08, 0], read: 'sints', values: [0, 0, 0, 0, 0], isWhole: false },
])('$given are read to the fifth', ({ bytes, read, values, isWhole = true }) => {
  const reader = new ProtobufReader(Uint8Array.from(bytes));
  const into: number[] = [];
  let seenWhole = true;
  while (reader.next()) seenWhole = reader[read](into, 5) && seenWhole;
  expect([into, seenWhole]).toEqual([values, isWhole]);
});

test.each<{ given: string; bytes: readonly number[]; read: 'sints' | 'doubles' }>([
  { given: 'half a double, packed', bytes: packed(...one, 0, 0), read: 'doubles' },
  { given: 'a varint that its field does not hold', bytes: [...packed(0x80), 0x01], read: 'sints' },
  { given: 'a varint for a double', bytes: [0x08, 1], read: 'doubles' },
  { given: 'a double for a varint', bytes: [0x09, ...one], read: 'sints' },
])('$given is no message', ({ bytes, read }) => {
  const reader = new ProtobufReader(Uint8Array.from(bytes));
  reader.next();
  expect(() => reader[read]([], 5)).toThrow(ProtobufError);
});

test('messages that only their length precedes are read one after the other', () => {
  const reader = new ProtobufReader(Uint8Array.from([2, 0x08, 5, 0, 3, 0x08, 0x96, 0x01]));
  const found: unknown[] = [];
  for (const _ of [1, 2, 3]) {
    const outer = reader.enterDelimited(3);
    while (reader.next()) found.push(reader.uint());
    reader.leave(outer);
    found.push(`to ${reader.offset}`);
  }
  expect(found).toEqual([5, 'to 3', 'to 4', 150, 'to 8']);
});

test.each([
  { given: 'a length that runs past the end', bytes: [0x80] },
  { given: 'a message that runs past the end', bytes: [2, 0x08] },
  { given: 'a message that is too long', bytes: [4, 0, 0, 0, 0] },
])('$given is refused', ({ bytes }) => {
  expect(() => new ProtobufReader(Uint8Array.from(bytes)).enterDelimited(3)).toThrow(ProtobufError);
});

test('no bytes make it do anything but end or say that they are no message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const reader = new ProtobufReader(bytes);
      try {
        while (reader.next()) reader.skip();
      } catch (error) {
        expect(error).toBeInstanceOf(ProtobufError);
      }
    }),
  );
});
