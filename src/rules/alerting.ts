/**
 * The alert state machine of one alerting rule: the alerts of before and an evaluation's result give the alerts of now
 * and what changed. Pure. Follows prometheus/rules/alerting.go Eval, with these differences, all so that nothing resolves
 * but by a result that says so:
 *
 * - an evaluation that fails, or gives more alerts than the limit, changes nothing;
 * - an alert that fires goes on firing when a reload makes its `for` longer;
 * - whether an alert whose element is missing ends is asked of the caller, who knows why it is missing.
 */
import type { ResolveReason } from '../model/alert.ts';
import type { Fingerprint } from '../model/fingerprint.ts';
import { Labels, METRIC_NAME } from '../model/labels.ts';
import { addMs, type DurationMs, type UnixMs } from '../model/time.ts';

export type ActiveAlert = {
  /** From its first evaluation to its end (RuleAlertRow.id). */
  readonly id: string;
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
  /** What the router was told last of an alert that fires; null where it must be told, whether or not anything changed. */
  readonly told: { readonly at: UnixMs; readonly annotations: Labels } | null;
};

export type ActiveAlerts = ReadonlyMap<Fingerprint, ActiveAlert>;

/** An element of the expression's result with its labels and annotations expanded. */
export type Raised = {
  readonly fingerprint: Fingerprint;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
};

export type AlertTransition =
  | { readonly kind: 'firing'; readonly alert: ActiveAlert }
  /** Firing already; its annotations are others now, or the router must be told again. */
  | { readonly kind: 'updated'; readonly alert: ActiveAlert }
  | { readonly kind: 'resolved'; readonly alert: ActiveAlert; readonly at: UnixMs; readonly reason: ResolveReason };

/** What becomes of an alert whose element is missing from the result. */
export type Fate = { readonly kind: 'ends'; readonly reason: ResolveReason } | { readonly kind: 'stays' };

export type AlertTimes = {
  readonly forMs: DurationMs;
  readonly keepFiringForMs: DurationMs;
  /** Other annotations are told to the router at most this often (Prometheus' resend delay). */
  readonly retellMs: DurationMs;
};

export type AlertingStep = {
  readonly times: AlertTimes;
  /** 0: none. */
  readonly limit: number;
  readonly at: UnixMs;
  /** The id and, where it is not `at`, the begin of an alert that is new. */
  readonly begin: (raised: Raised) => { readonly id: string; readonly activeAt: UnixMs };
  /** Asked of the alerts that `missingAlerts` names. */
  readonly fate: (alert: ActiveAlert) => Fate;
};

export type AlertingOutcome =
  | { readonly kind: 'evaluated'; readonly active: ActiveAlerts; readonly transitions: readonly AlertTransition[] }
  | { readonly kind: 'refused'; readonly error: string };

/** The alerts whose element is missing and that nothing else keeps: they end, or stay by their fate. */
export function missingAlerts(
  before: ActiveAlerts,
  raised: ReadonlyMap<Fingerprint, Raised>,
  times: AlertTimes,
  at: UnixMs,
): ActiveAlert[] {
  const missing: ActiveAlert[] = [];
  for (const alert of before.values())
    if (!raised.has(alert.fingerprint) && !(alert.state === 'firing' && isKept(alert, times, at))) missing.push(alert);
  return missing;
}

/** By fingerprint; null when two elements make one alert, which fails the evaluation. */
export function byFingerprint(raised: readonly Raised[]): ReadonlyMap<Fingerprint, Raised> | null {
  const all = new Map<Fingerprint, Raised>();
  for (const one of raised) all.set(one.fingerprint, one);
  return all.size === raised.length ? all : null;
}

export const DUPLICATE_ALERTS = 'vector contains metrics with the same labelset after applying alert labels';

export function evaluateAlerts(before: ActiveAlerts, raised: ReadonlyMap<Fingerprint, Raised>, step: AlertingStep): AlertingOutcome {
  const { times, limit, at } = step;
  const now = new Map<Fingerprint, ActiveAlert>();
  const transitions: AlertTransition[] = [];
  for (const { fingerprint, labels, annotations, value } of raised.values()) {
    const old = before.get(fingerprint);
    if (old?.state === 'firing') {
      const isSame = old.annotations === annotations && Object.is(old.value, value) && old.keepFiringSince === null;
      const alert: ActiveAlert = isSame ? old : { ...old, annotations, value, keepFiringSince: null };
      if (mustTell(alert, times, at)) tell({ kind: 'updated', alert });
      else now.set(fingerprint, alert);
      continue;
    }
    const { id, activeAt } = old ?? step.begin({ fingerprint, labels, annotations, value });
    const alert = { id, fingerprint, labels, annotations, value, activeAt, keepFiringSince: null, told: null };
    if (at - activeAt >= times.forMs) tell({ kind: 'firing', alert: { ...alert, state: 'firing', firedAt: at } });
    else now.set(fingerprint, { ...alert, state: 'pending', firedAt: null });
  }
  for (const old of before.values()) {
    if (raised.has(old.fingerprint)) continue;
    let kept: ActiveAlert = old;
    if (old.state === 'firing' && isKept(old, times, at)) kept = { ...old, keepFiringSince: old.keepFiringSince ?? at };
    else {
      const fate = step.fate(old);
      if (fate.kind === 'ends') {
        if (old.state === 'firing') transitions.push({ kind: 'resolved', alert: old, at, reason: fate.reason });
        continue;
      }
    }
    if (kept.state === 'firing' && kept.told === null) tell({ kind: 'updated', alert: kept });
    else now.set(kept.fingerprint, kept);
  }
  if (limit > 0 && now.size > limit) return { kind: 'refused', error: `exceeded limit of ${limit} with ${now.size} alerts` };
  return { kind: 'evaluated', active: now, transitions };

  function tell({ kind, alert }: { readonly kind: 'firing' | 'updated'; readonly alert: ActiveAlert }): void {
    const told: ActiveAlert = { ...alert, told: { at, annotations: alert.annotations } };
    now.set(told.fingerprint, told);
    transitions.push({ kind, alert: told });
  }
}

/** keep_firing_for holds an alert that fires and whose element is missing. */
const isKept = ({ keepFiringSince }: ActiveAlert, { keepFiringForMs }: AlertTimes, at: UnixMs): boolean =>
  keepFiringForMs > 0 && at - (keepFiringSince ?? at) < keepFiringForMs;

const mustTell = ({ told, annotations }: ActiveAlert, { retellMs }: AlertTimes, at: UnixMs): boolean =>
  told === null || (at - told.at >= retellMs && !told.annotations.equals(annotations));

/** Wall time jumped ahead: it does not count towards `for` and `keep_firing_for`. */
export function shiftedAlerts(active: ActiveAlerts, by: DurationMs): ActiveAlerts {
  return new Map(
    Array.from(active, ([fingerprint, alert]) => [
      fingerprint,
      {
        ...alert,
        activeAt: alert.state === 'pending' ? addMs(alert.activeAt, by) : alert.activeAt,
        keepFiringSince: alert.keepFiringSince === null ? null : addMs(alert.keepFiringSince, by),
      },
    ]),
  );
}

/** Labels of the alert that an element raises: its own without the name, then the rule's, then alertname. */
export function alertLabels(element: Labels, ruleLabels: Iterable<readonly [string, string]>, alertname: string): Labels {
  return element.with([[METRIC_NAME, ''], ...ruleLabels, ['alertname', alertname]]);
}
