/** Text that grows piece by piece and refuses to grow beyond a bound, for output whose size a user's input decides. */
export class TextTooLongError extends Error {
  constructor(lengthMax: number) {
    super(`text is longer than ${lengthMax} characters`);
    this.name = 'TextTooLongError';
  }
}

export class BoundedText {
  readonly lengthMax: number;
  #text = '';

  constructor(lengthMax: number) {
    this.lengthMax = lengthMax;
  }

  /** @throws TextTooLongError */
  append(piece: string): void {
    if (this.#text.length + piece.length > this.lengthMax) throw new TextTooLongError(this.lengthMax);
    this.#text += piece;
  }

  /** `count` times the piece, checked before anything is built. */
  repeat(piece: string, count: number): void {
    if (count <= 0) return;
    if (this.#text.length + piece.length * count > this.lengthMax) throw new TextTooLongError(this.lengthMax);
    this.#text += piece.repeat(count);
  }

  toString(): string {
    return this.#text;
  }
}
