/**
 * What somebody sees who starts the program with something wrong: one message that names the place or the thing and says
 * what to do, on standard error, and exit code 1 (2 for flags). `check` says the same of files, on standard output.
 */
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import Sqlite from 'better-sqlite3';
import { describe, expect } from 'vitest';
import { freePort } from '../support/e2e/ports.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { tocsinCommand } from '../support/e2e/tocsin.ts';

const FILE_MISTAKES: readonly { readonly mistake: string; readonly files: Readonly<Record<string, string>>; readonly says: string }[] = [
  {
    mistake: 'a bracket that is not closed',
    files: { 'tocsin.yml': 'scrape_configs:\n  - job_name: api\n    static_configs: [targets: [api:80]\nrule_files: []\n' },
    says: `tocsin.yml:3:21: error: not valid YAML: this bracket is not closed
3 |     static_configs: [targets: [api:80]
                        ^
`,
  },
  {
    mistake: 'a field that does not exist',
    files: { 'tocsin.yml': 'global:\n  scrape_intervall: 5s\nscrape_config: []\n' },
    says: `tocsin.yml:2:3: error: unknown field "scrape_intervall"
2 |   scrape_intervall: 5s
      ^
help: did you mean "scrape_interval"?

tocsin.yml:3:1: error: unknown field "scrape_config"
3 | scrape_config: []
    ^
help: did you mean "scrape_configs"?
`,
  },
  {
    mistake: 'a bad regular expression and a bad matcher',
    files: {
      'tocsin.yml': `scrape_configs:
  - job_name: api
    relabel_configs: [{source_labels: [a], regex: '(a', target_label: b}]
route: {receiver: a, routes: [{matchers: ['team=~(a']}, {matchers: [team]}]}
receivers: [{name: a}]
`,
    },
    says: `tocsin.yml:3:51: error: "(a" is not a regular expression: missing closing ): \`^(?s:(a)$\`
3 |     relabel_configs: [{source_labels: [a], regex: '(a', target_label: b}]
                                                      ^

tocsin.yml:4:43: error: error parsing regexp: missing closing ): \`^(?:(a)$\`
4 | route: {receiver: a, routes: [{matchers: ['team=~(a']}, {matchers: [team]}]}
                                              ^
help: write name="value", with =, !=, =~ or !~

tocsin.yml:4:69: error: bad matcher format: team
4 | route: {receiver: a, routes: [{matchers: ['team=~(a']}, {matchers: [team]}]}
                                                                        ^
help: write name="value", with =, !=, =~ or !~
`,
  },
  {
    mistake: 'a bad duration',
    files: { 'tocsin.yml': 'global: {scrape_interval: 5min}\n' },
    says: `tocsin.yml:1:27: error: "5min" is not a duration
1 | global: {scrape_interval: 5min}
                              ^
help: write a number and a unit of ms, s, m, h, d, w or y: 5m
`,
  },
  {
    mistake: 'a receiver that nobody defines',
    files: { 'tocsin.yml': 'route:\n  receiver: teem\nreceivers:\n  - name: team\n' },
    says: `tocsin.yml:2:13: error: undefined receiver "teem" used in route
2 |   receiver: teem
                ^
help: did you mean "team"?
`,
  },
  {
    mistake: 'two files that both route',
    files: {
      'alertmanager.yml': 'route: {receiver: team}\nreceivers: [{name: team}]\n',
      'tocsin.yml': 'global: {scrape_interval: 5s}\nroute:\n  receiver: me\n',
    },
    says: `tocsin.yml:2:1: error: "route" is already set at alertmanager.yml:1:1
2 | route:
    ^
alertmanager.yml:1:1: the first one
1 | route: {receiver: team}
    ^
`,
  },
  {
    mistake: 'a rule whose expression does not parse',
    files: {
      'tocsin.yml': 'rule_files: [rules/*.yml]\n',
      'rules/api.yml': `groups:
  - name: api
    rules:
      - alert: Down
        expr: |
          up == 0 and
            on(job sum(x)
      - alert: Slow
        expr: rate(latency_seconds_sum) > 1
        for: 5min
`,
    },
    says: `rules/api.yml:7:20: error: in the expression: unexpected <aggr:sum> in grouping opts, expected "," or ")"
7 |             on(job sum(x)
                       ^

rules/api.yml:9:20: error: in the expression: expected type range vector in call to function "rate", got instant vector
9 |         expr: rate(latency_seconds_sum) > 1
                       ^

rules/api.yml:10:14: error: "5min" is not a duration
10 |         for: 5min
                  ^
help: write a number and a unit of ms, s, m, h, d, w or y: 5m
`,
  },
  {
    mistake: 'a template that does not parse',
    files: {
      'tocsin.yml': 'templates: [mail.tmpl]\nroute: {receiver: team}\nreceivers: [{name: team}]\n',
      'mail.tmpl': '{{ define "subject" }}\n{{ .GroupLabels.alertname | shout }}\n{{ end }}\n',
    },
    says: `mail.tmpl:2:29: error: function "shout" not defined
2 | {{ .GroupLabels.alertname | shout }}
                                ^
`,
  },
  {
    mistake: 'a mail receiver without a server',
    files: { 'tocsin.yml': 'route: {receiver: team}\nreceivers: [{name: team, email_configs: [{to: team@example.org}]}]\n' },
    says: `tocsin.yml:2:42: error: no global SMTP smarthost set
2 | receivers: [{name: team, email_configs: [{to: team@example.org}]}]
                                             ^
help: set smarthost here or smtp_smarthost below global

tocsin.yml:2:42: error: no global SMTP from set
2 | receivers: [{name: team, email_configs: [{to: team@example.org}]}]
                                             ^
help: set from here or smtp_from below global
`,
  },
  {
    mistake: 'no configuration file',
    files: {},
    says: `tocsin.yml:1:1: error: cannot read the file: read "tocsin.yml": no such file or directory
help: give the path of a configuration file with -c
`,
  },
];

