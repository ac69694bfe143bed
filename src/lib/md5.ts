/** MD5 of bytes (RFC 1321). Not for secrets: Prometheus' hashmod shards targets by it, so the digest must be the same. */
export function md5(bytes: Uint8Array): Uint8Array {
  const padded = pad(bytes);
  const words = new DataView(padded.buffer);
  let a = 0x67452301;
  let b = 0xefcdab89 | 0;
  let c = 0x98badcfe | 0;
  let d = 0x10325476;
  for (let block = 0; block < padded.length; block += 64) {
    const [a0, b0, c0, d0] = [a, b, c, d];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      let f: number;
      let word: number;
      if (round === 0) {
        f = (b & c) | (~b & d);
        word = i;
      } else if (round === 1) {
        f = (d & b) | (~d & c);
        word = (5 * i + 1) & 15;
      } else if (round === 2) {
        f = b ^ c ^ d;
        word = (3 * i + 5) & 15;
      } else {
        f = c ^ (b | ~d);
        word = (7 * i) & 15;
      }
      const sum = (a + f + (SINES[i] ?? 0) + words.getInt32(block + word * 4, true)) | 0;
      const shift = SHIFTS[round * 4 + (i & 3)] ?? 0;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    a = (a + a0) | 0;
    b = (b + b0) | 0;
    c = (c + c0) | 0;
    d = (d + d0) | 0;
  }
  const digest = new DataView(new ArrayBuffer(16));
  [a, b, c, d].forEach((word, i) => digest.setInt32(i * 4, word, true));
  return new Uint8Array(digest.buffer);
}

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000));

/** The message, one bit, zeros, and its length in bits in the last 8 bytes. */
function pad(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, (bytes.length << 3) >>> 0, true);
  view.setUint32(padded.length - 4, Math.floor(bytes.length / 0x2000_0000), true);
  return padded;
}
