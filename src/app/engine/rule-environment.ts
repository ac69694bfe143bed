/** Gives rules what they need of the engine: queries, templates, the names and links that alerts carry outside. */
import { Labels } from '../../model/labels.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { printHistogram } from '../../promql/histogram/histogram-text.ts';
import { printExpr } from '../../promql/printer.ts';
import type { EvaluationReport, RuleEnvironment } from '../../rules/rule-ports.ts';
import { relabel } from '../../scrape/relabel.ts';
import { alertExpander } from '../../template/alert-template.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import type { QueryService } from './query-service.ts';
import { Pacer } from './slicing.ts';

/** What decides what alerts are called outside. */
type NamingConfig = Pick<EngineConfig, 'externalLabels' | 'externalUrl' | 'alertRelabelConfigs'>;

export function ruleEnvironment(options: {
  readonly queries: QueryService;
  readonly config: () => NamingConfig | null;
  readonly resendDelayMs: DurationMs;
  readonly report: (report: EvaluationReport) => Promise<void>;
}): RuleEnvironment {
  const { queries, resendDelayMs, report } = options;
  const pacer = new Pacer(queries.clock);
  const config = (): NamingConfig => {
    const current = options.config();
    if (current === null) throw new Error('BUG: rules run without a configuration');
    return current;
  };
  let named: { readonly config: NamingConfig; readonly externalLabels: Labels } | null = null;
  const externalLabels = (): Labels => {
    const current = config();
    if (named?.config !== current) named = { config: current, externalLabels: Labels.of(current.externalLabels) };
    return named.externalLabels;
  };
  return {
    lookbackDeltaMs: durationMs(queries.lookbackDeltaMs),
    resendDelayMs,
    query: (expr, at) => queries.runRule(expr, at),
    expander: (element, at) =>
      alertExpander({
        labels: element.labels,
        value: element.value,
        ...(element.histogram === null ? {} : { histogram: printHistogram(element.histogram) }),
        at,
        externalLabels: externalLabels(),
        externalUrl: config().externalUrl,
        query: (text) => queries.runInTemplate(text, at),
      }),
    outgoing: (labels) => {
      const added = [...externalLabels()].filter(([name]) => !labels.has(name));
      return relabel(added.length === 0 ? labels : labels.with(added), config().alertRelabelConfigs);
    },
    generatorUrl: (expr) => `${config().externalUrl}/graph?g0.expr=${encodeURIComponent(printExpr(expr)).replaceAll('%20', '+')}&g0.tab=1`,
    pause: () => pacer.pause(),
    report,
  };
}