describe.concurrent('a mistake in the files', () => {
  test.for(FILE_MISTAKES)('$mistake is shown, by serve and by check', async ({ files, says }, { stage, expect }) => {
    stage.write(files);
    const paths = Object.keys(files).filter((path) => !path.includes('/') && path.endsWith('.yml'));
    const configs = paths.length === 0 ? ['tocsin.yml'] : paths;
    const [served, checked] = await Promise.all([
      tocsinCommand(['serve', ...configs.flatMap((path) => ['-c', path]), ...(await address())], { cwd: stage.dir }),
      tocsinCommand(['check', ...configs], { cwd: stage.dir }),
    ]);
    expect(served).toMatchObject({ code: 1, stderr: says, stdout: '' });
    expect(checked).toMatchObject({ code: 1, stderr: '' });
    expect(checked.stdout.replace(/\n\d+ errors?\n$/, '')).toBe(says);
  });
});

/** Flags for an address of its own: a program that starts against expectation disturbs no other. */
const address = async (): Promise<readonly string[]> => ['--web.listen-address', `127.0.0.1:${await freePort()}`];

const FLAG_MISTAKES: readonly { readonly args: readonly string[]; readonly says: string }[] = [
  {
    args: ['serve', '--scrape.interval=5s'],
    says: `error: unknown option '--scrape.interval=5s'
`,
  },
  {
    args: ['serve', '--query.timeout=5min'],
    says: `error: option '--query.timeout <duration>' argument '5min' is invalid. "5min" is not a duration: write a number and a unit of ms, s, m, h, d, w or y, such as 15d
`,
  },
  {
    args: ['serve', '--web.listen-address=localhost'],
    says: `error: --web.listen-address "localhost" is not host:port, such as 127.0.0.1:9099
`,
  },
  {
    args: ['serve', '--storage.tsdb.retention.size=10'],
    says: `error: option '--storage.tsdb.retention.size <bytes>' argument '10' is invalid. "10" is not a size: write a number and a unit of B, KB, MB, GB or TB, such as 512MB
`,
  },
  {
    args: ['serve', '--log.level=loud'],
    says: `error: --log.level "loud": write debug, info, warn or error
`,
  },
  {
    args: ['serve', 'prometheus.yml'],
    says: `error: "prometheus.yml" is no command (serve, check, test, receivers, explain, import-alertmanager, amtool). Configuration files are given to serve with -c
`,
  },
  {
    args: ['chekc'],
    says: `error: "chekc" is no command (serve, check, test, receivers, explain, import-alertmanager, amtool). Configuration files are given to serve with -c
`,
  },
  {
    args: ['check', '--strict'],
    says: `error: unknown option '--strict'
`,
  },
];

describe.concurrent('a mistake in the flags', () => {
  test.for(FLAG_MISTAKES)('$args is refused with code 2', async ({ args, says }, { stage, expect }) => {
    expect(await tocsinCommand(args, { cwd: stage.dir })).toMatchObject({ code: 2, stderr: says, stdout: '' });
  });
});

