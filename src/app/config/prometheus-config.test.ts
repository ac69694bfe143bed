import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upstreamText } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { printYaml } from '../../config/print-yaml.ts';
import { sourceFile } from '../../config/source.ts';
import { emptyMap, parseYaml } from '../../config/yaml-document.ts';
import { readPrometheusConfig } from './prometheus-config.ts';

function read(text: string, files: Readonly<Record<string, string>> = {}, environment: Readonly<Record<string, string>> = {}) {
  const document = parseYaml(sourceFile('etc/prometheus.yml', text));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const root = document.root ?? emptyMap(document.source);
  const context = {
    environment: (name: string) => environment[name],
    glob: (pattern: string) => Object.keys(files).filter((file) => file.startsWith(pattern.replace(/\*.*$/, ''))),
    readFile: (path: string) => (files[path] === undefined ? { error: 'no such file' } : new TextEncoder().encode(files[path])),
  };
  const config = readPrometheusConfig(root, context, sink);
  return {
    config,
    errors: sink.diagnostics().map((diagnostic) => `${diagnostic.file}:${diagnostic.line}: ${upstreamText(diagnostic)}`),
    printed: root.kind === 'map' ? printYaml(root, sink.secrets()) : '',
  };
}

test('an empty file gives the defaults', () => {
  const { config, errors } = read('');
  expect(errors).toEqual([]);
  expect(config).toMatchObject({
    global: { scrapeIntervalMs: 60_000, scrapeTimeoutMs: 10_000, evaluationIntervalMs: 60_000 },
    ruleFiles: [],
    scrapeConfigs: [],
    storage: { outOfOrderWindowMs: 0, exemplarsMax: 100_000 },
    tracing: null,
    otlp: { translationStrategy: 'UnderscoreEscapingWithSuffixes' },
  });
});

test('a job takes from global what it does not say itself', () => {
  const { config } = read(`
global: {scrape_interval: 5s, sample_limit: 7, scrape_native_histograms: true}
scrape_configs:
- job_name: a
- {job_name: b, scrape_interval: 20s, sample_limit: 8, scrape_native_histograms: false}
`);
  expect(config.scrapeConfigs).toMatchObject([
    { scrapeIntervalMs: 5000, scrapeTimeoutMs: 5000, sampleLimit: 7, scrapeNativeHistograms: true },
    { scrapeIntervalMs: 20_000, scrapeTimeoutMs: 5000, sampleLimit: 8, scrapeNativeHistograms: false },
  ]);
  expect(config.scrapeConfigs.map(({ scrapeProtocols }) => scrapeProtocols[0])).toEqual(['PrometheusProto', 'OpenMetricsText1.0.0']);
});

test('paths are seen from the file that names them', () => {
  const { config, errors } = read('rule_files: [rules/*.yml, /abs.yml]\nscrape_config_files: [jobs/*.yml]', {
    'etc/jobs/a.yml': 'scrape_configs:\n- job_name: a\n  tls_config: {ca_file: ca.pem}\n  file_sd_configs: [{files: [../targets/*.json]}]',
  });
  expect(errors).toEqual([]);
  expect(config.ruleFiles).toEqual(['etc/rules/*.yml', '/abs.yml']);
  expect(config.scrapeConfigs).toMatchObject([
    { http: { tls: { ca: { path: 'etc/jobs/ca.pem' } } }, discoveries: [{ kind: 'file', files: ['etc/targets/*.json'] }] },
  ]);
});

test('a job of an included file must not repeat a name', () => {
  const { errors } = read('scrape_configs: [{job_name: a}]\nscrape_config_files: [jobs.yml, gone.yml]', {
    'etc/jobs.yml': '\nscrape_configs: [{job_name: a}]',
  });
  expect(errors).toEqual([
    'etc/jobs.yml:2: "etc/jobs.yml": found multiple scrape configs with job name "a", first found in etc/prometheus.yml',
    'etc/prometheus.yml:2: no file matches "etc/gone.yml"',
  ]);
});

test('variables are expanded in external labels and nowhere else', () => {
  const { config, errors } = read('global: {external_labels: {a: "${A}-$A$$A", b: $NONE}}\nrule_files: [$A.yml]', {}, { A: '1' });
  expect(config.global.externalLabels.toRecord()).toEqual({ a: '1-1$A' });
  expect(config.ruleFiles).toEqual(['etc/$A.yml']);
  expect(errors).toEqual(['etc/prometheus.yml:1: the environment variable NONE is empty or not set']);
});

const EVERYTHING = `
global: {scrape_interval: 15s, external_labels: {a: b}}
rule_files: [a.yml]
scrape_configs:
- job_name: a
  basic_auth: {username: u, password: topsecret}
  static_configs: [{targets: ["h:1"], labels: {x: y}}]
  kubernetes_sd_configs: [{role: pod, api_server: "https://k", bearer_token: topsecret}]
  consul_sd_configs: [{token: topsecret}]
  dns_sd_configs: [{names: [a], type: a, port: 1}]
  docker_sd_configs: [{host: "unix:///s"}]
  relabel_configs: [{source_labels: [a], target_label: b, regex: "(.*)"}]
alerting: {alertmanagers: [{static_configs: [{targets: ["am:9093"]}]}]}
remote_write: [{url: "https://x", oauth2: {client_id: i, client_secret: topsecret, token_url: "https://t"}}]
storage: {tsdb: {retention: {time: 15d}}}
otlp: {promote_resource_attributes: [a]}
`;

test('a configuration prints without its secrets and reads back equal', () => {
  const first = read(EVERYTHING);
  const second = read(first.printed);
  expect(first.printed).not.toContain('topsecret');
  expect(first.printed.match(/<secret>/g)).toHaveLength(4);
  expect(JSON.stringify(second.config, bigintAsText)).toBe(JSON.stringify(first.config, bigintAsText));
});
const bigintAsText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

test('no damage to a file makes the reader throw', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ':',
    '- ',
    '\n',
    '~',
    '""',
    '-1',
    '*x',
    '&x ',
    '!!binary x',
    'null',
    '99999999999999999999',
    '1e999',
    '\ud800',
    '$',
  );
  fc.assert(
    fc.property(fc.nat(EVERYTHING.length), fc.nat(30), fc.oneof(pieces, fc.string({ maxLength: 10 })), (at, length, piece) => {
      read(EVERYTHING.slice(0, at) + piece + EVERYTHING.slice(at + length));
    }),
    { numRuns: 150 },
  );
});
