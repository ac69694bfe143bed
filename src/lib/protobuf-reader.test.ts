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
