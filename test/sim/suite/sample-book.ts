/** Samples that a query has answered: a later answer must have them too, equal, and none that no target ever exposed. */
import type { Scenario } from './scenario.ts';
import { valueAt } from './signal.ts';

const START = 1_767_225_600_000;
/** Between the time of a scrape and the moment that the target answers it. */
const ANSWER_MS = 12_000;
/** Samples are synced once a second. */
const FLUSH_MS = 3000;
const RANGE_MS = 1_800_000;

type Answer = {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
};

export class SampleBook {
  readonly #scenario: Scenario;
  readonly #hasWallSteps: boolean;
  /** By series, then by time: all that was answered last and must still be there. */
  #known = new Map<string, Map<number, string>>();

  constructor(scenario: Scenario, hasWallSteps: boolean) {
    this.#scenario = scenario;
    this.#hasWallSteps = hasWallSteps;
  }

  forget(): void {
    this.#known = new Map();
  }

  /** A death takes nothing; but a loss of power what was not synced. */
  died(death: 'kill' | 'power', wallMs: number, isSynced: boolean): void {
    if (death === 'kill') return;
    if (!isSynced) return this.forget();
    for (const samples of this.#known.values()) for (const at of samples.keys()) if (at > wallMs - FLUSH_MS) samples.delete(at);
  }

  /** What is wrong with an answer about the last half hour; null: nothing. */
  compare(json: string, wallMs: number): string | null {
    const { result } = (JSON.parse(json) as Answer).data;
    const seen = new Map<string, Map<number, string>>();
    for (const { metric, values } of result) {
      const series = `${metric['__name__']} ${metric['instance']}`;
      const samples = new Map(values.map(([seconds, value]) => [Math.round(seconds * 1000), value]));
      seen.set(series, samples);
      for (const [at, value] of samples) {
        const problem = this.#hasWallSteps ? null : this.#invented(metric, at, value);
        if (problem !== null) return `${series} at ${at} is ${value}: ${problem}`;
      }
    }
    for (const [series, samples] of this.#known)
      for (const [at, value] of samples) {
        if (at <= wallMs - RANGE_MS + 1000 || at > wallMs) continue;
        const now = seen.get(series)?.get(at);
        if (now !== value) return `${series} at ${at} was ${value} and is ${now ?? 'gone'}`;
      }
    this.#known = seen;
    return null;
  }

  #invented(metric: Readonly<Record<string, string>>, at: number, value: string): string | null {
    if (metric['__name__'] === 'up') return value === '0' || value === '1' ? null : 'not a value of up';
    const target = this.#scenario.targets.find(({ host }) => `${host}:80` === metric['instance']);
    if (target === undefined) return 'there is no such target';
    const elapsed = at - START;
    for (let ms = 0; ms <= ANSWER_MS; ms += 500) {
      const truth = valueAt(target.gauge, elapsed + ms);
      if (truth !== null && (Object.is(truth, Number(value)) || (Number.isNaN(truth) && value === 'NaN'))) return null;
    }
    return 'the target never said so';
  }
}
