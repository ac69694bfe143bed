/**
 * All that the control thread and the engine thread say to each other. Values are plain data that structured clone
 * copies (classes do not cross: labels go as `Labels.flat`, secrets by config-wire.ts); query answers cross as the bytes
 * of their JSON, transferred. The same messages pass, cloned, when the engine runs inline (tests, simulation).
 *
 * Control calls, the engine answers by id. The engine tells; of what it tells only `evaluation` is answered, by
 * `committed`: a rule group does not evaluate again before its last evaluation is on disk, which bounds the queue.
 */
import type {
  ApiError,
  FederateRequest,
  HeadStatus,
  InstantQuery,
  RangeQuery,
  SeriesRequest,
  TargetMetadata,
  Targets,
  WireAnswer,
} from '../api/prometheus-v1/backend.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import type { AlertChart } from '../model/alert-chart.ts';
import type { MetricFamily } from '../platform/real/own-metrics.ts';
import type { AlertChange, RuleAlertRow } from '../rules/alert-state.ts';
import type { RuleGroupStatus } from '../rules/rule-manager.ts';
import type { LabelsState } from '../tsdb/tsdb.ts';

/** What went wrong, in the words and kinds of the Prometheus API. */
export type CallError = ApiError;

/** Every call, with what it takes and what it gives. */
export type EngineCalls = {
  /** Parses the rule files; nothing changes yet. Errors refuse the configuration. `config`: an EngineConfig as toWire gives it. */
  prepare: { readonly takes: { readonly config: unknown }; readonly gives: { readonly diagnostics: readonly Diagnostic[] } };
  /** Makes what was prepared last live. `restored` is what control has on disk of rule alerts; it is used for groups that are new to this engine. */
  apply: { readonly takes: { readonly restored: readonly RuleAlertRow[] }; readonly gives: null };
  instantQuery: { readonly takes: InstantQuery; readonly gives: WireAnswer };
  rangeQuery: { readonly takes: RangeQuery; readonly gives: WireAnswer };
  formatQuery: { readonly takes: { readonly query: string }; readonly gives: WireAnswer };
  parseQuery: { readonly takes: { readonly query: string }; readonly gives: WireAnswer };
  series: { readonly takes: SeriesRequest; readonly gives: WireAnswer };
  labelNames: { readonly takes: SeriesRequest; readonly gives: LabelsAnswer };
  labelValues: { readonly takes: SeriesRequest & { readonly name: string }; readonly gives: LabelsAnswer };
  /** A remote-write 1.0 body, still compressed. */
  write: { readonly takes: { readonly body: Uint8Array }; readonly gives: null };
  federate: { readonly takes: FederateRequest; readonly gives: WireAnswer };
  targets: { readonly takes: null; readonly gives: Targets };
  metadata: { readonly takes: null; readonly gives: readonly TargetMetadata[] };
  alertChart: { readonly takes: AlertChartRequest; readonly gives: AlertChart | null };
  ruleGroups: { readonly takes: null; readonly gives: readonly RuleGroupStatus[] };
  headStatus: { readonly takes: { readonly limit: number }; readonly gives: HeadStatus };
  /** No more calls will come that are on stage. */
  leaveStage: { readonly takes: null; readonly gives: null };
  /** Own metrics of the thread. */
  metrics: { readonly takes: null; readonly gives: readonly MetricFamily[] };
  /** Stops scraping and evaluating, flushes, closes files. */
  stop: { readonly takes: null; readonly gives: null };
};
export type CallName = keyof EngineCalls;

/** `holds`: what other ranges of time it answers as well, until there are other labels; null: none. */
export type LabelsAnswer = WireAnswer & { readonly holds: LabelsState | null };

/** One call, by its name, with what it takes. */
type CallOf<Names extends CallName> = { [Name in Names]: { readonly name: Name; readonly takes: EngineCalls[Name]['takes'] } }[Names];
/** What only asks, of series and their samples. */
export type ReadingCall = CallOf<'instantQuery' | 'rangeQuery' | 'formatQuery' | 'parseQuery' | 'series' | 'labelNames' | 'labelValues'>;
export type AnyCall = CallOf<CallName>;

/** Alerts that one rule has raised; a rule is known by its name and its expression as printed. */
export type AlertChartRequest = {
  readonly alertname: string;
  readonly query: string;
  /** Labels as they are known outside, flat. */
  readonly alerts: readonly { readonly labels: readonly string[]; readonly startsAt: number; readonly endsAt: number | null }[];
  readonly atMs: number;
  readonly timeoutMs: number;
};

export type ToEngine =
  /** On stage: a rehearsal; what it reads is made up, beside what is real, for the first that comes. */
  | ({ readonly kind: 'call'; readonly id: number; readonly isOnStage: boolean } & AnyCall)
  /** The caller has gone: the query may stop. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'committed'; readonly sequence: number };

export type ToControl =
  | { readonly kind: 'answer'; readonly id: number; readonly gives: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: CallError }
  | { readonly kind: 'replay'; readonly reading: string; readonly bytesRead: number; readonly bytesTotal: number; readonly samples: number }
  /** The head is replayed; calls are answered from now on. `notes` are for a human. */
  | { readonly kind: 'ready'; readonly notes: readonly string[] }
  | Evaluation
  /** Labels came or went since answers about them were given: those of an older version hold no longer. */
  | { readonly kind: 'labels'; readonly version: number }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | boolean | null | undefined>>;
    }
  /** The engine cannot go on (disk gone, BUG): it is about to end. */
  | { readonly kind: 'failed'; readonly message: string };

/** One evaluation of one rule group: what control must commit before the group runs again. */
export type Evaluation = {
  readonly kind: 'evaluation';
  readonly sequence: number;
  /** file;name */
  readonly groupKey: string;
  readonly at: number;
  /** For the endsAt that the API shows: evaluation time + 4 · max(interval, resend delay). */
  readonly intervalMs: number;
  /** Alerts as Prometheus would send them: external labels added, alert_relabel_configs applied, dropped ones absent. */
  readonly changes: readonly AlertChange[];
  readonly stored: readonly RuleAlertRow[];
  /** Ids of rows that are over. */
  readonly removed: readonly string[];
};
