/** Seeded chance: sfc32 (Chris Doty-Humphrey's Small Fast Counter, 128 bits of state). The same seed gives the same numbers on every machine. */
import type { Random } from '../../model/random.ts';

export class SimRandom implements Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** A stream of its own for each (seed, stream): adding a draw to one leaves the others as they were. */
  constructor(seed: number, stream = '') {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    for (let i = 0; i < stream.length; i++) this.#c = (Math.imul(this.#c, 31) + stream.charCodeAt(i)) >>> 0;
    for (let i = 0; i < 12; i++) this.#next32(); // mixes the seed into the whole state
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  next(): number {
    return (this.#next32() * 0x20_0000 + (this.#next32() >>> 11)) / 0x20_0000_0000_0000;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#next32() >>> 24;
    return bytes;
  }
}

/** A whole number in [low, high]. */
export const between = (random: Random, low: number, high: number): number => low + Math.floor(random.next() * (high - low + 1));
