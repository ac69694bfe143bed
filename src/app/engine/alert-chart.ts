/**
 * The chart of alerts that a rule of ours has raised: the rule's expression without its threshold over the last hour or
 * more, cut down to the series of these alerts. Cheap by design: only their series are read where that can be, a bounded
 * number of steps, one time limit for each query, slices like any other.
 */
import { quoteMeta } from '../../lib/quote-meta.ts';
import { type AlertChart, CHART_SERIES_MAX, type ChartSeries, type ChartThreshold } from '../../model/alert-chart.ts';
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import { equalMatcher, type Matcher, makeMatcher } from '../../model/matcher.ts';
import type { Expr } from '../../promql/ast.ts';
import type { RangeSeries } from '../../promql/evaluation.ts';
import { printExpr } from '../../promql/printer.ts';
import { alertLabels } from '../../rules/alerting.ts';
import { narrowed } from '../../rules/narrowed.ts';
import { type Plotted, plotted } from '../../rules/plotted.ts';
import type { AlertingRule } from '../../rules/rule-group.ts';
import type { RuleManager } from '../../rules/rule-manager.ts';
import { relabel } from '../../scrape/relabel.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import type { AlertChartRequest } from '../protocol.ts';
import type { Cancellation, QueryService } from './query-service.ts';

const HOUR_MS = 3_600_000;
const RANGE_MS_MIN = HOUR_MS;
const RANGE_MS_MAX = 12 * HOUR_MS;
/** How often `for` fits into the picture, so that what led to the alert is seen. */
const FOR_TIMES = 4;
const STEPS = 240;
const STEP_MS_MIN = 1000;

export type ChartSources = {
  readonly rules: RuleManager;
  readonly queries: QueryService;
  /** What decides what alerts are called outside. */
  readonly naming: Pick<EngineConfig, 'externalLabels' | 'alertRelabelConfigs'>;
};

/** Null where no rule of ours has this name and expression, or it gives nothing for these alerts. */
export async function alertChart(
  { rules, queries, naming }: ChartSources,
  { alertname, query, alerts, atMs, timeoutMs }: AlertChartRequest,
  cancellation: Cancellation,
): Promise<AlertChart | null> {
  const rule = ruleOf(rules, alertname, query);
  if (rule === null || alerts.length === 0) return null;
  const own = new Set([METRIC_NAME, ...Object.keys(rule.labels)]);
  const isOf = belonging(rule, own, naming);
  const wanted = alerts.map(({ labels, ...times }): Wanted => ({ labels: Labels.fromSorted(labels), ...times }));
  const rangeMs = rangeOf(rule, wanted, atMs);
  const stepMs = Math.max(STEP_MS_MIN, Math.ceil(rangeMs / STEPS / 1000) * 1000);
  const steps: Steps = { fromMs: atMs - Math.floor(rangeMs / stepMs) * stepMs, toMs: atMs, stepMs };
  const run = (expr: Expr): Promise<readonly RangeSeries[]> => {
    const asked = { text: printExpr(expr), startMs: steps.fromMs, endMs: steps.toMs, stepMs };
    return queries.run(asked, { timeoutMs, lookbackDeltaMs: null, stats: 'none' }, cancellation, ({ value }) =>
      value.kind === 'matrix' ? value.series : [],
    );
  };
  const { value, threshold } = plotted(rule.expr);
  const matchers = matchersOf(wanted, own, naming);
  let chosen = chosenSeries(await run(narrowed(value, matchers)), wanted, isOf);
  // A label of the alert may come from the other side of the comparison.
  if (chosen.length === 0 && matchers.length > 0) chosen = chosenSeries(await run(value), wanted, isOf);
  if (chosen.length === 0) return null;
  const series = chosen.slice(0, CHART_SERIES_MAX).map(
    ({ found, alert }): ChartSeries => ({
      labels: found.labels.toRecord(),
      values: onSteps(found, steps),
      firesFromMs: alert.startsAt,
      firesUntilMs: alert.endsAt,
    }),
  );
  return {
    query: printExpr(value),
    fromMs: steps.fromMs,
    stepMs,
    series,
    omitted: chosen.length - series.length,
    threshold: threshold === null ? null : await thresholdOf(threshold, run, { wanted, isOf, steps }),
  };
}

type Wanted = { readonly labels: Labels; readonly startsAt: number; readonly endsAt: number | null };
/** Whether an element has raised the alert that is known outside by these labels. */
type IsOf = (element: Labels, alert: Labels) => boolean;
type Steps = { readonly fromMs: number; readonly toMs: number; readonly stepMs: number };

