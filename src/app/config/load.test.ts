import { describe, expect, test } from 'vitest';
import { writeFiles } from '../../../test/support/sim-app.ts';
import { renderAll } from '../../config/diagnostic.ts';
import { unixMs } from '../../model/time.ts';
import { SimWorld } from '../../platform/sim/sim-world.ts';
import { type LoadResult, loadConfig } from './load.ts';

function load(files: Readonly<Record<string, string>>, paths: readonly string[] = ['/etc/tocsin.yml']): Promise<LoadResult> {
  const world = new SimWorld({ seed: 1, start: unixMs(0) });
  writeFiles(world, files);
  const { disk, clock } = world.process().ports;
  return loadConfig(paths, { disk, clock, environment: () => undefined, localZone: 'UTC', features: [] });
}
const told = ({ diagnostics, sources }: LoadResult): string => renderAll(diagnostics, sources);

const PROMETHEUS = "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:80']}]}]\nrule_files: [rules/*.yml]\n";
const ALERTMANAGER =
  'route: {receiver: team}\nreceivers: [{name: team, webhook_configs: [{url: "http://hook/"}]}]\ntemplates: [templates/*.tmpl]\n';

describe('loading a configuration', () => {
  test("both projects' files are one configuration, with the files that they name", async () => {
    const { config, diagnostics } = await load(
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

  test("Prometheus' sections alone send everything to the inbox", async () => {
    const { config } = await load({ '/etc/tocsin.yml': 'scrape_configs: []\n' });
    expect(config?.alertmanager.receivers.map(({ integrations }) => integrations.map(({ name }) => name))).toEqual([['inbox']]);
  });

  test('what strict Alertmanager parsers are shown has no key of ours, and no secret', async () => {
    const yaml =
      'route: {receiver: a}\nreceivers: [{name: a, tocsin: {fallback: [{receiver: a2}]}, inbox_configs: [{}], ntfy_configs: [{topic: t}], webhook_configs: [{url: "http://hook/token", tocsin: {rate_limit: {per_minute: 1}}}]}, {name: a2}]\nglobal: {tocsin: {last_resort: a2}}\n';
    const { config } = await load({ '/etc/tocsin.yml': yaml });
    expect(config?.alertmanagerYaml).not.toMatch(/inbox|ntfy|token|tocsin/);
    expect(config?.alertmanagerYaml).toContain('<secret>');
  });

  test('the hash is that of the texts', async () => {
    const one = (await load({ '/etc/tocsin.yml': PROMETHEUS })).config?.hash;
    expect((await load({ '/etc/tocsin.yml': PROMETHEUS })).config?.hash).toBe(one);
    expect((await load({ '/etc/tocsin.yml': `${PROMETHEUS}# more\n` })).config?.hash).not.toBe(one);
  });

  test('fallbacks and the last resort are read, with what Alertmanager does not have apart', async () => {
    const { config, diagnostics } = await load({
      '/etc/tocsin.yml': `
global: {tocsin: {last_resort: boss}}
route: {receiver: team}
receivers:
  - name: team
    webhook_configs: [{url: 'http://hook/', tocsin: {rate_limit: {per_minute: 0.5, burst: 3, spacing: 10s}}}]
    tocsin: {fallback: [{receiver: second}, {receiver: boss, after: 5m, on: [unknown]}]}
  - {name: second, email_configs: [{to: a@b, from: c@d, smarthost: 'mail:25'}]}
  - {name: boss, email_configs: [{to: a@b, from: c@d, smarthost: 'mail:25', send_resolved: false}]}
`,
    });
    expect(diagnostics).toEqual([]);
    expect(config?.alertmanager).toMatchObject({
      lastResort: 'boss',
      receivers: [
        {
          fallback: [
            { receiver: 'second', afterMs: 60_000, on: ['error', 'unknown'] },
            { receiver: 'boss', afterMs: 300_000, on: ['unknown'] },
          ],
          integrations: [{ rateLimit: { perMinute: 0.5, burst: 3, spacingMs: 10_000 } }],
        },
        { fallback: [], integrations: [{ sendResolved: false, sendResolvedAsFallback: true, rateLimit: null }] },
        { integrations: [{ sendResolvedAsFallback: false }] },
      ],
    });
  });

  test.each([
    ['[{receiver: secnd}]', '', /:3:\d+: error: receiver "team" falls back to "secnd", which is not defined[^]*did you mean "second"/],
    ['[{receiver: second}]', '[{receiver: team}]', /error: the fallbacks go in a circle: "team" to "second" to "team"/],
    ['[{receiver: team}]', '', /error: the fallbacks go in a circle: "team" to "team"/],
    ['[{after: 5}]', '', /a fallback names no receiver[^]*"5" is not a duration/],
    ['[{receiver: second, on: [timeout]}]', '', /"timeout" is none of error, unknown/],
  ])('a fallback %s is refused', async (first, second, expected) => {
    const yaml = `route: {receiver: team}
receivers:
  - {name: team, tocsin: {fallback: ${first}}}
  - {name: second, tocsin: {fallback: ${second}}}
`;
    const result = await load({ '/etc/tocsin.yml': yaml });
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(expected);
    expect(told(result).match(/circle/g)?.length ?? 1).toBe(1);
  });

  test('a last resort that is not defined is refused', async () => {
    const yaml = 'global: {tocsin: {last_resort: tema}}\nroute: {receiver: team}\nreceivers: [{name: team}]\n';
    expect(told(await load({ '/etc/tocsin.yml': yaml }))).toMatch(/the last resort is "tema", which is not defined[^]*did you mean "team"/);
  });

  test('a rate limit that lets nothing through is refused', async () => {
    const yaml =
      'route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: "http://h/", tocsin: {rate_limit: {per_minute: 0, burst: 0}}}]}]\n';
    expect(told(await load({ '/etc/tocsin.yml': yaml }))).toMatch(/per_minute must be a number above 0[^]*burst must be 1 or more/);
  });

  test('a section in two files is an error that names both places', async () => {
    const result = await load({ '/etc/a.yml': ALERTMANAGER, '/etc/b.yml': ALERTMANAGER }, ['/etc/a.yml', '/etc/b.yml']);
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/b\.yml:1:1: error: "route" is already set at \/etc\/a\.yml:1:1/);
  });

  test('a file that is missing is named, with what to do', async () => {
    const result = await load({}, ['/etc/nothing.yml']);
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/nothing\.yml:1:1: error: cannot read the file.*\nhelp: give the path/s);
  });

  test('a pattern without rule files is a warning', async () => {
    const result = await load({ '/etc/tocsin.yml': 'rule_files: [rules/*.yml]\n' });
    expect(result.config).not.toBeNull();
    expect(told(result)).toMatch(/warning: no rule file matches "\/etc\/rules\/\*\.yml"/);
  });

  test('a template that does not parse is told with its place', async () => {
    const result = await load({ '/etc/tocsin.yml': ALERTMANAGER, '/etc/templates/t.tmpl': 'ok\n{{ if }}' });
    expect(result.config).toBeNull();
    expect(told(result)).toMatch(/\/etc\/templates\/t\.tmpl:2:\d+: error:/);
  });

  test('all mistakes of all sections are told at once', async () => {
    const result = await load({
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

describe('templates are tried with what alerts may be', () => {
  const config = (integration: string): string => `route: {receiver: team}\nreceivers:\n- name: team\n${integration}\n`;
  const slack = (field: string): string => config(`  slack_configs:\n  - api_url: http://hook/\n    ${field}`);

  test.each([
    [slack("text: '{{ .Nothing }}'"), 6, 'this template fails for a firing alert with the usual labels and annotations'],
    [slack("fields: [{title: t, value: '{{ index .Alerts.Firing 0 }}'}]\n    send_resolved: true"), 6, 'fails for a resolved alert: '],
    [slack("text: '{{ (index .Alerts 0).Labels.severity | toUpper | slice 0 9 }}'"), 6, 'this template fails for '],
    [slack('title: \'{{ template "none" . }}\''), 6, 'template "none" not defined'],
    [
      config("  email_configs:\n  - {to: a@b.c, from: d@e.f, smarthost: 'm:25', html: '<a href={{ .Nothing }}>'}"),
      5,
      "can't evaluate field Nothing",
    ],
    [config("  webhook_configs:\n  - {url: http://hook/, payload: {a: [{b: '{{ .Nothing }}'}]}}"), 5, "can't evaluate field Nothing"],
    [config("  pagerduty_configs:\n  - {routing_key_file: /none, details: {d: '{{ .Nothing }}'}}"), 5, "can't evaluate field Nothing"],
    [
      config("  jira_configs:\n  - {api_url: http://j/, project: P, issue_type: B, fields: {f: '{{ .Nothing }}'}}"),
      5,
      "can't evaluate field Nothing",
    ],
    [config("  telegram_configs:\n  - {bot_token: t, chat_id_file: /none, message: '{{ .Nothing }}'}"), 5, "can't evaluate field Nothing"],
    [config("  wechat_configs:\n  - {api_secret: s, corp_id: c, message: '{{ .Nothing }}'}"), 5, "can't evaluate field Nothing"],
    [
      config("  matrix_configs:\n  - {homeserver: http://m/, room: '#a:b', access_token: t, html: '{{ .Nothing }}'}"),
      5,
      "can't evaluate field Nothing",
    ],
  ])('%j', async (yaml, line, message) => {
    const result = await load({ '/etc/tocsin.yml': yaml });
    expect(result.config).not.toBeNull();
    expect(result.diagnostics).toMatchObject([
      { severity: 'warning', code: 'bad_template', line, message: expect.stringMatching(/^in receiver "team" this template fails for /) },
    ]);
    expect(result.diagnostics[0]?.message).toContain(message);
  });

  test('what no alert that is sent can break is not warned about', async () => {
    // Without send_resolved there is always one that fires.
    const result = await load({ '/etc/tocsin.yml': slack("text: '{{ (index .Alerts.Firing 0).Annotations.none | toUpper }}'") });
    expect(told(result)).toBe('');
  });

  test('a default that a template file has broken is told at the receivers that use it', async () => {
    const files = {
      '/etc/tocsin.yml': `${slack('channel: c')}- {name: other, slack_configs: [{api_url: http://hook/}]}\ntemplates: [t.tmpl]\n`,
      '/etc/t.tmpl': '{{ define "slack.default.title" }}{{ .Nothing }}{{ end }}',
    };
    const places = (await load(files)).diagnostics.map(({ line, message }) => `${line}: ${message.slice(0, 80)}`);
    // The fallback has the title in it.
    expect(places).toEqual([
      '5: in receiver "team" "{{ template \\"slack.default.title\\" . }}", a default, fails ',
      '5: in receiver "team" "{{ template \\"slack.default.fallback\\" . }}", a default, fai',
      '7: in receiver "other" "{{ template \\"slack.default.title\\" . }}", a default, fails',
      '7: in receiver "other" "{{ template \\"slack.default.fallback\\" . }}", a default, fa',
    ]);
  });

  test('a secret is not in the words', async () => {
    const yaml =
      "global: {opsgenie_api_key: '{{ .Nothing }}SECRET'}\nroute: {receiver: team}\nreceivers: [{name: team, opsgenie_configs: [{}]}]\n";
    const result = await load({ '/etc/tocsin.yml': yaml });
    expect(told(result)).toMatch(/warning: in receiver "team" a secret fails for/);
    expect(told(result).replaceAll(/^\d \|.*$/gm, '')).not.toContain('SECRET');
  });

  test('a secret is not in the line that is shown', async () => {
    const result = await load({ '/etc/tocsin.yml': config("  ntfy_configs:\n  - topic: '{{ .Nothing }}SECRET'") });
    expect(told(result)).toMatch(/5 \|\s+- topic: <secret>/);
    expect(told(result)).not.toContain('SECRET');
  });
});
