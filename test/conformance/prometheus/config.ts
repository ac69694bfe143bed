/**
 * config/: whole prometheus.yml files, their values or the words of their errors. Every file that loads is also printed
 * with its secrets masked and read again, which must give the same configuration.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ConfigContext, readPrometheusConfig } from '../../../src/app/config/prometheus-config.ts';
import { decode } from '../../../src/config/decode.ts';
import { isError, upstreamText } from '../../../src/config/diagnostic.ts';
import { DiagnosticSink } from '../../../src/config/diagnostic-sink.ts';
import { printYaml } from '../../../src/config/print-yaml.ts';
import { sourceFile } from '../../../src/config/source.ts';
import { emptyMap, parseYaml, type YamlMap } from '../../../src/config/yaml-document.ts';
import { Labels } from '../../../src/model/labels.ts';
import { targetGroup } from '../../../src/scrape/discovery-reader.ts';
import { type CaseResult, checkCase, type KindRunner, stable } from '../kind.ts';

type Fields = Readonly<Record<string, unknown>>;
type FileCase = {
  readonly expect: 'ok' | 'error' | 'errorOnScrapeConfigs' | 'other';
  readonly mode?: 'agent';
  readonly parseAs?: 'targetgroup';
  readonly errorContains?: readonly string[];
  readonly check?: Fields;
  readonly checkWithEnv?: readonly ({ readonly env: Readonly<Record<string, string>> } & Fields)[];
  readonly scrapeConfigs?: readonly Fields[];
};

export const run: KindRunner = async (dir) => {
  const results: CaseResult[] = [];
  const { files } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { files: Readonly<Record<string, FileCase>> };
  for (const [name, expected] of Object.entries(files)) {
    if (expected.expect !== 'other') results.push(...(await fileResults(dir, name, expected)));
  }
  const { cases } = JSON.parse(readFileSync(join(dir, 'inline.json'), 'utf8')) as {
    cases: readonly ({ readonly name: string; readonly config: string } & Fields)[];
  };
  for (const { name, config, ...checks } of cases) {
    results.push(await checkCase(`inline.json#${name}`, checks, () => pick(load(dir, 'inline.yml', config, {}), Object.keys(checks))));
  }
  return results;
};

async function fileResults(dir: string, name: string, expected: FileCase): Promise<readonly CaseResult[]> {
  const path = `testdata/${name}`;
  const text = readFileSync(join(dir, path), 'utf8');
  if (expected.expect !== 'ok') {
    const wanted = expected.errorContains ?? ['parsing YAML file'];
    const got = (): unknown => {
      const error = expected.parseAs === 'targetgroup' ? targetGroupErrors(path, text) : load(dir, path, text, expected).error;
      return wanted.every((part) => error.includes(part)) ? wanted : error;
    };
    return [await checkCase(name, wanted, got)];
  }
  const results = [await checkCase(name, 'loads', () => load(dir, path, text, expected).error || 'loads')];
  const checks = [{ env: {}, ...expected.check }, ...(expected.checkWithEnv ?? [])];
  for (const [index, { env, ...wanted }] of checks.entries()) {
    if (Object.keys(wanted).length === 0) continue;
    const id = `${name} values ${index}`;
    results.push(await checkCase(id, withoutEmptyLabels(wanted), () => pick(load(dir, path, text, expected, env), Object.keys(wanted))));
  }
  if (expected.scrapeConfigs !== undefined) {
    const wanted = expected.scrapeConfigs;
    results.push(
      await checkCase(`${name} scrape configs`, wanted, () => {
        const { config } = load(dir, path, text, expected);
        return config.scrapeConfigs.map((job, index) => pick({ config: job }, Object.keys(wanted[index] ?? {})));
      }),
    );
  }
  results.push(
    await checkCase(`${name} printed and read again`, 'equal', () => {
      const first = load(dir, path, text, expected);
      const second = load(dir, path, first.printed, expected);
      return stable(toJson(first.config)) === stable(toJson(second.config)) ? 'equal' : first.printed;
    }),
  );
  return results;
}

type Loaded = { readonly config: ReturnType<typeof readPrometheusConfig>; readonly error: string; readonly printed: string };

function load(
  dir: string,
  path: string,
  text: string,
  { mode }: { readonly mode?: 'agent' },
  env: Readonly<Record<string, string>> = {},
): Loaded {
  const context: ConfigContext = {
    environment: (name) => env[name],
    glob: (pattern) => glob(dir, pattern),
    readFile: (file) => readFileSync(join(dir, file)),
    isAgent: mode === 'agent',
  };
  const document = parseYaml(sourceFile(path, text));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const root = document.root ?? emptyMap(document.source);
  const config = readPrometheusConfig(root, context, sink);
  const printed = root.kind === 'map' ? printYaml(root as YamlMap, sink.secrets()) : text;
  return { config, error: errorText(path, sink), printed };
}

/** As Prometheus prints it, with all errors instead of the first. */
function errorText(path: string, sink: DiagnosticSink): string {
  return sink
    .diagnostics()
    .filter(isError)
    .map((error) => `parsing YAML file ${path}: ${upstreamText(error)}`)
    .join('\n');
}

