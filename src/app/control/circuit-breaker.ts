/**
 * Whether a provider is worth trying. Five temporary failures within a minute, of two notifications or more (the retries of
 * a single one say little), open the circuit for 30 s; then one probe goes through, which closes it or opens it again.
 * Pure: told the time in monotonic milliseconds.
 */
const FAILURES = 5;
const WITHIN_MS = 60_000;
const OPEN_MS = 30_000;
/** A probe that has not come back by then counts as failed. */
const PROBE_MS = 60_000;

export class CircuitBreaker {
  /** The latest failures. */
  #failures: { readonly at: number; readonly notification: string }[] = [];
  #openUntil: number | null = null;
  #opened = 0;

  get isOpen(): boolean {
    return this.#openUntil !== null;
  }

  /** How often it has opened. */
  get opened(): number {
    return this.#opened;
  }

  /** When an attempt may be made: `elapsed` for now. */
  readyAt(elapsed: number): number {
    return Math.max(elapsed, this.#openUntil ?? elapsed);
  }

  /** An attempt begins; true when it is the probe after the pause, for which the others wait. */
  begin(elapsed: number): boolean {
    if (this.#openUntil === null) return false;
    this.#openUntil = elapsed + PROBE_MS;
    return true;
  }

  /** The probe was not made after all: another may be. */
  released(elapsed: number): void {
    if (this.#openUntil !== null) this.#openUntil = elapsed;
  }

  succeeded(): void {
    this.#failures = [];
    this.#openUntil = null;
  }

  /** A temporary failure; true when it opens the circuit. `notification`: what was tried. */
  failed(elapsed: number, notification: string, isProbe: boolean): boolean {
    if (this.#openUntil !== null) {
      if (isProbe) this.#openUntil = elapsed + OPEN_MS; // others began before it opened
      return false;
    }
    this.#failures.push({ at: elapsed, notification });
    if (this.#failures.length > FAILURES) this.#failures.shift();
    const recent = this.#failures.filter(({ at }) => at > elapsed - WITHIN_MS);
    if (recent.length < FAILURES || new Set(recent.map((one) => one.notification)).size < 2) return false;
    this.#openUntil = elapsed + OPEN_MS;
    this.#opened++;
    return true;
  }
}
