/**
 * Answers about label names and values, kept until the engine says that labels came or went. Dashboards ask for the same
 * ones again and again (their variables at each opening, the query editor at each key), with other times each time; in a
 * fleet that stays the same they are answered here, without a turn of the engine.
 */
import type { Answer, SeriesRequest, WireAnswer } from '../../api/prometheus-v1/backend.ts';
import { overlap } from '../../model/time.ts';
import type { LabelsState } from '../../tsdb/tsdb.ts';
import type { LabelsAnswer } from '../protocol.ts';

/** Of all answers that are kept, with what they answer; the one that was kept first goes first. */
const BYTES_MAX = 4 * 1024 * 1024;
/** A longer one costs the engine more than the way to it. */
const ANSWER_BYTES_MAX = 256 * 1024;

type Kept = { readonly body: Uint8Array; readonly holds: LabelsState; readonly bytes: number };

export class LabelsAnswers {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #version = 0;

  /** The answer that is kept, or the one that `ask` gets. */
  async find(
    what: 'labelNames' | 'labelValues',
    request: SeriesRequest & { readonly name?: string },
    ask: () => Promise<Answer<LabelsAnswer>>,
  ): Promise<Answer<WireAnswer>> {
    const key = JSON.stringify([what, request.name, request.limit, request.selectors]);
    const kept = this.#kept.get(key);
    if (kept !== undefined && overlap(request, kept.holds)) return { kind: 'gave', gives: { body: kept.body.slice() } };
    const answer = await ask();
    if (answer.kind === 'gave') this.#keep(key, answer.gives);
    return answer;
  }

  /** Those of an older version hold no longer. */
  changed(version: number): void {
    this.#version = version;
    this.#kept.clear();
    this.#bytes = 0;
  }

  #keep(key: string, { body, holds }: LabelsAnswer): void {
    const bytes = key.length * 2 + body.length;
    if (holds === null || holds.version < this.#version || bytes > ANSWER_BYTES_MAX) return;
    this.#forget(key);
    this.#kept.set(key, { body: body.slice(), holds, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= BYTES_MAX) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}
