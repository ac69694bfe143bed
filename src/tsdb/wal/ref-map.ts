/**
 * Series numbers of the log → slots of the head, in pages: numbers of one process lie together, and a million of them
 * cost four bytes each. 0 is no slot.
 */
const PAGE_REFS = 4096;

export class RefMap {
  readonly #pages = new Map<number, Uint32Array>();
  #lastNumber = -1;
  #lastPage: Uint32Array | undefined;

  set(ref: number, slot: number): void {
    const number = Math.floor(ref / PAGE_REFS);
    let page = this.#page(number);
    if (page === undefined) {
      page = new Uint32Array(PAGE_REFS);
      this.#pages.set(number, page);
      this.#lastPage = page;
    }
    page[ref % PAGE_REFS] = slot;
  }

  get(ref: number): number {
    return this.#page(Math.floor(ref / PAGE_REFS))?.[ref % PAGE_REFS] ?? 0;
  }

  #page(number: number): Uint32Array | undefined {
    if (number !== this.#lastNumber) {
      this.#lastNumber = number;
      this.#lastPage = this.#pages.get(number);
    }
    return this.#lastPage;
  }
}
