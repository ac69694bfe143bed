/** Gives rules what they need of the engine: queries, templates, the names and links that alerts carry outside. */
import { Labels } from '../../model/labels.ts';
import { printExpr } from '../../promql/printer.ts';
import type { EvaluationReport, RuleEnvironment } from '../../rules/rule-ports.ts';
import { relabel } from '../../scrape/relabel.ts';
import { expandAlertTemplate } from '../../template/alert-template.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import type { QueryService } from './query-service.ts';

export function ruleEnvironment(options: {
  readonly queries: QueryService;
  readonly config: () => EngineConfig | null;
  readonly report: (report: EvaluationReport) => Promise<void>;
}): RuleEnvironment {
  const { queries, report } = options;
  const config = (): EngineConfig => {
    const current = options.config();
    if (current === null) throw new Error('BUG: rules run without a configuration');
    return current;
  };
  return {
    query: (expr, at) => queries.runRule(expr, at),
    expand: (template, { alertname, labels, value, at }) =>
      expandAlertTemplate(template, {
        name: alertname,
        labels,
        value,
        at,
        externalLabels: Labels.of(config().externalLabels),
        externalUrl: config().externalUrl,
        query: (text) => queries.runInTemplate(text, at),
      }),
    outgoing: (labels) => {
      const { externalLabels, alertRelabelConfigs } = config();
      const added = Object.entries(externalLabels).filter(([name]) => !labels.has(name));
      return relabel(labels.with(added), alertRelabelConfigs);
    },
    generatorUrl: (expr) => `${config().externalUrl}/graph?g0.expr=${encodeURIComponent(printExpr(expr)).replaceAll('%20', '+')}&g0.tab=1`,
    report,
  };
}
