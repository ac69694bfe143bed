/**
 * Inhibition: a firing alert that matches a rule's source side holds back alerts that match its target side and agree with
 * it on every `equal` label (absent counts as empty). A target that matches the source side too is not held back by
 * sources that match the target side, so that nothing inhibits itself or its like. Sources count whatever else is muted.
 * Follows Alertmanager's inhibit/inhibit.go, but for its index of one source per equal-set: here all firing sources count.
 *
 * Hot path: asked for every alert of every flush and of every read. Sources are kept by rule and equal-set, firing ones only.
 */
import type { Alert } from '../model/alert.ts';
import { isResolvedAt } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import type { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import type { UnixMs } from '../model/time.ts';
import { MatcherIndex } from './matcher-index.ts';

export type InhibitRule = {
  /** For people; may be empty or used twice. */
  readonly name: string;
  readonly sourceMatchers: readonly Matcher[];
  readonly targetMatchers: readonly Matcher[];
  readonly equal: readonly string[];
};

/** An alert as the inhibitor holds it: `alert` is its latest version. */
export type InhibitSource = { readonly fingerprint: Fingerprint; readonly labels: Labels; readonly alert: Pick<Alert, 'endsAt'> };

export type Inhibition = { readonly rule: InhibitRule; readonly source: InhibitSource };

export class Inhibitor {
  readonly #rules: readonly RuleIndex[];
  readonly #bySource: MatcherIndex;
  readonly #byTarget: MatcherIndex;

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => new RuleIndex(rule));
    this.#bySource = new MatcherIndex(rules.map(({ sourceMatchers }) => sourceMatchers));
    this.#byTarget = new MatcherIndex(rules.map(({ targetMatchers }) => targetMatchers));
  }

  /** Takes in an alert that fires. */
  add(source: InhibitSource): void {
    for (const at of this.#bySource.candidates(source.labels)) this.#rules[at]?.add(source);
  }

  /** Forgets an alert that was added and no longer fires. */
  remove(source: InhibitSource): void {
    for (const at of this.#bySource.candidates(source.labels)) this.#rules[at]?.remove(source);
  }

  /** The first rule that holds these labels back, and one of its sources; null when none does. */
  inhibiting(labels: Labels, now: UnixMs): Inhibition | null {
    for (const at of this.#byTarget.candidates(labels)) {
      const index = this.#rules[at] as RuleIndex;
      const source = index.sourceFor(labels, now);
      if (source !== null) return { rule: index.rule, source };
    }
    return null;
  }
}

/** Firing sources that agree on the equal labels, apart by whether they match the target side as well. */
type Bucket = { readonly oneSided: Map<Fingerprint, InhibitSource>; readonly twoSided: Map<Fingerprint, InhibitSource> };

class RuleIndex {
  readonly rule: InhibitRule;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rule: InhibitRule) {
    this.rule = rule;
  }

  add(source: InhibitSource): void {
    const { labels } = source;
    if (!matchesLabels(this.rule.sourceMatchers, labels)) return;
    const key = this.#key(labels);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, (bucket = { oneSided: new Map(), twoSided: new Map() }));
    const side = matchesLabels(this.rule.targetMatchers, labels) ? bucket.twoSided : bucket.oneSided;
    side.set(source.fingerprint, source);
  }

  remove(source: InhibitSource): void {
    if (this.#buckets.size === 0) return;
    const key = this.#key(source.labels);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return;
    bucket.oneSided.delete(source.fingerprint);
    bucket.twoSided.delete(source.fingerprint);
    if (bucket.oneSided.size === 0 && bucket.twoSided.size === 0) this.#buckets.delete(key);
  }

  sourceFor(labels: Labels, now: UnixMs): InhibitSource | null {
    if (this.#buckets.size === 0 || !matchesLabels(this.rule.targetMatchers, labels)) return null;
    const bucket = this.#buckets.get(this.#key(labels));
    if (bucket === undefined) return null;
    const found = firstFiring(bucket.oneSided, now);
    if (found !== null || bucket.twoSided.size === 0 || matchesLabels(this.rule.sourceMatchers, labels)) return found;
    return firstFiring(bucket.twoSided, now);
  }

  #key(labels: Labels): string {
    let key = '';
    for (const name of this.rule.equal) key += `${labels.get(name)}\xff`;
    return key;
  }
}

/** Between an end and the tick that removes it, a source is there but no longer fires. */
function firstFiring(sources: ReadonlyMap<Fingerprint, InhibitSource>, now: UnixMs): InhibitSource | null {
  for (const source of sources.values()) if (!isResolvedAt(source.alert, now)) return source;
  return null;
}
