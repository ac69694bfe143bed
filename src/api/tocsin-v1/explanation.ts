/**
 * Why somebody was paged, or was not: one tree from the sample to the provider's answer. Plain data, the JSON of
 * GET /api/tocsin/v1/explain as it stands; instants are RFC 3339. The verdict is the cause, in one line.
 */
export type Explanation = {
  readonly subject: Readonly<Record<string, string>>;
  /** Whether the router knows an alert with these labels, a rule has one of that name, or they were only asked for. */
  readonly subjectKind: 'alert' | 'rule' | 'hypothetical';
  readonly at: string;
  /** The verdict as a word for programs. */
  readonly cause: ExplanationCause;
  readonly verdict: string;
  /** What limits this answer. */
  readonly notes: readonly string[];
  readonly stages: readonly ExplanationStage[];
  /** Further alerts that the query matches. */
  readonly others: readonly Readonly<Record<string, string>>[];
};

export type ExplanationStage = {
  readonly stage: 'sample' | 'ingest' | 'route' | 'group' | 'inhibit' | 'silence' | 'mute' | 'dedup' | 'deliver';
  readonly verdict: 'passed' | 'stopped' | 'waiting' | 'unknown';
  readonly reason: string;
  /** Since when, or when it was decided. */
  readonly at: string | null;
  readonly details: readonly string[];
  /** What happens within a group. */
  readonly stages: readonly ExplanationStage[];
};

export type ExplanationCause =
  // No alert.
  | 'unknown_alert'
  | 'threshold_not_reached'
  | 'no_data'
  | 'target_down'
  | 'rule_error'
  | 'rule_removed'
  | 'pending'
  | 'relabelled_away'
  | 'alertname_limit'
  // An alert, held back.
  | 'inhibited'
  | 'muted'
  | 'outside_active_interval'
  | 'silenced'
  | 'waiting_for_flush'
  | 'receiver_empty'
  | 'receiver_failing'
  | 'cancelled'
  | 'unchanged'
  | 'acknowledged'
  | 'send_resolved_off'
  | 'resolved_unheard'
  // Told, or about to be.
  | 'in_flight'
  | 'sent'
  | 'resolve_sent';
