/**
 * Which series have a label value: name → value → slots. Lists only grow until `prune`, in the order of arrival, so a
 * reader that remembers how far it came finds what is new at the end; `epoch` tells that a list was pruned meanwhile.
 */
import { withLength } from '../lib/columns.ts';

export class PostingList {
  slots = new Uint32Array(4);
  length = 0;
  epoch = 0;

  push(slot: number): void {
    this.slots = withLength(this.slots, this.length + 1);
    this.slots[this.length++] = slot;
  }

  /** Drops the slots that `keeps` refuses. */
  prune(keeps: (slot: number) => boolean): void {
    let length = 0;
    for (let i = 0; i < this.length; i++) {
      const slot = this.slots[i]!;
      if (keeps(slot)) this.slots[length++] = slot;
    }
    if (length < this.slots.length / 4) this.slots = this.slots.slice(0, Math.max(4, length));
    this.length = length;
    this.epoch++;
  }
}

/** A value that one series has is a bare slot: labels like `instance` or `le` have many values and short lists. */
export type Posting = number | PostingList;

export class Postings {
  readonly #names = new Map<number, Map<number, Posting>>();
  readonly all = new PostingList();

  add(slot: number, nameSymbol: number, valueSymbol: number): void {
    let values = this.#names.get(nameSymbol);
    if (values === undefined) {
      values = new Map();
      this.#names.set(nameSymbol, values);
    }
    const posting = values.get(valueSymbol);
    if (posting === undefined) values.set(valueSymbol, slot);
    else if (typeof posting === 'number') {
      const list = new PostingList();
      list.push(posting);
      list.push(slot);
      values.set(valueSymbol, list);
    } else posting.push(slot);
  }

  nameSymbols(): IterableIterator<number> {
    return this.#names.keys();
  }

  get nameCount(): number {
    return this.#names.size;
  }

  /** The values of a name with their series; undefined for a name that no series has. */
  values(nameSymbol: number): ReadonlyMap<number, Posting> | undefined {
    return this.#names.get(nameSymbol);
  }

  /** Drops the slots that `keeps` refuses from the lists of one label value, and the value when none is left. */
  prune(nameSymbol: number, valueSymbol: number, keeps: (slot: number) => boolean): void {
    const values = this.#names.get(nameSymbol);
    const posting = values?.get(valueSymbol);
    if (values === undefined || posting === undefined) return;
    if (typeof posting === 'number') {
      if (keeps(posting)) return;
    } else {
      posting.prune(keeps);
      if (posting.length > 0) return;
    }
    values.delete(valueSymbol);
    if (values.size === 0) this.#names.delete(nameSymbol);
  }
}

export const postingLength = (posting: Posting): number => (typeof posting === 'number' ? 1 : posting.length);
