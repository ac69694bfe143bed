/**
 * From the files of -c to one checked configuration: read, merge, decode both projects' sections, gather the rule and
 * template files that they name. Everything wrong is found in one go; rule files are parsed by the engine. `tocsin check`,
 * the start and every reload come through here.
 */
import { type Diagnostic, isError } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { printYaml } from '../../config/print-yaml.ts';
import { type SourceFile, sourceFile, sourceFromBytes } from '../../config/source.ts';
import { parseYaml, type YamlDocument, type YamlMap, type YamlNode } from '../../config/yaml-document.ts';
import { Fnv1a64 } from '../../lib/fnv1a.ts';
import type { Clock } from '../../model/clock.ts';
import { type Disk, DiskError } from '../../model/disk.ts';
import { NotificationTemplates, parseNotificationTemplates } from '../../template/notification-templates.ts';
import { tryTemplates } from '../receivers/try-templates.ts';
import {
  type AlertmanagerConfig,
  alertmanagerOwnership,
  INBOX_ONLY,
  readAlertmanagerConfig,
  templatePatterns,
} from './alertmanager-config.ts';
import { matchingFiles } from './glob.ts';
import { mergeDocuments } from './merge.ts';
import { type PrometheusConfig, prometheusOwnership, readPrometheusConfig } from './prometheus-config.ts';

export type AppConfig = {
  readonly prometheus: PrometheusConfig;
  readonly alertmanager: AlertmanagerConfig;
  readonly templates: NotificationTemplates;
  /** As read, in order; the engine parses them. */
  readonly ruleFiles: readonly { readonly path: string; readonly text: string }[];
  /** As the user wrote them, secrets masked. */
  readonly prometheusYaml: string;
  readonly alertmanagerYaml: string;
  /** Of all texts: equal for equal configurations. */
  readonly hash: string;
};

export type LoadResult = {
  /** Null: an error keeps it from being used. */
  readonly config: AppConfig | null;
  readonly diagnostics: readonly Diagnostic[];
  /** By path, to show the lines. */
  readonly sources: ReadonlyMap<string, SourceFile>;
};

type Loaded = LoadResult & {
  /** Alertmanager's sections, to point into; null without a configuration. */
  readonly alertmanagerRoot: YamlMap | null;
};

export type LoadPorts = {
  readonly disk: Pick<Disk, 'read' | 'list' | 'stat'>;
  readonly environment: (name: string) => string | undefined;
  /** IANA name of the machine's zone. */
  readonly localZone: string;
  readonly features: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
};

/** As `readConfig`, with the templates of all receivers tried out. */
export async function loadConfig(paths: readonly string[], ports: LoadPorts): Promise<LoadResult> {
  const { alertmanagerRoot, ...loaded } = readConfig(paths, ports);
  const { config, diagnostics, sources } = loaded;
  if (config === null || alertmanagerRoot === null) return loaded;
  const { receivers } = config.alertmanager;
  const hasTemplateFiles = templatePatterns(alertmanagerRoot, new DiagnosticSink()).length > 0;
  const tried = await tryTemplates({ root: alertmanagerRoot, receivers, templates: config.templates, hasTemplateFiles }, ports.clock);
  return { config, diagnostics: [...diagnostics, ...tried], sources };
}

function readConfig(paths: readonly string[], ports: LoadPorts): Loaded {
  const sink = new DiagnosticSink();
  const hash = new Fnv1a64();
  const read = (path: string): SourceFile | { readonly error: string } => {
    try {
      const source = sourceFromBytes(path, ports.disk.read(path));
      hash.text(path).byte(0xff).text(source.text).byte(0xff);
      return source;
    } catch (error) {
      if (error instanceof DiskError) return { error: error.message };
      throw error;
    }
  };
  const documents: YamlDocument[] = [];
  for (const path of paths) {
    const source = read(path);
    if ('error' in source) sink.add({ ...unreadable(path, source.error), hint: 'give the path of a configuration file with -c' });
    else documents.push(parseYaml(source));
  }
  const [first, ...others] = documents;
  if (first === undefined || sink.errorCount > 0)
    return { config: null, diagnostics: sink.diagnostics(), sources: sink.sources(), alertmanagerRoot: null };

  const merged = mergeDocuments([first, ...others], { prometheus: prometheusOwnership(), alertmanager: alertmanagerOwnership() }, sink);
  const prometheus = readPrometheusConfig(
    merged.prometheus,
    {
      environment: ports.environment,
      glob: (pattern) => matchingFiles(ports.disk, pattern),
      readFile: (path) => {
        try {
          return ports.disk.read(path);
        } catch (error) {
          return { error: error instanceof Error ? error.message : String(error) };
        }
      },
    },
    sink,
  );
  const alertmanagerRoot = merged.alertmanager ?? inboxOnly();
  const templates = readTemplates(alertmanagerRoot, ports, read, sink);
  const matchers = ports.features.includes('classic-mode') ? 'classic' : ports.features.includes('utf8-strict-mode') ? 'utf8' : 'fallback';
  const alertmanager = readAlertmanagerConfig(alertmanagerRoot, { matchers, localZone: ports.localZone, templates }, sink);
  const ruleFiles = readRuleFiles(merged.prometheus, prometheus.ruleFiles, ports, read, sink);
  const diagnostics = sink.diagnostics();
  if (diagnostics.some(isError)) return { config: null, diagnostics, sources: sink.sources(), alertmanagerRoot: null };
  const masked = new Set(sink.secrets());
  const config: AppConfig = {
    prometheus,
    alertmanager,
    templates,
    ruleFiles,
    prometheusYaml: printYaml(merged.prometheus, masked),
    alertmanagerYaml: printYaml(withoutOurs(alertmanagerRoot), masked),
    hash: hash.hex(),
  };
  return { config, diagnostics, sources: sink.sources(), alertmanagerRoot };
}

