/**
 * Label names and values as numbers: each string is kept once, with a count of its uses, and given up with the last.
 * A symbol's number is used again after that, so whoever keeps numbers must hold a use.
 */
import { withLength } from '../lib/columns.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class SymbolTable {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #uses = new Uint32Array(64);
  readonly #vacant: number[] = [];
  #bytes = 0;

  get count(): number {
    return this.#numbers.size;
  }

  /** UTF-16 units of all symbols. */
  get units(): number {
    return this.#bytes;
  }

  /** The number of a string, or -1 when nothing uses it. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }

  text(symbol: number): string {
    return this.#texts[symbol]!;
  }

  /** Adds a use. */
  take(text: string): number {
    let symbol = this.#numbers.get(text);
    if (symbol === undefined) {
      symbol = this.#vacant.pop() ?? this.#texts.length;
      this.#uses = withLength(this.#uses, symbol + 1);
      const own = ownCopy(text);
      this.#numbers.set(own, symbol);
      this.#texts[symbol] = own;
      this.#bytes += text.length;
    }
    this.#uses[symbol]!++;
    return symbol;
  }

  /** Adds a use of a symbol that is in use. */
  takeAgain(symbol: number): void {
    this.#uses[symbol]!++;
  }

  /** Ends a use. */
  release(symbol: number): void {
    if (--this.#uses[symbol]! > 0) return;
    const text = this.#texts[symbol]!;
    this.#numbers.delete(text);
    this.#bytes -= text.length;
    this.#texts[symbol] = '';
    this.#vacant.push(symbol);
  }
}

/** A cut from a scraped text keeps the whole text in memory in V8; what is kept for hours must stand alone. */
function ownCopy(text: string): string {
  const copy = decoder.decode(encoder.encode(text));
  return copy === text ? copy : text;
}
