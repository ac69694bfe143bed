/**
 * FNV-1a, 64 bit, over the UTF-8 bytes of strings and single bytes, in two 32-bit halves (no BigInt).
 * Hot path: one digest per alert received. https://www.ietf.org/archive/id/draft-eastlake-fnv-21.html
 */
export class Fnv1a64 {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  byte(value: number): this {
    const low = (this.#low ^ value) >>> 0;
    // prime = 2^40 + 0x1b3: multiply by 0x1b3 in 16-bit steps, then add low << 40.
    const p0 = (low & 0xffff) * 0x1b3;
    const p1 = (low >>> 16) * 0x1b3 + (p0 >>> 16);
    const carry = Math.floor(p1 / 0x10000);
    this.#low = ((p1 << 16) | (p0 & 0xffff)) >>> 0;
    this.#high = (Math.imul(this.#high, 0x1b3) + carry + (low << 8)) >>> 0;
    return this;
  }

  text(value: string): this {
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x80) this.byte(unit);
      else i += this.#rune(value.codePointAt(i) ?? 0xfffd);
    }
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
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }

  value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }
}