function unreadable(path: string, why: string): Diagnostic {
  return {
    code: 'unreadable_file',
    severity: 'error',
    file: path,
    line: 1,
    col: 1,
    message: `cannot read the file: ${why}`,
  };
}

function inboxOnly(): YamlMap {
  const { root } = parseYaml(sourceFile('built-in', INBOX_ONLY));
  if (root?.kind !== 'map') throw new Error('BUG: the built-in routing is not YAML');
  return root;
}

/** Strict parsers of Alertmanager's own refuse what it does not know: our fields and integrations are not shown to them. */
function withoutOurs(root: YamlMap): YamlMap {
  return {
    ...root,
    entries: root.entries.map(({ key, value }) => {
      if (key.text === 'global') return { key, value: without(ourGlobals(value), without(OUR_KEYS, value)) };
      if (key.text !== 'receivers' || value.kind !== 'list') return { key, value };
      return { key, value: { ...value, items: value.items.map(receiverWithoutOurs) } };
    }),
  };
}
const OUR_KEYS: readonly string[] = ['inbox_configs', 'matrix_configs', 'ntfy_configs', 'phone_configs', 'sms_configs', 'tocsin'];

const ourGlobals = (node: YamlNode): readonly string[] =>
  node.kind === 'map' ? node.entries.map(({ key }) => key.text).filter((name) => name.startsWith('twilio_')) : [];

function receiverWithoutOurs(node: YamlNode): YamlNode {
  const receiver = without(OUR_KEYS, node);
  if (receiver.kind !== 'map') return receiver;
  const entries = receiver.entries.map(({ key, value }) =>
    value.kind === 'list' ? { key, value: { ...value, items: value.items.map((item) => without(OUR_KEYS, item)) } } : { key, value },
  );
  return { ...receiver, entries };
}

const without = (keys: readonly string[], node: YamlNode): YamlNode =>
  node.kind === 'map' ? { ...node, entries: node.entries.filter(({ key }) => !keys.includes(key.text)) } : node;

type Read = (path: string) => SourceFile | { readonly error: string };

function readTemplates(root: YamlMap, ports: LoadPorts, read: Read, sink: DiagnosticSink): NotificationTemplates {
  const files = templatePatterns(root, new DiagnosticSink()).flatMap((pattern) =>
    matchingFiles(ports.disk, pattern).flatMap((path) => {
      const source = read(path);
      if ('error' in source) {
        sink.add(unreadable(path, source.error));
        return [];
      }
      sink.addSource(source);
      return [{ name: path, text: source.text }];
    }),
  );
  const parsed = parseNotificationTemplates(files);
  if (parsed instanceof NotificationTemplates) return parsed;
  for (const diagnostic of parsed.diagnostics) sink.add(diagnostic);
  const builtIn = parseNotificationTemplates([]);
  if (!(builtIn instanceof NotificationTemplates)) throw new Error('BUG: the built-in templates do not parse');
  return builtIn;
}

/** Files that match the patterns of rule_files; a pattern that matches none is warned about. */
function readRuleFiles(
  root: YamlMap,
  patterns: readonly string[],
  ports: LoadPorts,
  read: Read,
  sink: DiagnosticSink,
): AppConfig['ruleFiles'] {
  const place = root.entries.find(({ key }) => key.text === 'rule_files');
  const files = new Map<string, string>();
  for (const pattern of patterns) {
    const paths = matchingFiles(ports.disk, pattern);
    if (paths.length === 0 && place !== undefined)
      sink.at(place.key, { code: 'unreadable_file', severity: 'warning', message: `no rule file matches "${pattern}"` });
    for (const path of paths) {
      const source = read(path);
      if ('error' in source) sink.add(unreadable(path, source.error));
      else files.set(path, source.text);
    }
  }
  return [...files].map(([path, text]) => ({ path, text }));
}
