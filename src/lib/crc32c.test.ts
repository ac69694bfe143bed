import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

// RFC 3720 appendix B.4, and the check value of the CRC catalogue.
test.each([
  { of: 'the catalogue check text', bytes: ascii('123456789'), crc: 0xe3069283 },
  { of: '32 zero bytes', bytes: new Uint8Array(32), crc: 0x8a9136aa },
  { of: '32 bytes of ff', bytes: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43 },
  { of: 'ascending bytes', bytes: Uint8Array.from({ length: 32 }, (_, i) => i), crc: 0x46dd794e },
  { of: 'nothing', bytes: new Uint8Array(0), crc: 0 },
])('crc32c of $of', ({ bytes, crc }) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('a range counts only its own bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(100), (bytes, a, b) => {
      const from = Math.min(a, b, bytes.length);
      const to = Math.min(Math.max(a, b), bytes.length);
      expect(crc32c(bytes, from, to)).toBe(crc32c(bytes.slice(from, to)));
    }),
  );
});
