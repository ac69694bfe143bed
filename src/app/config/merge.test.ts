import { expect, test } from 'vitest';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import { printYaml } from '../../config/print-yaml.ts';
import { sourceFile } from '../../config/source.ts';
import { parseYaml, type YamlDocument } from '../../config/yaml-document.ts';
import { mergeDocuments, type Owners } from './merge.ts';
import { prometheusOwnership } from './prometheus-config.ts';

const OWNERS: Owners = {
  prometheus: prometheusOwnership(),
  alertmanager: { keys: ['route', 'receivers'], globalFields: ['resolve_timeout', 'smtp_from'] },
};

const document = (text: string, index: number): YamlDocument => parseYaml(sourceFile(`${'abc'[index]}.yml`, text));

function merge(first: string, ...others: readonly string[]) {
  const sink = new DiagnosticSink();
  const merged = mergeDocuments([document(first, 0), ...others.map((text, i) => document(text, i + 1))], OWNERS, sink);
  const none = new Set<never>();
  return {
    prometheus: printYaml(merged.prometheus, none),
    alertmanager: merged.alertmanager === null ? null : printYaml(merged.alertmanager, none),
    tocsin: printYaml(merged.tocsin, none),
    messages: sink.diagnostics().map(({ file, line, col, message }) => `${file}:${line}:${col}: ${message}`),
    hints: sink.diagnostics().map(({ hint }) => hint),
  };
}

test('the sections of all files are sorted by project', () => {
  const merged = merge(
    'rule_files: [a]\nglobal: {scrape_interval: 1m}',
    'route: {receiver: x}\nglobal: {resolve_timeout: 5m}\noncall: {users: []}',
  );
  expect(merged).toMatchObject({
    prometheus: 'global:\n  scrape_interval: 1m\nrule_files:\n  - a\n',
    alertmanager: 'global:\n  resolve_timeout: 5m\nroute:\n  receiver: x\n',
    tocsin: 'oncall:\n  users: []\n',
    messages: [],
  });
});

test('one file may hold both projects, also in `global`', () => {
  const merged = merge('global: {scrape_interval: 1m, smtp_from: a@b}\nroute: {}\n');
  expect(merged).toMatchObject({
    prometheus: 'global:\n  scrape_interval: 1m\n',
    alertmanager: 'global:\n  smtp_from: a@b\nroute: {}\n',
    messages: [],
  });
});

test('without a section of Alertmanager there is none', () => {
  expect(merge('rule_files: []\nglobal:\n').alertmanager).toBeNull();
});

test.each([
  ['a key in two files', ['rule_files: [a]', 'rule_files: [b]'], ['b.yml:1:1: "rule_files" is already set at a.yml:1:1']],
  ['a key twice in one file', ['route: {}\nroute: {}'], ['a.yml:2:1: "route" is already set at a.yml:1:1']],
  ['global twice in one file', ['global: {}\nglobal: {}'], ['a.yml:2:1: "global" is already set at a.yml:1:1']],
  [
    'a field of global in two files',
    ['global:\n  scrape_interval: 1m', 'global: {scrape_interval: 1m}'],
    ['b.yml:1:10: "scrape_interval" is already set at a.yml:2:3'],
  ],
  ['an unknown key', ['recievers: []'], ['a.yml:1:1: unknown field "recievers"']],
  ['an unknown field of global', ['global: {smtp_form: a@b}'], ['a.yml:1:10: unknown field "smtp_form"']],
  ['tracing that is equal, however written', ['tracing: {endpoint: "a", insecure: true}', 'tracing:\n  insecure: true\n  endpoint: a'], []],
  [
    'tracing that differs',
    ['tracing: {endpoint: a}', 'tracing: {endpoint: b}'],
    ['b.yml:1:1: "tracing" differs from the one at a.yml:1:1'],
  ],
  ['a file that is a list', ['- a'], ['a.yml:1:1: expected a map of sections, got a list']],
  ['a global that is a list', ['global: [a]'], ['a.yml:1:9: expected a map of fields, got a list']],
])('%s', (_, [first = '', ...others], messages) => {
  expect(merge(first, ...others).messages).toEqual(messages);
});

test('an unknown name is compared with those of both projects', () => {
  expect(merge('recievers: []\nglobal: {smtp_form: a@b}').hints).toEqual(['did you mean "receivers"?', 'did you mean "smtp_from"?']);
});
