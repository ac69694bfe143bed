/**
 * FNV-1a, 64 bit, over the UTF-8 bytes of strings and single bytes, in two 32-bit halves (no BigInt).
 * Hot path: one digest per alert received. https://www.ietf.org/archive/id/draft-eastlake-fnv-21.html
 */
export class Fnv1a64 {
  // Signed, so that they stay small integers to the compiler.
  #high = 0xcbf29ce4 | 0;
  #low = 0x84222325 | 0;

  byte(value: number): this {
    const low = this.#low ^ value;
    // prime = 2^40 + 0x1b3: multiply by 0x1b3 in 16-bit steps, then add low << 40.
    const p0 = (low & 0xffff) * 0x1b3;
    const p1 = (low >>> 16) * 0x1b3 + (p0 >>> 16);
    this.#low = (p1 << 16) | (p0 & 0xffff);
    this.#high = (Math.imul(this.#high, 0x1b3) + (p1 >>> 16) + (low << 8)) | 0;
    return this;
  }

  text(value: string): this {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x80) {
        // As in `byte`.
        const mixed = low ^ unit;
        const p0 = (mixed & 0xffff) * 0x1b3;
        const p1 = (mixed >>> 16) * 0x1b3 + (p0 >>> 16);
        low = (p1 << 16) | (p0 & 0xffff);
        high = (Math.imul(high, 0x1b3) + (p1 >>> 16) + (mixed << 8)) | 0;
        continue;
      }
      this.#high = high;
      this.#low = low;
      i += this.#rune(value.codePointAt(i) ?? 0xfffd);
      high = this.#high;
      low = this.#low;
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** Adds a rune above ASCII; returns how many extra UTF-16 units it took. */
  #rune(rune: number): number {
    if (rune < 0x800) this.byte(0xc0 | (rune >>> 6));
    else {
      const code = rune >= 0xd800 && rune <= 0xdfff ? 0xfffd : rune;
      if (code < 0x10000) this.byte(0xe0 | (code >>> 12));
      else this.byte(0xf0 | (code >>> 18)).byte(0x80 | ((code >>> 12) & 0x3f));
      this.byte(0x80 | ((code >>> 6) & 0x3f)).byte(0x80 | (code & 0x3f));
      return code >= 0x10000 ? 1 : 0;
    }
    this.byte(0x80 | (rune & 0x3f));
    return 0;
  }

  /** Sixteen lower-case hexadecimal digits. */
  hex(): string {
    return hex32(this.#high) + hex32(this.#low);
  }

  value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex32 = (word: number): string => `${HEX[word >>> 24]}${HEX[(word >>> 16) & 0xff]}${HEX[(word >>> 8) & 0xff]}${HEX[word & 0xff]}`;
