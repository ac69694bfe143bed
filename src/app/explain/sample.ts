/**
 * The first part of an explanation: what a rule makes of its samples at an instant. The rule's expression is evaluated
 * anew; where it gives nothing, its parts are asked why: no data, a target that is down, a threshold that is not reached.
 * Of an instant that has passed only samples know: ALERTS and ALERTS_FOR_STATE say what was pending. Errors of a rule are
 * known of its last evaluation only.
 */
import type { ExplanationStage } from '../../api/tocsin-v1/explanation.ts';
import { formatDuration } from '../../model/duration.ts';
import { equalMatcher, type Matcher, matchesValue, printMatcher } from '../../model/matcher.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import type { Expr, VectorSelector } from '../../promql/ast.ts';
import { walkExpr } from '../../promql/ast-walk.ts';
import { parseExpr } from '../../promql/parser.ts';
import { printExpr } from '../../promql/printer.ts';
import { comparisonOf } from '../../rules/plotted.ts';
import type { RuleStatus } from '../../rules/rule-manager.ts';
import type { App } from '../app.ts';
import { parserOptions } from '../config/engine-config.ts';
import { type Finding, iso, stage } from './finding.ts';

type LabelRecord = Readonly<Record<string, string>>;
type Element = { readonly metric: LabelRecord; readonly value: readonly [seconds: number, value: string] };

/** What the samples say: the stage, and the cause where they alone are the reason that there is no alert. */
export type SampleFinding = { readonly stage: ExplanationStage; readonly finding: Finding | null };

/** How far back data that is gone is looked for. */
const SEARCH_MS = 6 * 3_600_000;
const SEARCH_STEP_MS = 15_000;
const VALUES_SHOWN_MAX = 3;

/** Labels that relabelling, external labels or the rule add are on no element: a matcher counts where the name is. */
const isOf = (labels: LabelRecord, matchers: readonly Matcher[]): boolean =>
  matchers.every((matcher) => labels[matcher.name] === undefined || matchesValue(matcher, labels[matcher.name] ?? ''));

/** `at`: null for now. `matchers`: what is known of the alert's labels. */
export async function sampleFinding(
  app: App,
  rule: RuleStatus,
  matchers: readonly Matcher[],
  { at, now }: { readonly at: UnixMs | null; readonly now: UnixMs },
): Promise<SampleFinding> {
  const atMs = at ?? now;
  const own = matchers.filter(({ name }) => name !== 'alertname');
  // The rule's own labels are laid over the elements'.
  const sampled = own.filter(({ name }) => rule.labels[name] === undefined);
  const elements = await instant(app, rule.query, atMs);
  const values = elements.kind === 'gave' ? elements.gives.filter(({ metric }) => isOf(metric, sampled)) : [];
  const head = [`rule ${rule.name}: ${rule.query}`];
  const shown = values.slice(0, VALUES_SHOWN_MAX).map(({ metric, value }) => `value ${value[1]} of ${printLabels(metric)}`);
  const details = [...head, ...(rule.forMs > 0 ? [`for: ${formatDuration(durationMs(rule.forMs))}`] : []), ...shown];
  const stopped = (finding: Finding, since: number | null = null): SampleFinding => ({
    stage: stage('sample', 'stopped', finding.verdict, { at: since, details }),
    finding,
  });
  if (at === null && rule.health === 'err')
    return stopped({ cause: 'rule_error', verdict: `no alert: rule ${rule.name} fails to evaluate: ${rule.lastError}` }, rule.evaluatedAt);
  const active = at === null ? activeNow(rule, own) : await activeAt(app, rule.name, own, at);
  if (active?.state === 'firing')
    return {
      stage: stage('sample', 'passed', `firing; the expression is true since ${iso(active.since)}`, { at: active.since, details }),
      finding: null,
    };
  if (active?.state === 'pending') {
    const dueAt = active.since + rule.forMs;
    const verdict = `not sent yet: pending since ${iso(active.since)}; fires at ${iso(dueAt)}, when "for: ${formatDuration(durationMs(rule.forMs))}" is over`;
    return { stage: stage('sample', 'waiting', verdict, { at: active.since, details }), finding: { cause: 'pending', verdict } };
  }
  if (elements.kind === 'refused')
    return stopped({ cause: 'rule_error', verdict: `no alert: the expression of rule ${rule.name} fails: ${elements.error}` });
  if (values.length > 0) {
    const verdict = `no alert yet: the expression of rule ${rule.name} gives a value, but no evaluation has seen it`;
    return { stage: stage('sample', 'waiting', verdict, { details }), finding: { cause: 'pending', verdict } };
  }
  return stopped(await whyNothing(app, rule, sampled, atMs));
}

