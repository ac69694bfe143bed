/**
 * The numbers by which the rows of a table are told apart on disk, by their key. New ones ascend, so that new rows stand
 * together at the table's end. Several of these may number the rows of one table: they share a counter.
 */
export class RowNumbers<K> {
  readonly #numbers = new Map<K, number>();
  readonly #counter: RowCounter;

  constructor(counter: RowCounter = { last: 0 }) {
    this.#counter = counter;
  }

  /** The row's number; a new one when it has none. */
  of(key: K): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = ++this.#counter.last;
    this.#numbers.set(key, number);
    return number;
  }

  known(key: K): number | undefined {
    return this.#numbers.get(key);
  }

  all(): Iterable<number> {
    return this.#numbers.values();
  }

  /** As it is on disk. */
  restore(key: K, number: number): void {
    this.#numbers.set(key, number);
    this.#counter.last = Math.max(this.#counter.last, number);
  }

  /** The row is gone from the disk. */
  forget(key: K): void {
    this.#numbers.delete(key);
  }

  clear(): void {
    this.#numbers.clear();
    this.#counter.last = 0;
  }
}

/** The greatest number that was given. */
export type RowCounter = { last: number };
