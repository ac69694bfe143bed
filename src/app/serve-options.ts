/** argv of `tocsin serve` → AppOptions. Every mistake is one line that names the flag. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { formatDuration, parseDuration } from '../model/duration.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import { type Flag, SERVE_FLAGS } from './flags.ts';
import { type AppOptions, type ListenAddress } from './options.ts';

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** `-web.listen-address` as Go takes it, and our short names, to the one spelling of each flag. */
export function canonicalArgs(argv: readonly string[]): string[] {
  const spelled = new Map(SERVE_FLAGS.flatMap((flag) => (flag.also ?? []).map((also): [string, string] => [also, flag.name])));
  return argv.map((arg) => {
    const match = /^--?([A-Za-z][\w.-]*)(=.*)?$/s.exec(arg);
    if (match === null) return arg;
    const [, name = '', value = ''] = match;
    if (name.length === 1 && !spelled.has(name)) return arg;
    return `--${spelled.get(name) ?? name}${value}`;
  });
}

/** All of them, or those of these names. */
export function addServeFlags(command: Command, names?: readonly string[]): Command {
  const flags = SERVE_FLAGS.filter(({ name }) => names?.includes(name) ?? true);
  for (const flag of flags) for (const option of optionsOf(flag)) command.addOption(option);
  return command;
}

function optionsOf(flag: Flag): Option[] {
  const help = flag.ignored === undefined ? flag.help : `${flag.help} (no effect: ${flag.ignored})`;
  const shown = flag.fallback === '' || flag.kind === 'bool' ? help : `${help} (default ${flag.fallback})`;
  const also = (flag.also ?? []).map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ');
  const text = also === '' ? shown : `${shown}; also ${also}`;
  const hide = (option: Option): Option => (flag.ignored === undefined ? option : option.hideHelp());
  if (flag.kind === 'bool') return [hide(new Option(`--${flag.name}`, text)), new Option(`--no-${flag.name}`).hideHelp()];
  const option = new Option(`--${flag.name} <${flag.kind === 'list' ? 'text' : flag.kind}>`, text);
  if (flag.kind === 'list') option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  else option.argParser((value: string) => checked(flag, value));
  return [hide(option)];
}

function checked(flag: Flag, value: string): string {
  if (flag.kind === 'duration' && value !== '' && typeof parseGoDuration(value) !== 'number')
    throw new InvalidArgumentError(`"${value}" is not a duration: write a number and a unit of ms, s, m, h, d, w or y, such as 15d`);
  if (flag.kind === 'int' && !/^\d+$/.test(value)) throw new InvalidArgumentError(`"${value}" is not a whole number`);
  if (flag.kind === 'bytes' && value !== '' && bytesOf(value) === null)
    throw new InvalidArgumentError(`"${value}" is not a size: write a number and a unit of B, KB, MB, GB or TB, such as 512MB`);
  return value;
}

/** Go's 0s, 1m0s and 1.5h as well as Prometheus' spelling. */
function parseGoDuration(text: string): DurationMs | null {
  const plain = parseDuration(text);
  if (typeof plain === 'number') return plain;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return null;
  const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return durationMs(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0));
}

/** Powers of 1024, as Prometheus reads KB, MB … (alecthomas/units Base2Bytes). */
function bytesOf(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]?)i?B$/.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * 1024 ** ' KMGTPE'.indexOf(match[2] === '' ? ' ' : (match[2] ?? ' ')));
}

function addressOf(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new InvalidArgumentError(`--web.listen-address "${text}" is not host:port, such as 127.0.0.1:9099`);
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '0.0.0.0' : host, port };
}

/** `values` is what commander read; flags that were not given have their default. */
export function serveOptions(values: Values, version: string): AppOptions {
  const flagText = (flag: Flag): string => {
    const value = values[attributeOf(flag.name)];
    if (value === undefined) return flag.fallback;
    return typeof value === 'object' ? value.join(',') : String(value);
  };
  const byName = new Map(SERVE_FLAGS.map((flag) => [flag.name, flag]));
  const flagOf = (name: string): Flag => {
    const flag = byName.get(name);
    if (flag === undefined) throw new Error(`BUG: no flag ${name}`);
    return flag;
  };
  const text = (name: string): string => flagText(flagOf(name));
  const optional = (name: string): string | null => (text(name) === '' ? null : text(name));
  const isOn = (name: string): boolean => text(name) === 'true';
  const int = (name: string): number => Number(text(name));
  const duration = (name: string): DurationMs => parseGoDuration(text(name)) ?? durationMs(0);
  const list = (name: string): readonly string[] => {
    const value = values[attributeOf(name)];
    return typeof value === 'object' ? value : [text(name)];
  };
  const dataDir = text('storage.path').replace(/(.)\/+$/, '$1');
  const level = text('log.level');
  const format = text('log.format');
  if (level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error')
    throw new InvalidArgumentError(`--log.level "${level}": write debug, info, warn or error`);
  if (format !== 'logfmt' && format !== 'json') throw new InvalidArgumentError(`--log.format "${format}": write logfmt or json`);
  return {
    version,
    configFiles: list('config.file'),
    dataDir,
    tsdbDir: optional('storage.tsdb.path') ?? `${dataDir}/tsdb`,
    web: {
      listen: list('web.listen-address').map(addressOf),
      externalUrl: optional('web.external-url'),
      routePrefix: optional('web.route-prefix'),
      configFile: optional('web.config.file'),
      enableLifecycle: isOn('web.enable-lifecycle'),
      enableRemoteWriteReceiver: isOn('web.enable-remote-write-receiver'),
      enableAdminApi: isOn('web.enable-admin-api'),
      allowAnonymous: isOn('web.allow-anonymous'),
      corsOrigin: text('web.cors.origin'),
      getConcurrency: int('web.get-concurrency'),
      pageTitle: text('web.page-title'),
    },
    query: {
      lookbackDeltaMs: duration('query.lookback-delta'),
      timeoutMs: duration('query.timeout'),
      concurrencyMax: int('query.max-concurrency'),
      samplesMax: int('query.max-samples'),
    },
    rules: { resendDelayMs: duration('rules.alert.resend-delay') },
    storage: {
      retentionMs: optional('storage.tsdb.retention.time') === null ? null : duration('storage.tsdb.retention.time'),
      retentionBytes: optional('storage.tsdb.retention.size') === null ? null : bytesOf(text('storage.tsdb.retention.size')),
      walSegmentBytes: bytesOf(text('storage.tsdb.wal-segment-size')) ?? 0,
    },
    alerts: {
      retentionMs: duration('data.retention'),
      gcIntervalMs: duration('alerts.gc-interval'),
      perAlertnameLimit: int('alerts.per-alertname-limit'),
      silencesMax: int('silences.max-silences'),
      silenceBytesMax: int('silences.max-silence-size-bytes'),
      startDelayMs: duration('dispatch.start-delay'),
    },
    features: list('enable-feature')
      .flatMap((names) => names.split(','))
      .filter((name) => name !== ''),
    log: { level, format },
    flags: Object.fromEntries(
      SERVE_FLAGS.map((flag) => [
        flag.name,
        flag.kind === 'duration' && flagText(flag) !== ''
          ? formatDuration(parseGoDuration(flagText(flag)) ?? durationMs(0))
          : flagText(flag),
      ]),
    ),
    notes: SERVE_FLAGS.filter((flag) => flag.ignored !== undefined && values[attributeOf(flag.name)] !== undefined).map(
      (flag) => `--${flag.name} is ignored: ${flag.ignored}`,
    ),
  };
}

/** The key under which commander keeps an option: dashes become capitals, dots stay. */
const attributeOf = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