/** The expression tells rules of one name apart, and a rule of ours from an alert that only says that it is one's. */
function ruleOf({ groups }: RuleManager, alertname: string, query: string): AlertingRule | null {
  for (const { group } of groups)
    for (const rule of group.rules) if (rule.kind === 'alerting' && rule.name === alertname && printExpr(rule.expr) === query) return rule;
  return null;
}

/** An hour, or more where `for` is long or the alerts have fired for longer. */
function rangeOf({ forMs }: AlertingRule, wanted: readonly Wanted[], atMs: number): number {
  const firingMs = atMs - Math.min(...wanted.map(({ startsAt }) => startsAt));
  const led = forMs + RANGE_MS_MIN / 2;
  const wish = Math.max(RANGE_MS_MIN, forMs * FOR_TIMES, firingMs + led);
  // What began too long ago to be seen is no reason to squeeze the rest.
  return wish <= RANGE_MS_MAX ? wish : Math.min(RANGE_MS_MAX, Math.max(RANGE_MS_MIN, forMs * FOR_TIMES));
}

/**
 * What the elements of all these alerts have for labels. Labels that come from elsewhere are on no series: the rule's,
 * external ones, and any where relabelling may have changed them.
 */
function matchersOf(wanted: readonly Wanted[], own: ReadonlySet<string>, naming: ChartSources['naming']): readonly Matcher[] {
  if (naming.alertRelabelConfigs.length > 0) return [];
  const foreign = new Set(['alertname', ...own, ...Object.keys(naming.externalLabels)]);
  const names = [...(wanted[0]?.labels ?? Labels.empty)].map(([name]) => name).filter((name) => !foreign.has(name));
  return names.flatMap((name) => {
    const values = [...new Set(wanted.map(({ labels }) => labels.get(name)))];
    if (values.includes('')) return [];
    const [first = ''] = values;
    const matcher = values.length === 1 ? equalMatcher(name, first) : makeMatcher(name, '=~', values.map(quoteMeta).join('|'));
    return 'error' in matcher ? [] : [matcher];
  });
}

/** Series of the alerts, in the alerts' order. */
function chosenSeries(
  all: readonly RangeSeries[],
  wanted: readonly Wanted[],
  isOf: IsOf,
): readonly { readonly found: RangeSeries; readonly alert: Wanted }[] {
  const left = new Set(all);
  const chosen: { found: RangeSeries; alert: Wanted }[] = [];
  for (const alert of wanted)
    for (const found of left) {
      if (!isOf(found.labels, alert.labels)) continue;
      left.delete(found);
      chosen.push({ found, alert });
    }
  return chosen;
}

/** A rule's labels lie over the element's, relabelling changes and takes away: what is left must agree. */
function belonging(rule: AlertingRule, own: ReadonlySet<string>, { alertRelabelConfigs }: ChartSources['naming']): IsOf {
  const outside = (element: Labels): Labels =>
    alertRelabelConfigs.length === 0
      ? element
      : (relabel(alertLabels(element, Object.entries(rule.labels), rule.name), alertRelabelConfigs) ?? element);
  return (element, alert) => {
    for (const [name, value] of outside(element)) {
      if (own.has(name)) continue;
      const there = alert.get(name);
      if (there !== '' && there !== value) return false;
    }
    return true;
  };
}

function onSteps({ timestamps, values, histograms }: RangeSeries, { fromMs, toMs, stepMs }: Steps): Float64Array {
  const out = new Float64Array(Math.round((toMs - fromMs) / stepMs) + 1).fill(Number.NaN);
  timestamps.forEach((at, i) => {
    if (histograms?.[i] == null) out[Math.round((at - fromMs) / stepMs)] = values[i] ?? Number.NaN;
  });
  return out;
}

/** Where the other side is a vector, its element for these alerts, if that is one. */
async function thresholdOf(
  { op, other }: NonNullable<Plotted['threshold']>,
  run: (expr: Expr) => Promise<readonly RangeSeries[]>,
  { wanted, isOf, steps }: { readonly wanted: readonly Wanted[]; readonly isOf: IsOf; readonly steps: Steps },
): Promise<ChartThreshold | null> {
  const all = await run(other);
  const found = all.length === 1 ? all : chosenSeries(all, wanted, isOf).map((one) => one.found);
  const [series] = found;
  return found.length === 1 && series !== undefined ? { op, values: onSteps(series, steps) } : null;
}