function targetGroupErrors(path: string, text: string): string {
  const document = parseYaml(sourceFile(path, text));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  decode(document.root ?? emptyMap(document.source), targetGroup(false), sink);
  return errorText(path, sink);
}

function glob(dir: string, pattern: string): readonly string[] {
  const [before = '', after = ''] = basename(pattern).split('*');
  const isMatch = (name: string): boolean =>
    pattern.includes('*') ? name.startsWith(before) && name.endsWith(after) : name === basename(pattern);
  return readdirSync(join(dir, dirname(pattern)))
    .filter(isMatch)
    .map((name) => `${dirname(pattern)}/${name}`)
    .sort();
}

/** Values by their paths in Prometheus' YAML: `global.extra_scrape_metrics`, `remote_write[0].url`. */
function pick(loaded: Pick<Loaded, 'config'> | { readonly config: unknown; readonly printed?: string }, paths: readonly string[]): Fields {
  const root = toJson(loaded.config);
  return Object.fromEntries(paths.map((path) => [path, valueAt(root, path, 'printed' in loaded ? (loaded.printed ?? '') : '')]));
}

/** A label set holds no empty values: to all readers they are the same as none. */
function withoutEmptyLabels(wanted: Fields): Fields {
  const labels = wanted['global.external_labels'];
  if (labels === undefined) return wanted;
  return { ...wanted, 'global.external_labels': Object.fromEntries(Object.entries(labels as Fields).filter(([, value]) => value !== '')) };
}

/** Where our names differ from the YAML's. */
const RENAMED: Readonly<Record<string, string>> = {
  'queue_config.retry_on_http_429': 'queue.retry_on_http429',
  'storage.tsdb.chunk_encoding.floats': 'storage.float_chunk_encoding',
  'storage.tsdb.': 'storage.',
};

function valueAt(root: unknown, path: string, printed: string): unknown {
  if (path === 'secretCount') return printed.includes('mysecret') ? 'mysecret is shown' : printed.split('<secret>').length - 1;
  if (path.endsWith('_count')) return (valueAt(root, path.slice(0, -'_count'.length), '') as readonly unknown[]).length;
  let ours = path;
  for (const [theirs, mine] of Object.entries(RENAMED)) ours = ours.replace(theirs, mine);
  const steps = ours
    .replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    .split(/[.[\]]+/)
    .filter(Boolean);
  return steps.reduce<unknown>((value, step) => (value as Fields | undefined)?.[step], root);
}

/** Labels as plain maps, big integers as texts. */
const toJson = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) => {
      if (typeof inner === 'bigint') return String(inner);
      return inner instanceof Labels ? inner.toRecord() : inner;
    }),
  );
