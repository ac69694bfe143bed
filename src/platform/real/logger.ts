/**
 * Lines on stderr, as Prometheus writes them: `--log.format` logfmt or json, `--log.level` from debug to error.
 * Written by a thread of Node's pool: whoever stops reading our stderr must not stop us. Lines that have nowhere to go
 * are dropped beyond a bound.
 */
import { type DestinationStream, pino } from 'pino';
import { goQuote } from '../../lib/go-quote.ts';
import type { Log } from '../../model/log.ts';

export type LogFormat = 'logfmt' | 'json';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type Logger = {
  readonly log: Log;
  /** Writes what is still waiting; for the last moment before the process ends. */
  flush(): void;
};

const WAITING_BYTES_MAX = 4 * 1024 * 1024;

export function stderrLogger(options: { readonly format: LogFormat; readonly level: LogLevel }): Logger {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: WAITING_BYTES_MAX });
  destination.on('error', () => {}); // stderr is gone: there is nobody left to tell
  return {
    log: logTo(destination, options),
    flush: () => destination.flushSync(),
  };
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
