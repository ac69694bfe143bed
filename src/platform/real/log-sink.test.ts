import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { LogSink } from './log-sink.ts';

const directory = mkdtempSync(`${tmpdir()}/tocsin-log-`);
afterAll(() => rmSync(directory, { recursive: true }));

test('all lines leave, whole and in order', async () => {
  const path = `${directory}/log`;
  const fd = openSync(path, 'w');
  const sink = new LogSink(fd);
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ${'ü'.repeat(i % 50)}\n`);
  for (const line of lines) sink.write(line);
  await sink.drained(10_000);
  sink.write('one more\n');
  await sink.drained(10_000);
  await sink.drained(10_000);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe(`${lines.join('')}one more\n`);
  expect(sink.dropped).toBe(0);
});

test('what exceeds the bound is dropped and counted; there is room again when lines have left', async () => {
  const path = `${directory}/bounded`;
  const fd = openSync(path, 'w');
  const sink = new LogSink(fd, 10);
  for (const line of ['12345\n', 'abc\n', 'too much\n']) sink.write(line);
  await sink.drained(10_000);
  sink.write('again\n');
  await sink.drained(10_000);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('12345\nabc\nagain\n');
  expect(sink.dropped).toBe(1);
});

test('when the reader is gone, lines are dropped and nothing waits', async () => {
  const fd = openSync('/dev/null', 'r'); // cannot be written, as a closed pipe
  const sink = new LogSink(fd);
  sink.write('a\n');
  await sink.drained(10_000);
  sink.write('b\n');
  await sink.drained(10_000);
  closeSync(fd);
  expect(sink.dropped).toBe(1);
});
