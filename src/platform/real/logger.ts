/** Lines on stderr, as Prometheus writes them: `--log.format` logfmt or json, `--log.level` from debug to error. */
import { type DestinationStream, pino } from 'pino';
import { goQuote } from '../../lib/go-quote.ts';
import type { Log } from '../../model/log.ts';
import { LogSink, stderrDescriptor } from './log-sink.ts';

export type LogFormat = 'logfmt' | 'json';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = {
  readonly log: Log;
  /** Resolves when all lines have left, after a second at the latest; before the process ends. */
  flush(): Promise<void>;
  /** Lines dropped because nobody read them. */
  dropped(): number;
};

const FLUSH_MS_MAX = 1000;

export function stderrLogger(options: { readonly format: LogFormat; readonly level: LogLevel }): Logger {
  const sink = new LogSink(stderrDescriptor());
  return { log: logTo(sink, options), flush: () => sink.drained(FLUSH_MS_MAX), dropped: () => sink.dropped };
}

export function logTo(destination: DestinationStream, options: { readonly format: LogFormat; readonly level: LogLevel }): Log {
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    options.format === 'json' ? destination : { write: (line) => destination.write(logfmt(line)) },
  );
  return wrap(root);
}

const wrap = (logger: pino.Logger): Log => ({
  debug: (message, fields) => logger.debug(fields ?? {}, message),
  info: (message, fields) => logger.info(fields ?? {}, message),
  warn: (message, fields) => logger.warn(fields ?? {}, message),
  error: (message, fields) => logger.error(fields ?? {}, message),
  with: (fields) => wrap(logger.child(fields)),
});

/** One of pino's JSON lines as logfmt: time, level and message first. */
function logfmt(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${logfmtValue(value)}`);
  return `time=${String(time)} level=${String(level)} msg=${logfmtValue(msg)}${rest.join('')}\n`;
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text !== '' && /^[^\s"=\p{C}]*$/u.test(text) ? text : goQuote(text);
}
