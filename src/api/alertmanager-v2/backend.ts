/** What Alertmanager's API v2 needs of the process behind it: the router to read, steps of its keeper to write, and the configuration. */
import type { Incoming } from '../../alerts/ingest.ts';
import type { MatcherMode } from '../../alerts/matcher-text.ts';
import type { Received, Router } from '../../alerts/router.ts';
import type { SilenceId } from '../../alerts/router-state.ts';
import type { GroupView } from '../../alerts/router-view.ts';
import type { PostedSilence, PutSilence } from '../../alerts/silences.ts';
import type { Alert } from '../../model/alert.ts';
import type { Labels } from '../../model/labels.ts';
import type { UnixMs } from '../../model/time.ts';

export interface AlertmanagerBackend {
  /** As the router stands now. */
  router(): Pick<Router, 'alerts' | 'groups' | 'silences' | 'silence'>;
  /** Before all alerts are read: what would hold up everybody else is done first, in between others' work. */
  prepare(): Promise<void>;
  /** A text that is another one whenever that list may have changed, for any query; cheap to ask for. */
  viewTag(list: 'alerts' | 'groups' | 'silences'): string;
  /** These three are on disk when they are done. */
  receive(alerts: readonly Incoming[]): Promise<Received>;
  putSilence(silence: PostedSilence): Promise<PutSilence>;
  /** False: there is none with this id. */
  expireSilence(id: SilenceId, by: string): Promise<boolean>;
  /** Receivers of the live configuration in its order; labels without the `name` that every receiver has. */
  receivers(): readonly { readonly name: string; readonly labels: Labels }[];
  /** The end to show: that of an own rule's alert, null while it fires, is what Prometheus would send. */
  endsAtOf(alert: Alert): UnixMs;
  /** The labels of the group's route, rendered. */
  routeLabels(group: GroupView): Labels;
  /** How filters are read; follows --enable-feature. */
  readonly matcherMode: MatcherMode;
  /** Alertmanager's sections as written, secrets masked. */
  configYaml(): string;
  readonly version: string;
  readonly startedAt: UnixMs;
  now(): UnixMs;
}
