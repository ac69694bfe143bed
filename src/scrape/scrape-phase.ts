/**
 * Where in its interval a target is scraped. Without rules that read it: anywhere, by a hash of the target, so that all
 * targets together are spread evenly. With rules: shortly before a rule group looks, so that what changes is known to the
 * rules a fraction of an interval later instead of half of one on average (docs/decisions/004-scrape-phase.md).
 *
 * A pure function of the target, the rule groups' clocks and the size of the fleet: a restart or a reload that changes
 * none of these moves no scrape. The rules' clocks are what they are; only scrapes are placed.
 */
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import { type Matcher, matchesValue, printMatcher } from '../model/matcher.ts';
import { type DurationMs, durationMs } from '../model/time.ts';

/** A rule group on its clock, as far as it reads targets. */
export type RuleSlots = {
  readonly intervalMs: number;
  /** It evaluates at offset + n · interval, on the wall clock. */
  readonly offsetMs: number;
  /** Alerting rules in it: these are what somebody waits for. */
  readonly alerts: number;
  /** The selectors of its alerting rules, without those of series that recording rules write. */
  readonly selectors: readonly (readonly Matcher[])[];
};

export type PhaseTarget = {
  readonly intervalMs: DurationMs;
  /** Those that its series carry. */
  readonly publicLabels: Labels;
  /** A number from a hash of the target, the same for as long as it is the same target. */
  readonly hash: bigint;
};

/** A scrape has this part of its interval to end in before the rules look, within these bounds; a late one is seen an interval later. */
const LEAD_SHARE = 1 / 25;
const LEAD_MS_MIN = 100;
const LEAD_MS_MAX = 500;
/** Of a short interval, not more than this part. */
const LEAD_SHARE_MAX = 1 / 5;
/** The scrapes that aim at one slot are spread over at least this part of the interval … */
const SPREAD_SHARE_MIN = 1 / 16;
/** … and over this much time for each target of the whole server: a large fleet is spread evenly again. */
const SPREAD_MS_PER_TARGET = 4;
/** With so many places to choose from the rules look at every time, and no place is better than another. */
const PLACES_MAX = 256;

export class ScrapePhases {
  readonly #groups: readonly RuleSlots[];
  /** The labels that selectors speak of: targets that are alike in these are read by the same groups. */
  readonly #names: readonly string[];
  /** By what decides: thousands of targets and of selectors meet here at a reload, and mostly anew. */
  readonly #places = new Map<string, readonly number[]>();

  constructor(groups: readonly RuleSlots[]) {
    this.#groups = groups
      .filter(({ alerts, intervalMs }) => alerts > 0 && intervalMs > 0)
      .map((group) => ({ ...group, selectors: distinctSelectors(group.selectors) }));
    this.#names = [...new Set(this.#groups.flatMap(({ selectors }) => selectors.flatMap((selector) => selector.map(({ name }) => name))))];
  }

  /** `targets`: how many the server has. The scrape is due at the offset + n · interval. */
  offsetMs(target: PhaseTarget, targets: number): DurationMs {
    const { intervalMs, hash } = target;
    const places = this.#placesFor(target);
    if (places.length === 0) return durationMs(Number(hash % BigInt(intervalMs)));
    // Doubling steps: a target more does not move the others.
    const spreadMs = Math.min(
      intervalMs,
      Math.max(intervalMs * SPREAD_SHARE_MIN, SPREAD_MS_PER_TARGET * 2 ** Math.ceil(Math.log2(Math.max(1, targets)))),
    );
    const leadMs = Math.min(LEAD_MS_MAX, Math.max(LEAD_MS_MIN, intervalMs * LEAD_SHARE), intervalMs * LEAD_SHARE_MAX);
    const place = places[Number((hash >> 32n) % BigInt(places.length))] ?? 0;
    const fraction = Number(hash & 0xffff_ffffn) / 2 ** 32;
    return durationMs(modulo(Math.floor(place - leadMs - fraction * spreadMs), intervalMs));
  }

  /** The slots, as offsets in the target's interval, before which a scrape is best; none where no place is much better. */
  #placesFor({ intervalMs, publicLabels }: PhaseTarget): readonly number[] {
    const key = JSON.stringify([intervalMs, this.#names.map((name) => (publicLabels.has(name) ? publicLabels.get(name) : null))]);
    let places = this.#places.get(key);
    if (places === undefined) {
      const reading = this.#groups.map((group) => readingOf(group, publicLabels));
      // Rules that name the target count for more than those that only might read it.
      const wanted = reading.includes('named') ? 'named' : 'possible';
      places = bestPlaces(
        this.#groups.filter((_, i) => reading[i] === wanted),
        intervalMs,
      );
      this.#places.set(key, places);
    }
    return places;
  }
}

/** Without the metric's name, which is no label of a target: what is left is the same for most rules. */
function distinctSelectors(selectors: RuleSlots['selectors']): RuleSlots['selectors'] {
  const distinct = new Map<string, readonly Matcher[]>();
  for (const selector of selectors) {
    const matchers = selector.filter(({ name }) => name !== METRIC_NAME);
    distinct.set(matchers.map(printMatcher).join(), matchers);
  }
  return [...distinct.values()];
}

/** Whether alerting rules of a group name labels of the target, might read it for all that is known, or do not read it. */
function readingOf({ selectors }: RuleSlots, labels: Labels): 'named' | 'possible' | 'none' {
  let reading: 'possible' | 'none' = 'none';
  for (const selector of selectors) {
    const known = selector.filter(({ name }) => labels.has(name));
    if (!known.every((matcher) => matchesValue(matcher, labels.get(matcher.name)))) continue;
    if (known.some(({ op }) => op === '=' || op === '=~')) return 'named';
    reading = 'possible';
  }
  return reading;
}

/**
 * After a scrape at p a group waits (offset - p) modulo the greatest common divisor of both intervals, at best. The sum
 * over the groups is least just before one of their slots. When it is not far below what any place has on average, the
 * groups look at all times, and gathering the scrapes before one of them would gain little.
 */
function bestPlaces(groups: readonly RuleSlots[], intervalMs: number): readonly number[] {
  const clocks = groups.map((group) => ({ ...group, commonMs: commonDivisor(group.intervalMs, intervalMs) }));
  if (clocks.reduce((sum, { commonMs }) => sum + intervalMs / commonMs, 0) > PLACES_MAX) return [];
  const candidates = new Set<number>();
  for (const { offsetMs, commonMs } of clocks) {
    for (let place = modulo(offsetMs, commonMs); place < intervalMs; place += commonMs) candidates.add(place);
  }
  let best: number[] = [];
  let leastMs = Number.POSITIVE_INFINITY;
  for (const place of candidates) {
    const waitMs = clocks.reduce((sum, { offsetMs, commonMs, alerts }) => sum + alerts * modulo(offsetMs - place, commonMs), 0);
    if (waitMs < leastMs) {
      leastMs = waitMs;
      best = [];
    }
    if (waitMs === leastMs) best.push(place);
  }
  const averageMs = clocks.reduce((sum, { commonMs, alerts }) => sum + (alerts * commonMs) / 2, 0);
  return leastMs <= averageMs / 2 ? best.sort((a, b) => a - b) : [];
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

function commonDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}
