/**
 * Alertmanager's sections as one value (alertmanager config/config.go Config). Without any of them everything goes to the
 * built-in inbox, so that Prometheus' files alone are enough to see what would be sent.
 */
import { type RoutingContext, routingSections } from '../../alerts/config.ts';
import type { InhibitRule } from '../../alerts/inhibit.ts';
import type { RouteConfig } from '../../alerts/route.ts';
import type { TimeInterval } from '../../alerts/time-interval.ts';
import { decode, type Fields, list, type ObjectDecoder, object } from '../../config/decode.ts';
import type { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { duration, path, string } from '../../config/scalars.ts';
import { namesIn, UniqueNames } from '../../config/unique-names.ts';
import { emptyMap, isNull, type YamlMap, type YamlNode } from '../../config/yaml-document.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { type DurationMs, durationMs } from '../../model/time.ts';
import { checkFallbacks, type FallbackUse, undefinedReceiver } from '../../notify/receiver-fallback.ts';
import { type ReceiverGlobals, receiverGlobals } from '../../notify/receiver-globals.ts';
import { type Receiver, receiverReader } from '../../notify/receivers.ts';
import type { NotificationTemplates } from '../../template/notification-templates.ts';
import { eventRecorder } from './event-recorder-config.ts';
import type { Ownership } from './merge.ts';
import { tracingConfig } from './tracing-config.ts';

export type AlertmanagerConfig = {
  readonly route: RouteConfig;
  readonly receivers: readonly Receiver[];
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: ReadonlyMap<string, readonly TimeInterval[]>;
  readonly resolveTimeoutMs: DurationMs;
  /** The receiver that is told when nobody else took a notification; null: there is none. */
  readonly lastResort: string | null;
  /** Where providers call back, if not at the external URL; '' where it is not given. */
  readonly callbackUrl: string;
};

const RESOLVE_TIMEOUT = durationMs(300_000);

/** What stands in where no file has anything of Alertmanager's: all to the inbox. */
export const INBOX_ONLY = 'route: {receiver: inbox, group_by: [alertname]}\nreceivers: [{name: inbox, inbox_configs: [{}]}]\n';

export type AlertmanagerContext = RoutingContext & { readonly templates: Pick<NotificationTemplates, 'check'> };

/** `templates:` alone, which are read before anything that uses them. Paths may hold `*`. */
export function templatePatterns(root: YamlMap, sink: DiagnosticSink): readonly string[] {
  const entry = root.entries.find(({ key }) => key.text === 'templates');
  return entry === undefined ? [] : decode(entry.value, list(path), sink);
}

/** The keys and fields that are Alertmanager's. */
export function alertmanagerOwnership(): Ownership {
  const keys = alertmanagerConfig({ matchers: 'fallback', localZone: 'UTC', templates: { check: () => null } }).fieldNames();
  return { keys: keys.filter((name) => name !== 'global' && name !== 'tracing'), globalFields: globalSection.fieldNames() };
}

/** The value is the user's only if the sink has no error at the end. */
export function readAlertmanagerConfig(root: YamlNode, context: AlertmanagerContext, sink: DiagnosticSink): AlertmanagerConfig {
  return decode(isNull(root) ? emptyMap(root.source) : root, alertmanagerConfig(context), sink);
}

function alertmanagerConfig(context: AlertmanagerContext): ObjectDecoder<AlertmanagerConfig> {
  return object('config.plain', (fields) => {
    const { resolveTimeoutMs, lastResort, ...globals } = fields.get('global', globalSection);
    fields.get('templates', list(path));
    const fallbacks: FallbackUse[] = [];
    const receivers = fields.get('receivers', list(receiverReader(globals, context.templates, fallbacks)));
    checkNames(fields);
    const names = receivers.map(({ name }) => name);
    checkFallbacks(fallbacks, names);
    if (lastResort !== null && !names.includes(lastResort.name))
      lastResort.fields.problem('last_resort', undefinedReceiver('the last resort is', lastResort.name, names));
    const { route, inhibitRules, timeIntervals } = routingSections(fields, names, context);
    fields.unsupported('tracing', tracingConfig, 'traces are not written yet');
    fields.unsupported('event_recorder', eventRecorder, 'the event log has every event');
    const { callbackUrl } = globals.twilio;
    return {
      route: route ?? NO_ROUTE,
      receivers,
      inhibitRules,
      timeIntervals,
      resolveTimeoutMs,
      lastResort: lastResort?.name ?? null,
      callbackUrl,
    };
  });
}

type GlobalSection = ReceiverGlobals & {
  readonly resolveTimeoutMs: DurationMs;
  /** With where it stands, as whether it exists is known later. */
  readonly lastResort: { readonly name: string; readonly fields: Fields } | null;
};

/** What is ours stands apart, so that Alertmanager's own fields stay its own. */
const ownGlobals = object('tocsin', (fields) => {
  const name = fields.optional('last_resort', string);
  return name === null ? null : { name, fields };
});

const globalSection: ObjectDecoder<GlobalSection> = object(
  'config.plain',
  (fields): GlobalSection => ({
    resolveTimeoutMs: fields.get('resolve_timeout', duration, RESOLVE_TIMEOUT),
    lastResort: fields.optional('tocsin', ownGlobals),
    ...receiverGlobals(fields),
  }),
);

function checkNames(fields: Fields): void {
  const names = new UniqueNames('receiver', fields.sink);
  for (const { name, at } of namesIn(fields.node('receivers'), 'name'))
    names.add(name, at, `notification config name ${goQuote(name)} is not unique`);
}

const NO_ROUTE: RouteConfig = {
  receiver: '',
  groupBy: null,
  matchers: [],
  continue: false,
  groupWaitMs: null,
  groupIntervalMs: null,
  repeatIntervalMs: null,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  labels: [],
  children: [],
};
