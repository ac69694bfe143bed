/**
 * The finished chunks of the head, oldest first in a chain per series. Columns instead of objects: a head of a million
 * series has tens of millions of chunks. Chunk ids are positive; 0 ends a chain.
 */
import { withLength } from '../lib/columns.ts';

export class ChunkTable {
  #addresses = new Uint32Array(64);
  /** Data length << 3 | encoding. */
  #shapes = new Uint32Array(64);
  #minTimes = new Float64Array(64);
  #maxTimes = new Float64Array(64);
  #next = new Uint32Array(64);
  #used = 1;
  #free = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(address: number, bytes: number, encoding: number, minTime: number, maxTime: number): number {
    let id = this.#free;
    if (id !== 0) this.#free = this.#next[id]!;
    else {
      id = this.#used++;
      if (id === this.#addresses.length) this.#grow(id + 1);
    }
    this.#addresses[id] = address;
    this.#shapes[id] = (bytes << 3) | encoding;
    this.#minTimes[id] = minTime;
    this.#maxTimes[id] = maxTime;
    this.#next[id] = 0;
    this.#count++;
    return id;
  }

  remove(id: number): void {
    this.#next[id] = this.#free;
    this.#free = id;
    this.#count--;
  }

  link(id: number, next: number): void {
    this.#next[id] = next;
  }

  next(id: number): number {
    return this.#next[id]!;
  }

  address(id: number): number {
    return this.#addresses[id]!;
  }

  bytes(id: number): number {
    return this.#shapes[id]! >>> 3;
  }

  encoding(id: number): number {
    return this.#shapes[id]! & 7;
  }

  minTime(id: number): number {
    return this.#minTimes[id]!;
  }

  maxTime(id: number): number {
    return this.#maxTimes[id]!;
  }

  #grow(length: number): void {
    this.#addresses = withLength(this.#addresses, length);
    this.#shapes = withLength(this.#shapes, length);
    this.#minTimes = withLength(this.#minTimes, length);
    this.#maxTimes = withLength(this.#maxTimes, length);
    this.#next = withLength(this.#next, length);
  }
}
