/** The providers there are, by kind of discovery. */
import { type FileDiscoveryPorts, FileProvider } from './file-discovery.ts';
import type { OpenProvider } from './target-provider.ts';

export type DiscoveryPorts = FileDiscoveryPorts;

export const providers =
  (ports: DiscoveryPorts): OpenProvider =>
  (config, sink) =>
    config.kind === 'file' ? new FileProvider(config, sink, ports) : null;