describe.concurrent('what cannot be had', () => {
  /** What `serve` says before it ends with code 1, its log lines and port numbers left out. */
  async function refusal(stage: Stage, args: readonly string[]): Promise<string> {
    stage.write({ 'tocsin.yml': 'global: {}\n' });
    const { code, stderr } = await tocsinCommand(['serve', ...(await address()), ...args], { cwd: stage.dir });
    expect({ code, stderr }).toMatchObject({ code: 1 });
    return stderr.replace(/^time=.*\n/gm, '').replace(/:\d{5}/g, ':PORT');
  }

  test('a port that is in use', async ({ stage, expect }) => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    expect(await refusal(stage, ['--web.listen-address', `127.0.0.1:${port}`])).toMatchInlineSnapshot(`
      "cannot listen on 127.0.0.1:PORT: the address is in use; stop the process that holds it, or choose another address
      "
    `);
    other.close();
  });

  test('an address for everybody without authentication', async ({ stage, expect }) => {
    expect(await refusal(stage, ['--web.listen-address', '0.0.0.0:9099'])).toMatchInlineSnapshot(`
      "--web.listen-address=0.0.0.0:9099 would let everybody who reaches it read alerts and silence them. Either configure authentication (--web.config.file with basic_auth_users), or say --web.allow-anonymous
      "
    `);
  });

  test('a web configuration that is not there', async ({ stage, expect }) => {
    expect(await refusal(stage, ['--web.config.file', 'web.yml'])).toMatchInlineSnapshot(`
      "--web.config.file cannot be used:
      read "web.yml": no such file or directory
      "
    `);
  });

  // Root may write everywhere: a file in the way is what cannot be written for anybody.
  test('a data directory that is a file', async ({ stage, expect }) => {
    stage.write({ data: '' });
    expect(await refusal(stage, ['--data', 'data'])).toMatchInlineSnapshot(`
      "the data directory data cannot be used: make directory "data": something else is there already; give another with --data, or make it writable
      "
    `);
  });

  test('a data directory below a file', async ({ stage, expect }) => {
    stage.write({ data: '' });
    expect(await refusal(stage, ['--data', 'data/tocsin'])).toMatchInlineSnapshot(`
      "the data directory data/tocsin cannot be used: make directory "data/tocsin": a part of the path is not a directory; give another with --data, or make it writable
      "
    `);
  });

  test.runIf(process.platform === 'linux')('a data directory where there can be none', async ({ stage, expect }) => {
    expect(await refusal(stage, ['--data', '/proc/tocsin/data'])).toMatchInlineSnapshot(`
      "the data directory /proc/tocsin/data cannot be used: make directory "/proc/tocsin/data": no such file or directory; give another with --data, or make it writable
      "
    `);
  });

  test('a log of samples that is a file', async ({ stage, expect }) => {
    stage.write({ 'data/tsdb/wal': '' });
    expect(await refusal(stage, ['--data', 'data'])).toMatchInlineSnapshot(`
      "cannot open the time-series database in data/tsdb: make directory "data/tsdb/wal": something else is there already
      "
    `);
  });

  test('a data directory that another process uses', async ({ stage, expect }) => {
    stage.write({ 'tocsin.yml': 'global: {}\n' });
    const tocsin = await stage.tocsin();
    await tocsin.start();
    const said = await refusal(stage, ['--data', 'data']);
    expect(said.replace(`${tocsin.program.pid} on ${hostname()}`, 'PID on HOST')).toMatchInlineSnapshot(`
      "the data directory is in use by process PID on HOST (lock file "data/tocsin.lock"); stop it, or choose another directory
      "
    `);
  });

  test('a state database that is not one', async ({ stage, expect }) => {
    stage.write({ 'data/state.db': 'not a database, but a text of more than a few bytes\n'.repeat(100) });
    expect(await refusal(stage, ['--data', 'data'])).toMatchInlineSnapshot(`
      "cannot open the state database data/state.db: file is not a database; check that the data directory exists, is writable and that the file is a SQLite database
      "
    `);
  });

  test('a state database of a newer version', async ({ stage, expect }) => {
    stage.write({ 'data/.keep': '' });
    const database = new Sqlite(`${stage.dir}/data/state.db`);
    database.exec(`CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash TEXT, created_at NUMERIC);
      INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('of a step to come', 1);`);
    database.close();
    const said = await refusal(stage, ['--data', 'data']);
    expect(said.replace(/knows \d+/, 'knows N')).toMatchInlineSnapshot(`
      "the state database data/state.db was written by a newer version (1 schema steps, this version knows N); start that version, or restore a backup from before the upgrade
      "
    `);
  });
});
