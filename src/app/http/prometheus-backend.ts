/** What stands behind the Prometheus API: the engine, by calls, and a few facts that control has. */
import type { Answer, Asker, PrometheusBackend } from '../../api/prometheus-v1/backend.ts';
import { formatDuration } from '../../model/duration.ts';
import type { App } from '../app.ts';
import { LabelsAnswers } from '../control/labels-answers.ts';
import type { CallName, EngineCalls } from '../protocol.ts';

/** Of the head, until there are blocks. */
const HEAD_HOURS = '6h';

/** `isOnStage`: in front of the engine's stage; nothing that is asked is real. */
export function prometheusBackend(app: App, isOnStage = false): PrometheusBackend {
  const { engine, options, ports } = app;
  const call = <Name extends CallName>(
    name: Name,
    takes: EngineCalls[Name]['takes'],
    asker: Asker | null = null,
  ): Promise<Answer<EngineCalls[Name]['gives']>> => engine.call(name, takes, { asker, isOnStage });
  const labels = isOnStage ? new LabelsAnswers() : app.labelsAnswers;
  return {
    instantQuery: (takes, asker) => call('instantQuery', takes, asker),
    rangeQuery: (takes, asker) => call('rangeQuery', takes, asker),
    formatQuery: (query) => call('formatQuery', { query }),
    parseQuery: (query) => call('parseQuery', { query }),
    series: (takes, asker) => call('series', takes, asker),
    labelNames: (takes, asker) => labels.find('labelNames', takes, () => call('labelNames', takes, asker)),
    labelValues: (takes, asker) => labels.find('labelValues', takes, () => call('labelValues', takes, asker)),
    federate: (request, asker) => call('federate', request, asker),
    write: (body) => engine.call('write', { body }, { transfer: [body.buffer as ArrayBuffer], isOnStage }),
    targets: () => call('targets', null),
    metadata: () => call('metadata', null),
    ruleGroups: () => call('ruleGroups', null),
    headStatus: (limit) => call('headStatus', { limit }),
    replay: () => ({ min: 0, max: engine.replay.bytesTotal, current: engine.replay.bytesRead, isReady: engine.isReady }),
    configYaml: () => app.config.prometheusYaml,
    runtime: () => ({
      startedAtMs: app.startedAt,
      reloadSucceeded: app.lastReload.isSuccess,
      lastConfigAtMs: app.lastReload.at,
      retention: options.storage.retentionMs === null ? HEAD_HOURS : formatDuration(options.storage.retentionMs),
      workingDirectory: ports.workingDirectory,
    }),
    flags: options.flags,
    version: options.version,
    remoteWriteEnabled: options.web.enableRemoteWriteReceiver,
    nowMs: () => ports.clock.now(),
  };
}
