import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const hex = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter(1);
  write(writer);
  return Buffer.from(writer.view()).toString('hex');
};

test.each([
  { of: 'u32', write: (w: ByteWriter) => w.u32(0xdeadbeef), gives: 'deadbeef' },
  { of: 'i64 of -1', write: (w: ByteWriter) => w.i64(-1), gives: 'ffffffffffffffff' },
  { of: 'i64 beyond 32 bits', write: (w: ByteWriter) => w.i64(-(2 ** 40) - 2), gives: 'fffffefffffffffe' },
  { of: 'f64', write: (w: ByteWriter) => w.f64(1), gives: '3ff0000000000000' },
  { of: 'uvarint', write: (w: ByteWriter) => w.uvarint(300), gives: 'ac02' },
  { of: 'uvarint of 2^53', write: (w: ByteWriter) => w.uvarint(2 ** 53), gives: '8080808080808010' },
  { of: 'varint of -1', write: (w: ByteWriter) => w.varint(-1), gives: '01' },
  { of: 'text', write: (w: ByteWriter) => w.text('aé'), gives: '0361c3a9' },
])('$of is $gives', ({ write, gives }) => {
  expect(hex(write)).toBe(gives);
});

test('everything is read as it was written', () => {
  const whole = fc.maxSafeInteger().map((n) => Math.trunc(n / 2) + 0);
  fc.assert(
    fc.property(whole, fc.double(), fc.string({ unit: 'grapheme', maxLength: 100 }), fc.nat(255), (n, float, text, byte) => {
      const writer = new ByteWriter(1);
      writer.i64(n);
      writer.varint(n);
      writer.uvarint(Math.abs(n));
      writer.f64(float);
      writer.text(text);
      writer.u8(byte);
      const reader = new ByteReader(writer.view());
      expect([reader.i64(), reader.varint(), reader.uvarint(), reader.f64(), reader.text(), reader.u8()]).toEqual([
        n,
        n,
        Math.abs(n),
        float,
        text,
        byte,
      ]);
      expect(reader.failed).toBe(false);
      expect(reader.hasMore).toBe(false);
    }),
  );
});

test('a read past the end fails, and so does everything after it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), fc.array(fc.nat(5), { minLength: 20, maxLength: 40 }), (bytes, reads) => {
      const reader = new ByteReader(bytes);
      const ways = [
        () => reader.u8(),
        () => reader.u32(),
        () => reader.i64(),
        () => reader.f64(),
        () => reader.uvarint(),
        () => reader.text(),
      ];
      for (const way of reads) {
        const had = reader.failed;
        ways[way]!();
        expect(reader.position).toBeLessThanOrEqual(bytes.length);
        if (had) expect(reader.failed).toBe(true);
      }
    }),
  );
  expect(new ByteReader(Uint8Array.of(0x80)).uvarint()).toBe(0);
});

test('a varint of more than 64 bits fails', () => {
  const reader = new ByteReader(new Uint8Array(11).fill(0x80));
  reader.uvarint();
  expect(reader.failed).toBe(true);
});
