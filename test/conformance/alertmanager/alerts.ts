/** alertmanager/alerts: fingerprints, merging, order, deduplication, what a post does. */
import { compareAlerts } from '../../../src/alerts/alert-order.ts';
import { continues, mergeVersions } from '../../../src/alerts/ingest.ts';
import { reasonToNotify } from '../../../src/alerts/notification-log.ts';
import { fingerprintOf } from '../../../src/model/fingerprint.ts';
import { Labels } from '../../../src/model/labels.ts';
import { type UnixMs, unixMs } from '../../../src/model/time.ts';
import { apiV2, TestAlertmanager } from '../../support/test-alertmanager.ts';
import type { KindRunner } from '../kind.ts';
import { checkTable } from './table.ts';

type Strings = Readonly<Record<string, string>>;
type FingerprintCase = { readonly labels: Strings; readonly fingerprint: string };
type Version = { readonly start: number; readonly end: number; readonly updated: number; readonly timeout: boolean };
type MergeCase = { readonly a: Version; readonly b: Version; readonly result: Version };
type Span = { readonly start: number; readonly end: number };
type OverlapCase = { readonly old: Span; readonly new: Span; readonly merge: boolean };
type SortCase = { readonly input: readonly Strings[]; readonly order: readonly number[] };
type DedupCase = {
  readonly log_entry: {
    readonly firing: readonly number[];
    readonly resolved: readonly number[];
    readonly age_seconds: number | null;
  } | null;
  readonly firing: readonly number[];
  readonly resolved: readonly number[];
  readonly repeat_interval_s: number;
  readonly send_resolved: boolean;
  readonly notify: boolean;
  readonly reason: string;
};
type Posted = { readonly labels: Strings; readonly annotations?: Strings; readonly startsAt_s?: number; readonly endsAt_s?: number };
type PostCase = {
  readonly alert?: Posted;
  readonly batch?: readonly Posted[];
  /** Sent as it is. */
  readonly raw_body?: string;
  readonly mode?: 'classic';
  readonly http: number;
  readonly body_substring?: string;
};

const NOW = 1_700_000_000;
const at = (seconds: number): UnixMs => unixMs((NOW + seconds) * 1000);

const version = ({ start, end, updated, timeout }: Version) => ({
  startsAt: at(start),
  endsAt: at(end),
  updatedAt: at(updated),
  isTimeout: timeout,
  resolveReason: null,
});

export const run: KindRunner = async (dir) => [
  ...(await checkTable<FingerprintCase>(dir, 'fingerprint.json', (item) => ({
    expected: item.fingerprint,
    run: () => fingerprintOf(Labels.of(item.labels)),
  }))),
  ...(await checkTable<MergeCase>(dir, 'merge.json', (item) => ({
    expected: [version(item.result), version(item.result)],
    run: () => [mergeVersions(version(item.a), version(item.b), at(0)), mergeVersions(version(item.b), version(item.a), at(0))],
  }))),
  ...(await checkTable<OverlapCase>(dir, 'overlap.json', (item) => ({
    expected: item.merge,
    run: () =>
      continues({ startsAt: at(item.old.start), endsAt: at(item.old.end) }, { startsAt: at(item.new.start), endsAt: at(item.new.end) }),
  }))),
  ...(await checkTable<SortCase>(dir, 'sort.json', (item) => ({
    expected: item.order,
    run: () => {
      const labels = item.input.map((labels) => Labels.of(labels));
      return labels.toSorted(compareAlerts).map((one) => labels.indexOf(one));
    },
  }))),
  ...(await checkTable<DedupCase>(dir, 'dedup.json', (item) => ({
    expected: { notify: item.notify, reason: item.reason },
    run: () => {
      const entry = item.log_entry && {
        at: item.log_entry.age_seconds === null ? unixMs(0) : at(-item.log_entry.age_seconds),
        firing: new Set(item.log_entry.firing),
        resolved: new Set(item.log_entry.resolved),
      };
      const { firing, resolved, send_resolved: sendResolved } = item;
      const reason = reasonToNotify(entry, { firing, resolved, sendResolved, repeatIntervalMs: item.repeat_interval_s * 1000 }, at(0));
      return { notify: reason !== null, reason: reason ?? 'none' };
    },
  }))),
  ...(await checkTable<PostCase>(dir, 'post.json', (item) => ({
    expected: { status: item.http, body: item.body_substring ?? null },
    run: () => posted(item),
  }))),
];

/** Posts over HTTP; what is stored is what is valid, whatever the answer. */
async function posted(item: PostCase): Promise<unknown> {
  const backend = new TestAlertmanager({ labelNames: item.mode ?? 'utf8' });
  const send = apiV2(backend);
  const time = (seconds: number): string => new Date(backend.at + seconds * 1000).toISOString();
  const alerts = item.batch ?? (item.alert === undefined ? [] : [item.alert]);
  const body = alerts.map(({ startsAt_s, endsAt_s, ...alert }) => ({
    ...alert,
    ...(startsAt_s !== undefined && { startsAt: time(startsAt_s) }),
    ...(endsAt_s !== undefined && { endsAt: time(endsAt_s) }),
  }));
  const { status, text } = await send('POST', '/alerts', item.raw_body ?? body);
  const part = item.body_substring;
  return { status, body: part === undefined ? null : text.includes(part) ? part : text };
}
