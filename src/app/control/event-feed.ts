/** Tells those who follow the event log that it has grown, and that it will not grow any more. */
import type { EventWatcher } from '../../api/tocsin-v1/backend.ts';

export class EventFeed {
  readonly #watchers = new Set<EventWatcher>();
  #isClosed = false;

  /** The returned function ends it. */
  watch(watcher: EventWatcher): () => void {
    if (this.#isClosed) watcher.closed();
    else this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  written(): void {
    for (const { written } of this.#watchers) written();
  }

  /** Before the server stops: answers that go on for as long as the log grows come to their end. */
  close(): void {
    this.#isClosed = true;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const { closed } of watchers) closed();
  }
}