function activeNow(
  rule: RuleStatus,
  matchers: readonly Matcher[],
): { readonly state: 'pending' | 'firing'; readonly since: number } | null {
  const mine = rule.alerts.filter(({ labels }) => isOf(labels, matchers));
  const found = mine.find(({ state }) => state === 'firing') ?? mine[0];
  return found === undefined ? null : { state: found.state, since: found.activeAt };
}

async function activeAt(
  app: App,
  name: string,
  matchers: readonly Matcher[],
  at: UnixMs,
): Promise<{ readonly state: 'pending' | 'firing'; readonly since: number } | null> {
  const selector = `{${printMatcher(equalMatcher('alertname', name))}}`;
  const [states, since] = await Promise.all([instant(app, `ALERTS${selector}`, at), instant(app, `ALERTS_FOR_STATE${selector}`, at)]);
  if (states.kind === 'refused' || since.kind === 'refused') return null;
  const mine = states.gives.filter(({ metric }) => isOf(metric, matchers));
  const found = mine.find(({ metric }) => metric['alertstate'] === 'firing') ?? mine[0];
  if (found === undefined) return null;
  const began = since.gives.find(({ metric }) => isOf(metric, matchers));
  return {
    state: found.metric['alertstate'] === 'firing' ? 'firing' : 'pending',
    since: began === undefined ? at : Number(began.value[1]) * 1000,
  };
}

/** The expression gives nothing for these labels: the first of its selectors without data is why, else a comparison. */
async function whyNothing(app: App, rule: RuleStatus, matchers: readonly Matcher[], atMs: number): Promise<Finding> {
  const parsed = parseExpr(rule.query, parserOptions(app.options.features));
  if ('errors' in parsed) throw new Error(`BUG: a rule that runs does not parse: ${rule.query}`);
  for (const [selector, text] of selectorsOf(parsed.expr)) {
    const data = await instant(app, text, atMs);
    if (data.kind === 'gave' && data.gives.some(({ metric }) => isOf(metric, matchers))) continue;
    return missing(app, rule, selector, matchers, atMs);
  }
  const comparison = comparisonOf(parsed.expr);
  if (comparison !== null) {
    const { value, other, op } = comparison;
    const reached = await instant(app, printExpr(value), atMs);
    const mine = reached.kind === 'gave' ? reached.gives.filter(({ metric }) => isOf(metric, matchers)) : [];
    const shown = mine.slice(0, VALUES_SHOWN_MAX).map(({ metric, value }) => `${value[1]} of ${printLabels(metric)}`);
    const more = mine.length > VALUES_SHOWN_MAX ? ` and ${mine.length - VALUES_SHOWN_MAX} more` : '';
    if (shown.length > 0)
      return {
        cause: 'threshold_not_reached',
        verdict: `no alert: the threshold of rule ${rule.name} is not reached: ${printExpr(value)} is ${shown.join(', ')}${more}, not ${op} ${printExpr(other)}`,
      };
  }
  return {
    cause: 'threshold_not_reached',
    verdict: `no alert: the condition of rule ${rule.name} is not met: ${rule.query} gives nothing, though there is data`,
  };
}

/** Selectors with the text to ask for them at an instant, in the order of the expression. */
function selectorsOf(root: Expr): ReadonlyMap<VectorSelector, string> {
  const found = new Map<VectorSelector, string>();
  walkExpr(root, (expr, path) => {
    const parent = path.at(-1);
    // What is tested for being absent gives nothing as long as it is there.
    const isAbsence = path.some((above) => above.kind === 'call' && above.func.name.startsWith('absent'));
    if (expr.kind !== 'selector' || isAbsence) return;
    found.set(expr, parent?.kind === 'matrix' ? `last_over_time(${printExpr(parent)})` : printExpr(expr));
  });
  return found;
}

