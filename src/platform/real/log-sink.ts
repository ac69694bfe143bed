/**
 * Where log lines leave the process: a file descriptor, written by a thread of Node's pool, one write at a time.
 * Whoever stops reading our stderr must not stop us, neither at work nor on the way out, so that lines which cannot
 * leave wait up to a bound and are then dropped and counted. (pino's own destination, sonic-boom, blocks the thread on
 * exit, and for ever when the reader is gone.)
 */
import { constants, fstatSync, openSync, write } from 'node:fs';

const CHUNK_BYTES_MAX = 64 * 1024;
/** For a pipe in non-blocking mode that is full. */
const RETRY_MS = 50;

export class LogSink {
  readonly #fd: number;
  readonly #waitingBytesMax: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #isGone = false;
  #onDrained: (() => void)[] = [];
  /** Lines that nobody will read. */
  dropped = 0;

  constructor(fd: number, waitingBytesMax = 4 * 1024 * 1024) {
    this.#fd = fd;
    this.#waitingBytesMax = waitingBytesMax;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#isGone || this.#waitingBytes + bytes.length > this.#waitingBytesMax) {
      this.dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#isWriting) this.#writeNext();
  }

  /** Resolves when all lines have left, or after `timeoutMs`. */
  drained(timeoutMs: number): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onDrained.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #writeNext(): void {
    const chunk: Buffer[] = [];
    let bytes = 0;
    for (const line of this.#waiting) {
      if (chunk.length > 0 && bytes + line.length > CHUNK_BYTES_MAX) break;
      chunk.push(line);
      bytes += line.length;
    }
    this.#waiting = this.#waiting.slice(chunk.length);
    this.#isWriting = chunk.length > 0;
    if (this.#isWriting) {
      this.#send(Buffer.concat(chunk));
      return;
    }
    const drained = this.#onDrained;
    this.#onDrained = [];
    for (const resolve of drained) resolve();
  }

  #send(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#send(bytes), RETRY_MS).unref();
        return;
      }
      if (error !== null) {
        // The reader is gone, and there is nobody left to tell.
        this.#isGone = true;
        this.#waiting = [];
        this.#waitingBytes = 0;
      } else {
        this.#waitingBytes -= written;
        if (written < bytes.length) {
          this.#send(bytes.subarray(written));
          return;
        }
      }
      this.#writeNext();
    });
  }
}

/**
 * stderr, such that a full pipe answers at once instead of holding a thread, which would hold up the end of the process
 * too. Only a pipe may be opened a second time: in a file, two descriptors would write over each other.
 */
export function stderrDescriptor(): number {
  try {
    return fstatSync(2).isFIFO() ? openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK) : 2;
  } catch {
    return 2; // not Linux, or another user's pipe
  }
}
