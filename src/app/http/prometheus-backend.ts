/** What stands behind the Prometheus API: the engine, by calls, and a few facts that control has. */
import type { Answer, Asker, PrometheusBackend, WireAnswer } from '../../api/prometheus-v1/backend.ts';
import { formatDuration } from '../../model/duration.ts';
import type { App } from '../app.ts';
import type { CallName, EngineCalls, ReadingCall } from '../protocol.ts';

/** Of the head, until there are blocks. */
const HEAD_HOURS = '6h';

type Reading = (call: ReadingCall, asker?: Asker) => Promise<Answer<WireAnswer>>;

export function prometheusBackend(app: App): PrometheusBackend {
  return backendOf(app, ({ name, takes }, asker) => app.engine.call(name, takes, asker === undefined ? {} : { asker }));
}

/** The same in front of the engine's stage: nothing that is asked is real. */
export function rehearsalBackend(app: App): PrometheusBackend {
  return backendOf(app, async (call, asker) => {
    const answer = await app.engine.call('rehearse', call, asker === undefined ? {} : { asker });
    return answer.kind === 'refused' ? answer : { kind: 'gave', gives: answer.gives ?? neverNothing() };
  });
}

function backendOf(app: App, read: Reading): PrometheusBackend {
  const { engine, options, ports } = app;
  const call = <Name extends CallName>(
    name: Name,
    takes: EngineCalls[Name]['takes'],
    asker?: Asker,
  ): Promise<Answer<EngineCalls[Name]['gives']>> => engine.call(name, takes, asker === undefined ? {} : { asker });
  return {
    instantQuery: (takes, asker) => read({ name: 'instantQuery', takes }, asker),
    rangeQuery: (takes, asker) => read({ name: 'rangeQuery', takes }, asker),
    formatQuery: (query) => read({ name: 'formatQuery', takes: { query } }),
    parseQuery: (query) => read({ name: 'parseQuery', takes: { query } }),
    series: (takes, asker) => read({ name: 'series', takes }, asker),
    labelNames: (takes, asker) => read({ name: 'labelNames', takes }, asker),
    labelValues: (takes, asker) => read({ name: 'labelValues', takes }, asker),
    federate: (request, asker) => call('federate', request, asker),
    write: (body) => engine.call('write', { body }, { transfer: [body.buffer as ArrayBuffer] }),
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

function neverNothing(): never {
  throw new Error('BUG: a rehearsed call was answered with nothing');
}
