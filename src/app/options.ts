/** How the process was started: the command line, decoded. What a configuration file says is elsewhere. */
import type { DurationMs } from '../model/time.ts';

export type ListenAddress = { readonly host: string; readonly port: number };

export type AppOptions = {
  readonly version: string;
  readonly configFiles: readonly string[];
  /** Holds state.db, and tsdb/ unless `tsdbDir` says otherwise. */
  readonly dataDir: string;
  readonly tsdbDir: string;
  readonly web: {
    readonly listen: readonly ListenAddress[];
    /** As given; null: made from the first listen address. */
    readonly externalUrl: string | null;
    /** As given; null: the path of the external URL. */
    readonly routePrefix: string | null;
    readonly configFile: string | null;
    readonly enableLifecycle: boolean;
    readonly enableRemoteWriteReceiver: boolean;
    readonly enableAdminApi: boolean;
    readonly allowAnonymous: boolean;
    readonly corsOrigin: string;
    /** Simultaneous GETs of the Alertmanager API; 0: max(processors, 8). */
    readonly getConcurrency: number;
    readonly pageTitle: string;
  };
  readonly query: {
    readonly lookbackDeltaMs: DurationMs;
    readonly timeoutMs: DurationMs;
    readonly concurrencyMax: number;
    readonly samplesMax: number;
  };
  readonly rules: { readonly resendDelayMs: DurationMs };
  readonly storage: { readonly retentionMs: DurationMs | null; readonly retentionBytes: number | null; readonly walSegmentBytes: number };
  readonly alerts: {
    /** How long log entries and expired silences are kept. */
    readonly retentionMs: DurationMs;
    readonly gcIntervalMs: DurationMs;
    readonly perAlertnameLimit: number;
    readonly silencesMax: number;
    readonly silenceBytesMax: number;
    readonly startDelayMs: DurationMs;
  };
  readonly features: readonly string[];
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'logfmt' | 'json' };
  /** Every flag with its value as text, for /api/v1/status/flags. */
  readonly flags: Readonly<Record<string, string>>;
  /** For a human: flags taken but without effect. */
  readonly notes: readonly string[];
};
