import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digitByDigit, speakable } from './speech.ts';

test.each([
  ['HostDiskWillFill', 'Host Disk Will Fill'],
  ['HTTPServerDown on api_server', 'HTTP Server Down on api server'],
  ['usage is 95.3 % of 20GiB', 'usage is 95.3 percent of 20 gigabytes'],
  ['for 10m, then 1h30m', 'for 10 minutes, then 1 hour 30 minutes'],
  ['for 10m 0s', 'for 10 minutes'],
  ['latency > 250ms', 'latency above 250 milliseconds'],
  ['1m', '1 minute'],
  ['42/s and 5MB/s', '42 per second and 5 megabytes per second'],
  ['temperature 71°C', 'temperature 71 degrees C'],
  ['load >= 4 & rising', 'load at least 4 and rising'],
  ['see https://runbooks.example.org/x?y=1 now', 'see now'],
  ['{instance="web-1:9100", job="api"}', 'instance is web-1:9100, job is api'],
  ['<speak><break time="10s"/>hi</speak>', 'below speak above below break time is 10 seconds above hi below speak above'],
  ['🔥 down 🔥', 'down'],
  ['one\n\ntwo', 'one. two'],
  ['id 0123456789abcdef0123456789abcdef0123', 'id 0123456789abcdef0123456789ab'],
  ['model m2.5x', 'model m2.5x'],
])('%j is read as %j', (text, spoken) => {
  expect(speakable(text)).toBe(spoken);
});

test('of 300 KB the beginning is read', () => {
  const spoken = speakable('some words '.repeat(30_000));
  expect(spoken.length).toBeLessThan(620);
  expect(spoken).toMatch(/some words, and more$|some, and more$/);
});

test('a code is read digit by digit', () => {
  expect(digitByDigit('+49 12')).toBe('4 9 1 2');
});

test('nothing that is read has signs that a voice stumbles over', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const spoken = speakable(text);
      expect(spoken).not.toMatch(/[<>&=_{}[\]|\\/"\p{Cc}]|https?:/u);
      expect(spoken.length).toBeLessThanOrEqual(610);
    }),
  );
});
