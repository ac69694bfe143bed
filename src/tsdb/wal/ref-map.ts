/**
 * Series numbers of the log → slots of the head, in pages: numbers of one process lie together, and a million of them
 * cost four bytes each. 0 is no slot.
 *
 * Hot path: `get`, once per sample at replay. Samples of one scrape have neighbouring numbers, so the last page is kept.
 */
const PAGE_REFS = 4096;
/** No real log comes to series numbers above this; below, all arithmetic on them is exact. */
export const REF_MAX = 2 ** 50;

export class RefMap {
  readonly #pages = new Map<number, Uint32Array>();
  #pageStart = -1;
  #page: Uint32Array = NO_PAGE;

  set(ref: number, slot: number): void {
    this.#turnTo(ref);
    if (this.#page === NO_PAGE) {
      this.#page = new Uint32Array(PAGE_REFS);
      this.#pages.set(this.#pageStart, this.#page);
    }
    this.#page[ref - this.#pageStart] = slot;
  }

  get(ref: number): number {
    const index = ref - this.#pageStart;
    if (index >= 0 && index < PAGE_REFS && this.#pageStart >= 0) return this.#page[index] ?? 0;
    this.#turnTo(ref);
    return this.#page[ref - this.#pageStart] ?? 0;
  }

  #turnTo(ref: number): void {
    this.#pageStart = ref - (ref % PAGE_REFS);
    this.#page = this.#pages.get(this.#pageStart) ?? NO_PAGE;
  }
}

const NO_PAGE = new Uint32Array(0);
