import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { AppOptions } from './options.ts';
import { addServeFlags, canonicalArgs, serveOptions } from './serve-options.ts';

function parse(...argv: readonly string[]): AppOptions {
  const command = addServeFlags(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(canonicalArgs(argv), { from: 'user' });
  return serveOptions(command.opts(), '1.0.0');
}

describe('flags of serve', () => {
  test('none give what the README says', () => {
    const options = parse();
    expect(options.configFiles).toEqual(['tocsin.yml']);
    expect([options.dataDir, options.tsdbDir]).toEqual(['data', 'data/tsdb']);
    expect(options.web.listen).toEqual([{ host: '127.0.0.1', port: 9099 }]);
    expect(options.notes).toEqual([]);
  });

  test.each([
    ['-c a.yml -c b.yml', ['a.yml', 'b.yml']],
    ['--config.file=a.yml', ['a.yml']],
    ['--config.file a.yml --config.file=b.yml', ['a.yml', 'b.yml']],
    ['-config.file=a.yml', ['a.yml']],
  ])('%s names configuration files', (line, files) => {
    expect(parse(...line.split(' ')).configFiles).toEqual(files);
  });

  test("a Prometheus unit file's flags mean what they mean there", () => {
    const options = parse(
      '--storage.tsdb.path=/var/lib/prometheus',
      '--storage.tsdb.retention.time=15d',
      '--web.listen-address=0.0.0.0:9090',
      '--web.external-url=https://p.example.org/prom/',
      '--web.enable-lifecycle',
      '--no-web.enable-admin-api',
      '--enable-feature=promql-experimental-functions,type-and-unit-labels',
      '--query.lookback-delta=3m',
      '--log.format=json',
    );
    expect(options).toMatchObject({
      tsdbDir: '/var/lib/prometheus',
      dataDir: 'data',
      features: ['promql-experimental-functions', 'type-and-unit-labels'],
    });
    expect(options.web).toMatchObject({
      listen: [{ host: '0.0.0.0', port: 9090 }],
      externalUrl: 'https://p.example.org/prom/',
      enableLifecycle: true,
      enableAdminApi: false,
    });
    expect(options.storage.retentionMs).toBe(15 * 86_400_000);
    expect(options.query.lookbackDeltaMs).toBe(180_000);
    expect(options.log.format).toBe('json');
  });

  test('flags without effect are taken, and named', () => {
    const { notes, alerts } = parse(
      '--cluster.listen-address=',
      '--cluster.peer=a:9094',
      '--cluster.peer=b:9094',
      '--data.retention=48h',
      '--auto-gomemlimit.ratio=0.8',
    );
    expect(notes.map((note) => note.split(' ')[0])).toEqual(['--auto-gomemlimit.ratio', '--cluster.listen-address', '--cluster.peer']);
    expect(alerts.retentionMs).toBe(48 * 3_600_000);
  });

  test.each([
    ['--web.listen-address=9090', /is not host:port/],
    ['--web.listen-address=localhost:99999', /is not host:port/],
    ['--query.timeout=5minutes', /"5minutes" is not a duration/],
    ['--query.max-samples=many', /"many" is not a whole number/],
    ['--storage.tsdb.retention.size=5 apples', /is not a size/],
    ['--log.level=loud', /write debug, info, warn or error/],
    ['--web.listen-addres=127.0.0.1:1', /unknown option/],
  ])('%s is refused with the flag and the way out', (flag, message) => {
    expect(() => parse(flag)).toThrow(message);
  });

  test('every flag is shown with its value, as /api/v1/status/flags has it', () => {
    const { flags } = parse('--query.timeout=90s');
    expect(flags).toMatchObject({ 'query.timeout': '1m30s', 'web.enable-lifecycle': 'false', 'config.file': 'tocsin.yml' });
  });
});