/** Nothing matches the selector now: the target that once gave it may be down. */
async function missing(app: App, rule: RuleStatus, selector: VectorSelector, matchers: readonly Matcher[], atMs: number): Promise<Finding> {
  const text = `{${selector.matchers.map(printMatcher).join(',')}}`;
  const shownAs = printExpr(selector);
  const range = { fromMs: atMs - SEARCH_MS, toMs: atMs };
  const series = await app.engine.call('series', { ...range, selectors: [text], limit: 1000 });
  const known = series.kind === 'gave' ? (dataIn(series.gives.body) as readonly LabelRecord[]) : [];
  const gone = known.find((labels) => isOf(labels, matchers));
  if (gone === undefined)
    return { cause: 'no_data', verdict: `no alert: no data for rule ${rule.name}: no series matches ${shownAs} in the last six hours` };
  const { job, instance } = gone;
  if (job !== undefined && instance !== undefined) {
    const since = await downSince(app, job, instance, range);
    if (since !== null) {
      const targets = await app.engine.call('targets', null);
      const target =
        targets.kind === 'gave'
          ? targets.gives.active.find(({ labels }) => labels['job'] === job && labels['instance'] === instance)
          : undefined;
      const error = target === undefined || target.lastError === '' ? '' : ` (${target.lastError})`;
      return {
        cause: 'target_down',
        verdict: `no alert: the expression of rule ${rule.name} gives nothing: target ${instance} of job ${job} is down since ${iso(since)}${error}, so ${shownAs} has no data`,
      };
    }
  }
  return { cause: 'no_data', verdict: `no alert: the expression of rule ${rule.name} gives nothing: ${shownAs} has no data any more` };
}

/** Since when the scrapes of a target have failed without a break; null: the last one has not. */
async function downSince(
  app: App,
  job: string,
  instance: string,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<number | null> {
  const query = `up{${printMatcher(equalMatcher('job', job))},${printMatcher(equalMatcher('instance', instance))}}`;
  const answer = await app.engine.call('rangeQuery', { ...range, ...LIMITS, query, stepMs: SEARCH_STEP_MS });
  if (answer.kind === 'refused') return null;
  const { result } = dataIn(answer.gives.body) as {
    readonly result: readonly { readonly values: readonly (readonly [seconds: number, value: string])[] }[];
  };
  let since: number | null = null;
  for (const [seconds, value] of result[0]?.values ?? []) since = value === '0' ? (since ?? seconds * 1000) : null;
  return since;
}

const LIMITS = { timeoutMs: null, lookbackDeltaMs: null, limit: 0, stats: 'none', warnings: [] } as const;

async function instant(
  app: App,
  query: string,
  atMs: number,
): Promise<{ readonly kind: 'gave'; readonly gives: readonly Element[] } | { readonly kind: 'refused'; readonly error: string }> {
  const answer = await app.engine.call('instantQuery', { ...LIMITS, query, atMs });
  if (answer.kind === 'refused') return { kind: 'refused', error: answer.error.message };
  const { resultType, result } = dataIn(answer.gives.body) as { readonly resultType: string; readonly result: unknown };
  // A scalar has no labels; a histogram no single value.
  if (resultType !== 'vector') return { kind: 'gave', gives: [{ metric: {}, value: result as Element['value'] }] };
  const elements = result as readonly (Omit<Element, 'value'> & { readonly value?: Element['value'] })[];
  return { kind: 'gave', gives: elements.map(({ metric, value }) => ({ metric, value: value ?? [atMs / 1000, 'a histogram'] })) };
}

const dataIn = (body: Uint8Array): unknown => (JSON.parse(new TextDecoder().decode(body)) as { readonly data: unknown }).data;

const printLabels = (labels: LabelRecord): string => {
  const { __name__: name = '', ...rest } = labels;
  return `${name}{${Object.entries(rest)
    .map(([label, value]) => printMatcher(equalMatcher(label, value)))
    .join(', ')}}`;
};
