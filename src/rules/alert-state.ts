/**
 * What an alerting rule says of its alerts after an evaluation. Plain data: it crosses to the control thread, which
 * commits it in the transaction of the alerts, events and notifications that it causes, and hands the rows back after
 * a start, so that `for`, `keep_firing_for` and what fired survive any stop exactly.
 */
import type { ResolveReason } from '../model/alert.ts';

/** An alert that is pending or firing, as kept on disk. */
export type RuleAlertRow = {
  /** Names this alert from its first evaluation to its end, also when its rule moves or is rewritten meanwhile. */
  readonly id: string;
  /** file;name */
  readonly groupKey: string;
  readonly ruleName: string;
  /** Number of the rule among those of its name in the group. */
  readonly ruleOrdinal: number;
  /** Labels.flat: element labels, rule labels and alertname; without external labels. */
  readonly labels: readonly string[];
  /** As the router was told last; of a pending alert those it began with. */
  readonly annotations: readonly string[];
  readonly state: 'pending' | 'firing';
  readonly activeAt: number;
  readonly firedAt: number | null;
  readonly keepFiringSince: number | null;
  readonly value: number;
};

/** An alert that the router must know of, as Prometheus would send it; only on change. */
export type AlertChange = {
  readonly kind: 'firing' | 'resolved';
  /** Id of the RuleAlertRow that it belongs to. */
  readonly id: string;
  /** After external labels and alert relabelling. */
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly generatorUrl: string;
  readonly startsAt: number;
  /** When it resolved; null while firing. */
  readonly endsAt: number | null;
  readonly reason: ResolveReason | null;
};
