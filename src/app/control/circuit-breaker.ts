/**
 * Whether a provider is worth trying. Five temporary failures within a minute, of two notifications or more (the retries of
 * a single one say little), open the circuit for 30 s; then one probe goes through, which closes it or opens it again.
 * Where only one lane failed, the trouble may be its own (a mailbox, a path, a key): it rests alone, until another fails
 * as well. Pure: told the time in monotonic milliseconds.
 */
const FAILURES = 5;
const WITHIN_MS = 60_000;
const OPEN_MS = 30_000;
/** A probe that has not come back by then counts as failed. */
const PROBE_MS = 60_000;

/** What was tried: the notification, and the lane in which it was. */
export type Tried = { readonly lane: string; readonly notification: string };

export class CircuitBreaker {
  /** The latest failures. */
  #failures: (Tried & { readonly at: number })[] = [];
  /** `lane`: the only one that rests; null: all do. */
  #open: { until: number; lane: string | null } | null = null;
  #opened = 0;

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** How often it has opened. */
  get opened(): number {
    return this.#opened;
  }

  /** When the lane may make an attempt: `elapsed` for now. */
  readyAt(elapsed: number, lane: string): number {
    return Math.max(elapsed, this.#openFor(lane)?.until ?? elapsed);
  }

  /** An attempt of the lane begins; true when it is the probe after the pause, for which the others wait. */
  begin(elapsed: number, lane: string): boolean {
    const open = this.#openFor(lane);
    if (open === null) return false;
    open.until = elapsed + PROBE_MS;
    return true;
  }

  /** The probe was not made after all: another may be. */
  released(elapsed: number): void {
    if (this.#open !== null) this.#open.until = elapsed;
  }

  /** True when it closes the circuit. */
  succeeded(lane: string): boolean {
    const wasOpen = this.#openFor(lane) !== null;
    // What fails in the lane that rests says nothing of the others.
    if (this.#open === null || wasOpen) {
      this.#failures = [];
      this.#open = null;
    }
    return wasOpen;
  }

  /** A temporary failure; true when it opens the circuit, or opens it for all. */
  failed(elapsed: number, tried: Tried, isProbe: boolean): boolean {
    if (this.#open !== null) {
      if (isProbe) this.#open.until = elapsed + OPEN_MS; // others began before it opened
      if (this.#openFor(tried.lane) !== null) return false;
      this.#open = { until: elapsed + OPEN_MS, lane: null };
      return true;
    }
    this.#failures.push({ at: elapsed, ...tried });
    if (this.#failures.length > FAILURES) this.#failures.shift();
    const recent = this.#failures.filter(({ at }) => at > elapsed - WITHIN_MS);
    if (recent.length < FAILURES || new Set(recent.map((one) => one.notification)).size < 2) return false;
    this.#open = { until: elapsed + OPEN_MS, lane: recent.every(({ lane }) => lane === tried.lane) ? tried.lane : null };
    this.#opened++;
    return true;
  }

  #openFor(lane: string): { until: number } | null {
    return this.#open === null || (this.#open.lane !== null && this.#open.lane !== lane) ? null : this.#open;
  }
}
