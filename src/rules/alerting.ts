/**
 * The alert state machine of one alerting rule: the alerts of before and an evaluation's result give the alerts of now
 * and what changed. Pure. Follows prometheus/rules/alerting.go Eval, except that an alert ends only by a result: an
 * evaluation that fails, or gives more alerts than the limit, changes nothing.
 */
import type { ResolveReason } from '../model/alert.ts';
import { type Fingerprint, fingerprintOf } from '../model/fingerprint.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type { DurationMs, UnixMs } from '../model/time.ts';

export type ActiveAlert = {
  readonly fingerprint: Fingerprint;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
  readonly state: 'pending' | 'firing';
  /** When the expression first held. */
  readonly activeAt: UnixMs;
  /** When it went from pending to firing. */
  readonly firedAt: UnixMs | null;
  /** Since when the expression no longer holds while keep_firing_for keeps it. */
  readonly keepFiringSince: UnixMs | null;
};

export type ActiveAlerts = ReadonlyMap<Fingerprint, ActiveAlert>;

/** An element of the expression's result with its labels and annotations expanded. */
export type Raised = { readonly labels: Labels; readonly annotations: Labels; readonly value: number };

export type AlertTransition =
  | { readonly kind: 'firing'; readonly alert: ActiveAlert }
  /** Firing already; its annotations are others now. */
  | { readonly kind: 'updated'; readonly alert: ActiveAlert }
  | { readonly kind: 'resolved'; readonly alert: ActiveAlert; readonly at: UnixMs };

export type AlertingOutcome =
  | { readonly kind: 'evaluated'; readonly active: ActiveAlerts; readonly transitions: readonly AlertTransition[] }
  | { readonly kind: 'refused'; readonly error: string };

export function evaluateAlerts(
  rule: { readonly forMs: DurationMs; readonly keepFiringForMs: DurationMs; readonly limit: number },
  before: ActiveAlerts,
  raised: readonly Raised[],
  at: UnixMs,
): AlertingOutcome {
  const now = new Map<Fingerprint, ActiveAlert>();
  const transitions: AlertTransition[] = [];
  for (const { labels, annotations, value } of raised) {
    const fingerprint = fingerprintOf(labels);
    if (now.has(fingerprint))
      return { kind: 'refused', error: 'vector contains metrics with the same labelset after applying alert labels' };
    const old = before.get(fingerprint);
    const activeAt = old?.activeAt ?? at;
    if (old?.state === 'firing') {
      const alert: ActiveAlert = { ...old, annotations, value, keepFiringSince: null };
      now.set(fingerprint, alert);
      if (!old.annotations.equals(annotations)) transitions.push({ kind: 'updated', alert });
    } else if (at - activeAt >= rule.forMs) {
      const alert: ActiveAlert = { fingerprint, labels, annotations, value, state: 'firing', activeAt, firedAt: at, keepFiringSince: null };
      now.set(fingerprint, alert);
      transitions.push({ kind: 'firing', alert });
    } else {
      now.set(fingerprint, { fingerprint, labels, annotations, value, state: 'pending', activeAt, firedAt: null, keepFiringSince: null });
    }
  }
  for (const old of before.values()) {
    if (now.has(old.fingerprint) || old.state === 'pending') continue;
    const since = old.keepFiringSince ?? at;
    if (rule.keepFiringForMs > 0 && at - since < rule.keepFiringForMs) now.set(old.fingerprint, { ...old, keepFiringSince: since });
    else transitions.push({ kind: 'resolved', alert: old, at });
  }
  if (rule.limit > 0 && now.size > rule.limit) return { kind: 'refused', error: `exceeded limit of ${rule.limit} with ${now.size} alerts` };
  return { kind: 'evaluated', active: now, transitions };
}

/** Labels of the alert that an element raises: its own without the name, then the rule's, then alertname. */
export function alertLabels(element: Labels, ruleLabels: Iterable<readonly [string, string]>, alertname: string): Labels {
  return element.with([[METRIC_NAME, ''], ...ruleLabels, ['alertname', alertname]]);
}

/**
 * Why a firing alert ended. `unfiltered`: the elements of the expression without its comparison (unfiltered.ts), null
 * where it has none. Labels that the rule sets are left out of the comparison: they hide what the element had.
 */
export function resolveReasonOf(alert: Labels, unfiltered: readonly Labels[] | null, ruleLabelNames: readonly string[]): ResolveReason {
  if (unfiltered === null) return 'condition_false';
  const hidden = [METRIC_NAME, 'alertname', ...ruleLabelNames];
  const element = alert.without(hidden);
  return unfiltered.some((labels) => labels.without(hidden).equals(element)) ? 'condition_false' : 'data_missing';
}
