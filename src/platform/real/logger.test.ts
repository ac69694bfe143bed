import { expect, test, vi } from 'vitest';
import { Secret } from '../../model/secret.ts';
import { type LogFormat, type LogLevel, logTo } from './logger.ts';

function written(format: LogFormat, level: LogLevel, write: (log: ReturnType<typeof logTo>) => void): string {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_123 });
  const lines: string[] = [];
  write(logTo({ write: (line) => void lines.push(line) }, { format, level }));
  vi.useRealTimers();
  return lines.join('');
}
const TIME = '2023-11-14T22:13:20.123Z';

test('logfmt has time, level and message first, and quotes what needs it as Go does', () => {
  const text = written('logfmt', 'info', (log) => {
    log.with({ component: 'rules' }).info('Server is ready', { took: 1.5, ok: true, none: null, left: undefined });
    log.error('', { path: '/a b', quote: 'a"b', equals: 'a=b', lines: 'a\nb', empty: '', letters: 'größe' });
  });
  expect(text).toBe(
    `time=${TIME} level=INFO msg="Server is ready" component=rules took=1.5 ok=true none=null\n` +
      `time=${TIME} level=ERROR msg="" path="/a b" quote="a\\"b" equals="a=b" lines="a\\nb" empty="" letters=größe\n`,
  );
});

test('json is one object a line', () => {
  const text = written('json', 'debug', (log) => log.with({ component: 'scrape' }).warn('slow', { ms: 3 }));
  expect(JSON.parse(text)).toEqual({ level: 'WARN', time: TIME, component: 'scrape', msg: 'slow', ms: 3 });
});

test.each<{ level: LogLevel; shown: string }>([
  { level: 'debug', shown: 'DEBUG INFO WARN ERROR' },
  { level: 'info', shown: 'INFO WARN ERROR' },
  { level: 'warn', shown: 'WARN ERROR' },
  { level: 'error', shown: 'ERROR' },
])('at level $level, $shown are written', ({ level, shown }) => {
  const text = written('logfmt', level, (log) => {
    log.debug('x');
    log.info('x');
    log.warn('x');
    log.error('x');
  });
  expect([...text.matchAll(/level=(\w+)/g)].map(([, name]) => name).join(' ')).toBe(shown);
});

test('a secret never shows, in either format', () => {
  const secret = new Secret('hunter2');
  const fields = { password: secret as unknown as string, url: `http://u:${String(secret)}@h` };
  for (const format of ['logfmt', 'json'] as const) {
    const text = written(format, 'info', (log) => log.info('x', fields));
    expect(text).not.toContain('hunter2');
    expect(text).toContain('<secret>');
  }
});
