/**
 * Prometheus' sections as one value: prometheus.yml with the files of scrape_config_files (prometheus/config Config).
 * Rule files are named here and read by rules. What is valid but not built is warned about at its place.
 */
import { type Decoder, decode, type Fields, list, type ObjectDecoder, object } from '../../config/decode.ts';
import type { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { int, pathLike } from '../../config/scalars.ts';
import { sourceFromBytes } from '../../config/source.ts';
import { namesIn, UniqueNames } from '../../config/unique-names.ts';
import { emptyMap, parseYaml, type YamlNode } from '../../config/yaml-document.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { scrapeConfigs } from '../../scrape/config.ts';
import { type Environment, type GlobalConfig, globalConfig } from '../../scrape/global-config.ts';
import { type OtlpConfig, otlpConfig } from '../../scrape/otlp-config.ts';
import type { ScrapeConfig } from '../../scrape/scrape-config.ts';
import { type StorageConfig, storageConfig } from '../../tsdb/config.ts';
import { type AlertingConfig, alertingConfig } from './alerting-config.ts';
import type { Ownership } from './merge.ts';
import { type RemoteReadConfig, type RemoteWriteConfig, remoteReadConfigs, remoteWriteConfigs } from './remote-config.ts';
import { type TracingConfig, tracingConfig } from './tracing-config.ts';

export type PrometheusConfig = {
  readonly global: GlobalConfig;
  /** For the Go runtime; kept because the API reports it. */
  readonly runtime: { readonly gogc: number };
  /** Paths whose last element may hold `*`; seen from the directory of the file that names them. */
  readonly ruleFiles: readonly string[];
  /** With those of scrape_config_files, in order; job names are unique. */
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly alerting: AlertingConfig;
  readonly storage: StorageConfig;
  readonly tracing: TracingConfig | null;
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly remoteRead: readonly RemoteReadConfig[];
  readonly otlp: OtlpConfig;
};

/** What the reader needs from outside. */
export type ConfigContext = {
  readonly environment: Environment;
  /** The existing files that match, sorted; a pattern's last element may hold one `*`. */
  readonly glob: (pattern: string) => readonly string[];
  readonly readFile: (path: string) => Uint8Array | { readonly error: string };
  /** As Prometheus' agent mode checks. */
  readonly isAgent?: boolean;
};

/** Read and checked, without effect yet. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  remote_write: 'samples are not sent elsewhere yet',
  remote_read: 'series are not read from elsewhere yet',
  tracing: 'traces are not written yet',
  runtime: 'there is no Go runtime here',
};

/** The keys and fields that are Prometheus'. */
export function prometheusOwnership(): Ownership {
  const nothing: ConfigContext = { environment: () => undefined, glob: () => [], readFile: () => ({ error: '' }) };
  const keys = prometheusConfig(nothing).fieldNames();
  return {
    keys: keys.filter((name) => name !== 'global' && name !== 'tracing'),
    globalFields: globalConfig(nothing.environment).fieldNames(),
  };
}

/** The value is the user's only if the sink has no error at the end. */
export function readPrometheusConfig(root: YamlNode, context: ConfigContext, sink: DiagnosticSink): PrometheusConfig {
  return decode(root, prometheusConfig(context), sink);
}

function prometheusConfig(context: ConfigContext): ObjectDecoder<PrometheusConfig> {
  return object('config.plain', (fields) => {
    const global = fields.get('global', globalConfig(context.environment));
    const scheme = global.metricNameValidationScheme;
    const config: PrometheusConfig = {
      global,
      runtime: fields.get('runtime', runtime),
      ruleFiles: fields.get('rule_files', list(filePattern('rule file'))),
      scrapeConfigs: allScrapeConfigs(fields, global, context),
      alerting: fields.get('alerting', alertingConfig(scheme)),
      storage: fields.get('storage', storageConfig),
      tracing: fields.optional('tracing', tracingConfig),
      remoteWrite: fields.get('remote_write', remoteWriteConfigs(scheme)),
      remoteRead: fields.get('remote_read', remoteReadConfigs),
      otlp: fields.get('otlp', otlpConfig(scheme)),
    };
    for (const kind of ['write', 'read'] as const) {
      const upstream = (name: string): string => `found multiple remote ${kind} configs with job name ${goQuote(name)}`;
      const names = new UniqueNames(`remote_${kind}`, fields.sink);
      for (const { name, at } of namesIn(fields.node(`remote_${kind}`), 'name')) names.add(name, at, upstream(name));
    }
    if (context.isAgent === true) refuseInAgentMode(fields);
    for (const [name, why] of Object.entries(NOT_BUILT)) fields.warnNoEffect(name, why);
    return config;
  });
}

const GOGC = 75;
const runtime = object('config.RuntimeConfig', (fields) => ({ gogc: fields.get('gogc', int) || GOGC }));

/** One `*` at most, in the last element. */
function filePattern(what: string): Decoder<string> {
  return pathLike(/^[^*]*(\*[^/]*)?$/, (text) => ({
    code: 'bad_value',
    message: `invalid ${what} path ${goQuote(text)}`,
    hint: 'a * may stand in the last element of the path only',
  }));
}

const repeatedJob = (name: string): string => `found multiple scrape configs with job name ${goQuote(name)}`;

function allScrapeConfigs(fields: Fields, global: GlobalConfig, context: ConfigContext): readonly ScrapeConfig[] {
  const { sink } = fields;
  const jobs = new UniqueNames('job', sink);
  const all = [...fields.get('scrape_configs', scrapeConfigs(global))];
  for (const { name, at } of namesIn(fields.node('scrape_configs'), 'job_name')) jobs.add(name, at, repeatedJob(name));
  const file = object('config.ScrapeConfigs', (inner) => ({
    configs: inner.get('scrape_configs', scrapeConfigs(global)),
    jobs: namesIn(inner.node('scrape_configs'), 'job_name'),
  }));
  for (const pattern of fields.get('scrape_config_files', list(filePattern('scrape config file')))) {
    const paths = context.glob(pattern);
    if (paths.length === 0) {
      const message = `no file matches ${goQuote(pattern)}`;
      sink.at(fields.place('scrape_config_files'), { code: 'unreadable_file', severity: 'warning', message });
    }
    for (const path of paths) {
      const bytes = context.readFile(path);
      if ('error' in bytes) {
        sink.at(fields.place('scrape_config_files'), { code: 'unreadable_file', message: `cannot read ${goQuote(path)}: ${bytes.error}` });
        continue;
      }
      const document = parseYaml(sourceFromBytes(path, bytes));
      sink.addDocument(document);
      const { configs, jobs: names } = decode(document.root ?? emptyMap(document.source), file, sink);
      all.push(...configs);
      for (const { name, at } of names)
        jobs.add(name, at, `${goQuote(path)}: ${repeatedJob(name)}, first found in ${jobs.placeOf(name)?.source.path ?? ''}`);
    }
  }
  return all;
}

function refuseInAgentMode(fields: Fields): void {
  for (const name of ['alerting', 'rule_files', 'remote_read']) {
    if (fields.isSet(name)) fields.problem(name, { code: 'conflict', message: `field ${name} is not allowed in agent mode` });
  }
}
