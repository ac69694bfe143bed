/** What stands behind /-/… and the metrics endpoints. */
import type { ManagementBackend } from '../../api/management-backend.ts';
import type { App } from '../app.ts';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export function managementBackend(app: App, quit: () => void): ManagementBackend {
  const { engine, options, ports } = app;
  return {
    whyUnhealthy: async () => {
      const refusal = await app.keeper.checkWritable();
      return refusal === null
        ? null
        : `the state database cannot be written: ${refusal}; no notification goes out until it can (make room on the disk, or make ${options.dataDir} writable)`;
    },
    isReady: () => engine.isReady,
    reload: () => app.reload(),
    quit,
    enableLifecycle: options.web.enableLifecycle,
    metrics: async () => {
      await app.countOutbox();
      const [own, engines] = await Promise.all([ports.metrics.families(), engine.call('metrics', null)]);
      return { contentType: TEXT, text: await ports.exposition(engines.kind === 'gave' ? [own, engines.gives] : [own]) };
    },
    hostMetrics: async () => ({ contentType: TEXT, text: await ports.hostMetrics() }),
    version: options.version,
  };
}
