/** What the management endpoints (/-/…, /metrics) need of the process behind them. */

/** A text exposition of metrics, with its content type. */
export type Exposition = { readonly contentType: string; readonly text: string };

export interface ManagementBackend {
  /** Why the process cannot do its work, in words; null: it can. */
  whyUnhealthy(): Promise<string | null>;
  /** Whether the engine answers queries: the WAL is replayed and the thread runs. */
  isReady(): boolean;
  reload(): Promise<{ readonly kind: 'applied' } | { readonly kind: 'refused'; readonly error: string }>;
  /** Begins to stop; the answer to the request still goes out. */
  quit(): void;
  /** --web.enable-lifecycle */
  readonly enableLifecycle: boolean;
  metrics(): Promise<Exposition>;
  /** The machine's, under node_exporter's names. */
  hostMetrics(): Promise<Exposition>;
  readonly version: string;
}
