import { describe, expect, test } from 'vitest';
import { writeFiles } from '../../../test/support/sim-app.ts';
import { renderAll } from '../../config/diagnostic.ts';
import { unixMs } from '../../model/time.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';
import { type LoadResult, loadConfig } from './load.ts';

function load(files: Readonly<Record<string, string>>, paths: readonly string[] = ['/etc/tocsin.yml']): LoadResult {
  const world = new SimWorld({ seed: 1, start: unixMs(0) });
  writeFiles(world, files);
  return loadConfig(paths, { disk: world.process().ports.disk, environment: () => undefined, localZone: 'UTC', features: [] });
}
const told = ({ diagnostics, sources }: LoadResult): string => renderAll(diagnostics, sources);

const PROMETHEUS = "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:80']}]}]\nrule_files: [rules/*.yml]\n";
const ALERTMANAGER =
  'route: {receiver: team}\nreceivers: [{name: team, webhook_configs: [{url: "http://hook/"}]}]\ntemplates: [templates/*.tmpl]\n';

describe('loading a configuration', () => {
  test("both projects' files are one configuration, with the files that they name", () => {
    const { config, diagnostics } = load(
      {
        '/etc/prometheus.yml': PROMETHEUS,
        '/etc/alertmanager.yml': ALERTMANAGER,
        '/etc/rules/b.yml': 'groups: []',
        '/etc/rules/a.yml': 'groups: []',
        '/etc/templates/t.tmpl': '{{ define "x" }}y{{ end }}',
      },
      ['/etc/prometheus.yml', '/etc/alertmanager.yml'],
    );
    expect(diagnostics).toEqual([]);
    expect(config?.prometheus.scrapeConfigs.map(({ jobName }) => jobName)).toEqual(['a']);
    expect(config?.alertmanager.receivers.map(({ name }) => name)).toEqual(['team']);
    expect(config?.ruleFiles.map(({ path }) => path)).toEqual(['/etc/rules/a.yml', '/etc/rules/b.yml']);
  });

  test("Prometheus' sections alone send everything to the inbox", () => {
    const { config } = load({ '/etc/tocsin.yml': 'scrape_configs: []\n' });
    expect(config?.alertmanager.receivers.map(({ integrations }) => integrations.map(({ name }) => name))).toEqual([['inbox']]);
  });

  test('what strict Alertmanager parsers are shown has no key of ours, and no secret', () => {
    const yaml = 'route: {receiver: a}\nreceivers: [{name: a, inbox_configs: [{}], webhook_configs: [{url: "http://hook/token"}]}]\n';
    const { config } = load({ '/etc/tocsin.yml': yaml });
    expect(config?.alertmanagerYaml).not.toMatch(/inbox|token/);
    expect(config?.alertmanagerYaml).toContain('<secret>');
  });

  test('the hash is that of the texts', () => {
    const one = load({ '/etc/tocsin.yml': PROMETHEUS }).config?.hash;
    expect(load({ '/etc/tocsin.yml': PROMETHEUS }).config?.hash).toBe(one);
    expect(load({ '/etc/tocsin.yml': `${PROMETHEUS}# more\n` }).config?.hash).not.toBe(one);
  });

  test('a section in two files is an error that names both places', () => {
    const result = load({ '/etc/a.yml': ALERTMANAGER, '/etc/b.yml': ALERTMANAGER }, ['/etc/a.yml', '/etc/b.yml']);
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/b\.yml:1:1: error: "route" is already set at \/etc\/a\.yml:1:1/);
  });

  test('a file that is missing is named, with what to do', () => {
    const result = load({}, ['/etc/nothing.yml']);
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/nothing\.yml:1:1: error: cannot read the file.*\nhelp: give the path/s);
  });

  test('a pattern without rule files is a warning', () => {
    const result = load({ '/etc/tocsin.yml': 'rule_files: [rules/*.yml]\n' });
    expect(result.config).not.toBeNull();
    expect(told(result)).toMatch(/warning: no rule file matches "\/etc\/rules\/\*\.yml"/);
  });

  test('a template that does not parse is told with its place', () => {
    const result = load({ '/etc/tocsin.yml': ALERTMANAGER, '/etc/templates/t.tmpl': 'ok\n{{ if }}' });
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/templates\/t\.tmpl:2:\d+: error:/);
  });

  test('all mistakes of all sections are told at once', () => {
    const result = load({
      '/etc/tocsin.yml': 'scrape_configs: [{job_nam: a}]\nroute: {receiver: nobody}\nreceivers: []\nglobal: {scrape_interval: 5min}\n',
    });
    const lines = told(result)
      .split('\n')
      .filter((line) => line.includes(' error: '));
    expect(lines.map((line) => line.replace(/^.*error: /, '')).sort()).toEqual(
      ['"5min" is not a duration', 'job_name is empty', 'undefined receiver "nobody" used in route', 'unknown field "job_nam"'].sort(),
    );
  });
});
