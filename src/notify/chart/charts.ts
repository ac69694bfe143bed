/** The chart of a notification, as integrations are given it. Who makes it sees to it that it delays nothing for long. */
import type { UnixMs } from '../../model/time.ts';
import type { NotificationAlert } from '../../template/alertmanager-data.ts';

export type ChartImage = {
  /** The values in words: `rate(x[5m]): now 0.9, threshold 0.5, firing since 10:02 UTC`. */
  readonly caption: string;
  /** Null where this machine can make no picture. */
  readonly png: Uint8Array | null;
  /** Of one css pixel each; the picture has more, for sharp screens. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The expression's page. */
  readonly link: string;
};

export interface Charts {
  /** Of what raised these alerts, up to `at`. Null: not raised by rules of ours, or not made in time. Never rejects. */
  chartOf(alerts: readonly NotificationAlert[], at: UnixMs): Promise<ChartImage | null>;
}

export const NO_CHARTS: Charts = { chartOf: () => Promise.resolve(null) };
