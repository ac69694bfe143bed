/**
 * A long answer, written as the bytes that leave. Put together as a string it would be in memory three times, as a tree of
 * its parts, in one piece and encoded, and the collector would have to come for it.
 */
export class AnswerWriter {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #length = 0;

  /** Makes room for about so many bytes. */
  reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  text(text: string): void {
    this.reserve(text.length * UTF8_BYTES_MAX);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** What has been written, given away. */
  finish(): Uint8Array<ArrayBuffer> {
    const isWasteful = this.#length < this.#bytes.length / 2;
    const { buffer } = this.#bytes;
    return isWasteful ? new Uint8Array(buffer.slice(0, this.#length)) : new Uint8Array(buffer, 0, this.#length);
  }
}

/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;
