/** Alertmanager's template tables: functions, built-in templates, template data, deep copies and truncation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf } from '../../../src/model/fingerprint.ts';
import { Labels } from '../../../src/model/labels.ts';
import { type UnixMs, unixMs } from '../../../src/model/time.ts';
import { type NotificationData, type NotificationStatus, notificationData } from '../../../src/template/alertmanager-data.ts';
import { type PlainValue, renderDeep } from '../../../src/template/deep-render.ts';
import { parseNotificationTemplates } from '../../../src/template/notification-templates.ts';
import { truncateBytes, truncateRunes } from '../../../src/template/truncate.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Strings = Readonly<Record<string, string>>;

type WebhookData = {
  readonly receiver?: string;
  readonly status?: NotificationStatus;
  readonly externalURL?: string;
  readonly notification_reason?: string;
  readonly groupLabels?: Strings;
  readonly commonLabels?: Strings;
  readonly commonAnnotations?: Strings;
  readonly routeLabels?: Strings;
  readonly alerts?: readonly {
    readonly status: NotificationStatus;
    readonly labels: Strings;
    readonly annotations: Strings;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
};

type Rendering = {
  readonly id: string;
  readonly text: string;
  readonly mode?: 'text' | 'html';
  readonly data: string;
  readonly output?: string;
  readonly error?: boolean | string;
};
type RenderingTable = { readonly data: Readonly<Record<string, WebhookData>>; readonly cases: readonly Rendering[] };

type DataCase = { readonly id: string } & (
  | {
      readonly receiver: string;
      readonly group_labels: Strings;
      readonly route_labels?: Strings;
      readonly alerts: readonly { readonly labels: Strings; readonly annotations: Strings; readonly firing: boolean }[];
      readonly expect: Readonly<Record<string, unknown>>;
    }
  | { readonly kv: Strings; readonly remove?: readonly string[]; readonly sorted_names: readonly string[]; readonly string?: string }
  | { readonly deep_copy: PlainValue; readonly suffix: string; readonly out: PlainValue }
);

type Truncation = {
  readonly id: string;
  readonly kind: 'runes' | 'bytes';
  readonly in: string;
  readonly n: number;
  readonly out: string;
  readonly truncated: boolean;
};

const NOW = unixMs(Date.parse('2024-01-02T05:00:00Z'));

const parsed = parseNotificationTemplates([]);
if ('diagnostics' in parsed) throw new Error(parsed.diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
const templates = parsed;

export const run: KindRunner = async (dir) => {
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(dir, file), 'utf8')) as T;
  const defaults = read<RenderingTable>('defaults.json');
  const functions = read<RenderingTable>('functions.json');
  const data = { ...defaults.data, ...functions.data };
  const results: CaseResult[] = [];
  for (const entry of [...functions.cases, ...defaults.cases]) results.push(await rendering(entry, data[entry.data] ?? {}));
  for (const entry of read<{ readonly cases: readonly DataCase[] }>('data.json').cases) results.push(await dataCase(entry));
  for (const entry of read<{ readonly cases: readonly Truncation[] }>('truncate.json').cases) {
    const expected = { text: entry.out, isTruncated: entry.truncated };
    results.push(await checkCase(entry.id, expected, () => (entry.kind === 'runes' ? truncateRunes : truncateBytes)(entry.in, entry.n)));
  }
  return results;
};

async function rendering(entry: Rendering, data: WebhookData): Promise<CaseResult> {
  const renderer = templates.renderer(notification(data), NOW);
  const expected = entry.error === undefined ? { text: entry.output } : { error: entry.error };
  return checkCase(entry.id, expected, () => {
    const result = entry.mode === 'html' ? renderer.html(entry.text) : renderer.text(entry.text);
    // The outputs were recorded line by line, so that a last line break is not in them.
    if (!('error' in result)) return { text: result.text.replace(/\n$/, '') };
    if (typeof entry.error === 'string' && result.error.includes(entry.error)) return { error: entry.error };
    return { error: entry.error === true ? true : result.error };
  });
}

function notification(data: WebhookData): NotificationData {
  return {
    receiver: data.receiver ?? '',
    status: data.status ?? 'resolved',
    notificationReason: data.notification_reason ?? '',
    externalUrl: data.externalURL ?? '',
    groupLabels: Labels.of(data.groupLabels ?? {}),
    commonLabels: Labels.of(data.commonLabels ?? {}),
    commonAnnotations: Labels.of(data.commonAnnotations ?? {}),
    routeLabels: Labels.of(data.routeLabels ?? {}),
    routeLabelsAreRendered: false,
    alerts: (data.alerts ?? []).map((alert) => ({
      status: alert.status,
      labels: Labels.of(alert.labels),
      annotations: Labels.of(alert.annotations),
      startsAt: instant(alert.startsAt),
      endsAt: alert.endsAt.startsWith('0001-') ? null : instant(alert.endsAt),
      generatorUrl: alert.generatorURL,
      fingerprint: alert.fingerprint,
    })),
  };
}

const instant = (text: string): UnixMs => unixMs(Date.parse(text));

async function dataCase(entry: DataCase): Promise<CaseResult> {
  if ('deep_copy' in entry) {
    return checkCase(entry.id, { value: entry.out }, () => renderDeep(entry.deep_copy, (text) => ({ text: text + entry.suffix })));
  }
  if ('kv' in entry) {
    const expected = { names: entry.sorted_names, string: entry.string };
    return checkCase(entry.id, expected, () => {
      const data = notification({ commonLabels: entry.kv });
      const kv =
        entry.remove === undefined
          ? '.CommonLabels'
          : `(.CommonLabels.Remove (stringSlice ${entry.remove.map((name) => `"${name}"`).join(' ')}))`;
      const renderer = templates.renderer(data, NOW);
      const names = renderer.text(`{{ toJson ${kv}.SortedPairs.Names }}`);
      const string = renderer.text(`{{ ${kv}.String }}`);
      if ('error' in names || 'error' in string) return { names, string };
      return { names: JSON.parse(names.text), string: entry.string === undefined ? undefined : string.text };
    });
  }
  return checkCase(entry.id, entry.expect, () => {
    const data = notificationData({
      receiver: entry.receiver,
      groupLabels: Labels.of(entry.group_labels),
      routeLabels: Labels.of(entry.route_labels ?? {}),
      routeLabelsAreRendered: false,
      notificationReason: '',
      externalUrl: '',
      now: NOW,
      alerts: entry.alerts.map(({ labels, annotations, firing }) => ({
        fingerprint: fingerprintOf(Labels.of(labels)),
        labels: Labels.of(labels),
        annotations: Labels.of(annotations),
        startsAt: unixMs(NOW - 120_000),
        endsAt: firing ? null : unixMs(NOW - 60_000),
        generatorUrl: '',
      })),
    });
    const shown: Readonly<Record<string, unknown>> = {
      receiver: data.receiver,
      status: data.status,
      alerts: data.alerts,
      groupLabels: data.groupLabels.toRecord(),
      commonLabels: data.commonLabels.toRecord(),
      commonAnnotations: data.commonAnnotations.toRecord(),
      routeLabels: data.routeLabels.toRecord(),
      fingerprints: data.alerts.map((alert) => alert.fingerprint),
      alert_status: data.alerts.map((alert) => alert.status),
    };
    return Object.fromEntries(Object.keys(entry.expect).map((key) => [key, shown[key]]));
  });
}
