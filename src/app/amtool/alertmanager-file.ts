/**
 * One Alertmanager configuration, read as the server reads it but for the templates it names, which are a separate step
 * here as in amtool. Sections of Prometheus' and ours may stand beside, so that a tocsin.yml can be asked too.
 */
import { type RoutingContext, routingSections } from '../../alerts/config.ts';
import type { RouteConfig } from '../../alerts/route.ts';
import { decode, Fields } from '../../config/decode.ts';
import { type Diagnostic, isError, upstreamText } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import type { SourceFile } from '../../config/source.ts';
import { namesIn } from '../../config/unique-names.ts';
import { emptyMap, parseYaml } from '../../config/yaml-document.ts';
import { NotificationTemplates, parseNotificationTemplates } from '../../template/notification-templates.ts';
import { type AlertmanagerConfig, alertmanagerOwnership, readAlertmanagerConfig, templatePatterns } from '../config/alertmanager-config.ts';
import { mergeDocuments } from '../config/merge.ts';
import { prometheusOwnership } from '../config/prometheus-config.ts';
import { tracingConfig } from '../config/tracing-config.ts';

export type AlertmanagerFile = {
  /** Null: an error keeps it from being used. */
  readonly config: AlertmanagerConfig | null;
  /** Of `templates:`, seen from the file's directory. */
  readonly templatePatterns: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, SourceFile>;
};

export function readAlertmanagerFile(source: SourceFile, context: RoutingContext): AlertmanagerFile {
  const sink = new DiagnosticSink();
  const owners = { prometheus: prometheusOwnership(), alertmanager: alertmanagerOwnership() };
  const { alertmanager, prometheus } = mergeDocuments([parseYaml(source)], owners, sink);
  // Both projects have it, and only theirs is asked here.
  const tracing = prometheus.entries.find(({ key }) => key.text === 'tracing');
  if (tracing !== undefined) decode(tracing.value, tracingConfig, sink);
  if (alertmanager === null && sink.errorCount > 0)
    return { config: null, templatePatterns: [], diagnostics: sink.diagnostics(), sources: sink.sources() };
  const root = alertmanager ?? emptyMap(source);
  const config = readAlertmanagerConfig(root, { ...context, templates: builtInTemplates() }, sink);
  const diagnostics = sink.diagnostics();
  return {
    config: diagnostics.some(isError) ? null : config,
    templatePatterns: templatePatterns(root, new DiagnosticSink()),
    diagnostics,
    sources: sink.sources(),
  };
}

/** What a running server says its routing is. It has accepted the rest, of which it masks secrets and which may be newer than we are. */
export function readRunningRoute(
  source: SourceFile,
  context: RoutingContext,
): { readonly route: RouteConfig | null; readonly diagnostics: readonly Diagnostic[]; readonly sources: ReadonlyMap<string, SourceFile> } {
  const sink = new DiagnosticSink();
  const document = parseYaml(source);
  sink.addDocument(document);
  const fields = new Fields(document.root?.kind === 'map' ? document.root : emptyMap(source), 'config.plain', sink);
  const receivers = namesIn(fields.node('receivers'), 'name').map(({ name }) => name);
  const { route } = routingSections(fields, receivers, context);
  const diagnostics = sink.diagnostics();
  return { route: diagnostics.some(isError) ? null : route, diagnostics, sources: sink.sources() };
}

/**
 * The errors in Alertmanager's words: Go's YAML tells all that do not fit its types at once, and any other alone. '' where
 * there is none.
 */
export function upstreamErrors(diagnostics: readonly Diagnostic[]): string {
  const texts = diagnostics.filter(isError).map(upstreamText);
  const unfit = texts.filter((text) => text.startsWith(UNFIT)).map((text) => text.slice(UNFIT.length));
  return unfit.length > 0 ? UNFIT + unfit.join('') : (texts[0] ?? '');
}
const UNFIT = 'yaml: unmarshal errors:';

function builtInTemplates(): NotificationTemplates {
  const templates = parseNotificationTemplates([]);
  if (!(templates instanceof NotificationTemplates)) throw new Error('BUG: the built-in templates do not parse');
  return templates;
}
