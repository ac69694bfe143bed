/**
 * The chart of alerts that a rule of ours has raised: the rule's expression without its threshold over the last hour or
 * more, cut down to the series of these alerts. Cheap by design: a bounded number of steps, one time limit for the query,
 * slices like any other.
 */
import { type AlertChart, CHART_SERIES_MAX, type ChartSeries, type ChartThreshold } from '../../model/alert-chart.ts';
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import type { Expr } from '../../promql/ast.ts';
import type { RangeSeries } from '../../promql/evaluation.ts';
import { printExpr } from '../../promql/printer.ts';
import { type Plotted, plotted } from '../../rules/plotted.ts';
import type { AlertingRule } from '../../rules/rule-group.ts';
import type { RuleManager } from '../../rules/rule-manager.ts';
import type { AlertChartRequest } from '../protocol.ts';
import type { Cancellation, QueryService } from './query-service.ts';

const HOUR_MS = 3_600_000;
const RANGE_MS_MIN = HOUR_MS;
const RANGE_MS_MAX = 12 * HOUR_MS;
/** How often `for` fits into the picture, so that what led to the alert is seen. */
const FOR_TIMES = 4;
const STEPS = 240;
const STEP_MS_MIN = 1000;

/** Null where no rule of ours has this name and expression, or it gives nothing for these alerts. */
export async function alertChart(
  rules: RuleManager,
  queries: QueryService,
  { alertname, query, alerts, atMs, timeoutMs }: AlertChartRequest,
  cancellation: Cancellation,
): Promise<AlertChart | null> {
  const rule = ruleOf(rules, alertname, query);
  if (rule === null || alerts.length === 0) return null;
  const own = new Set([METRIC_NAME, ...Object.keys(rule.labels)]);
  const wanted = alerts.map(({ labels, ...times }): Wanted => ({ labels: Labels.fromSorted(labels), ...times }));
  const rangeMs = rangeOf(rule, wanted, atMs);
  const stepMs = Math.max(STEP_MS_MIN, Math.ceil(rangeMs / STEPS / 1000) * 1000);
  const steps: Steps = { fromMs: atMs - Math.floor(rangeMs / stepMs) * stepMs, toMs: atMs, stepMs };
  const run = async (expr: Expr): Promise<readonly RangeSeries[]> => {
    const asked = { text: printExpr(expr), startMs: steps.fromMs, endMs: steps.toMs, stepMs };
    const { value } = await queries.run(asked, { timeoutMs, lookbackDeltaMs: null }, cancellation);
    return value.kind === 'matrix' ? value.series : [];
  };
  const { value, threshold } = plotted(rule.expr);
  const chosen = chosenSeries(await run(value), wanted, own);
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
    threshold: threshold === null ? null : await thresholdOf(threshold, run, { wanted, own, steps }),
  };
}

type Wanted = { readonly labels: Labels; readonly startsAt: number; readonly endsAt: number | null };
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

/** Series of the alerts, in the alerts' order. */
function chosenSeries(
  all: readonly RangeSeries[],
  wanted: readonly Wanted[],
  own: ReadonlySet<string>,
): readonly { readonly found: RangeSeries; readonly alert: Wanted }[] {
  const left = new Set(all);
  const chosen: { found: RangeSeries; alert: Wanted }[] = [];
  for (const alert of wanted)
    for (const found of left) {
      if (!isOf(found.labels, alert.labels, own)) continue;
      left.delete(found);
      chosen.push({ found, alert });
    }
  return chosen;
}

/** A rule's labels lie over the element's, relabelling may have taken labels away: what is left must agree. */
function isOf(element: Labels, alert: Labels, own: ReadonlySet<string>): boolean {
  for (const [name, value] of element) {
    if (own.has(name)) continue;
    const there = alert.get(name);
    if (there !== '' && there !== value) return false;
  }
  return true;
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
  { wanted, own, steps }: { readonly wanted: readonly Wanted[]; readonly own: ReadonlySet<string>; readonly steps: Steps },
): Promise<ChartThreshold | null> {
  const all = await run(other);
  const found = all.length === 1 ? all : chosenSeries(all, wanted, own).map((one) => one.found);
  const [series] = found;
  return found.length === 1 && series !== undefined ? { op, values: onSteps(series, steps) } : null;
}
