/** What one boot of the application stands on: the machine's (serve.ts) or a simulated world's (tests). */
import type { Database } from '../db/database.ts';
import type { Rasterizer } from '../model/rasterizer.ts';
import type { Ports } from '../platform/ports.ts';
import type { MetricFamily } from '../platform/real/own-metrics.ts';
import type { EngineProcess } from '../platform/transport.ts';
import type { EngineOptions } from './engine/engine.ts';
import type { Metrics } from './metrics.ts';
import type { ToControl, ToEngine } from './protocol.ts';

export type AppPorts = Ports & {
  readonly metrics: Metrics;
  /** Draws the charts of notifications. */
  readonly rasterizer: Rasterizer;
  /** One exposition text of what the threads counted. */
  readonly exposition: (threads: readonly (readonly MetricFamily[])[]) => Promise<string>;
  readonly startEngine: (options: EngineOptions) => EngineProcess<ToEngine, ToControl>;
  /** Throws DatabaseError. */
  readonly openDatabase: (path: string) => Database;
  /** Takes the data directory for this process; rejects with LockError. */
  readonly lock: (dataDir: string, tsdbDir: string) => Promise<{ release(): void }>;
  /** The host's metrics as exposition text. */
  readonly hostMetrics: () => Promise<string>;
  /** Calls back when the wall clock jumps; returns how to stop watching. */
  readonly watchWallSteps: (onStep: (byMs: number) => void) => () => void;
  /** IANA name of the machine's zone. */
  readonly localZone: string;
  readonly hostname: string;
  readonly workingDirectory: string;
};
