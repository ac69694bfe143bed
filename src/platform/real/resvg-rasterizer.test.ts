import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { ResvgRasterizer } from './resvg-rasterizer.ts';

const svg = (content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 40 20" font-family="DejaVu Sans, sans-serif">${content}</svg>`;

/** How many different bytes a PNG's rows have: the edges of letters are of many greys. */
function greysIn(png: Uint8Array): number {
  const bytes = Buffer.from(png);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  return new Set(inflateSync(Buffer.concat(parts))).size;
}

test('a drawing becomes a PNG of the width asked for, with letters in it whatever fonts the machine has', async () => {
  const rasterizer = new ResvgRasterizer(silentLog);
  const blank = await rasterizer.png(svg(''), 80);
  const words = await rasterizer.png(svg('<text x="2" y="15" font-size="14">µ now</text>'), 80);
  const header = Buffer.from(words ?? []);
  expect(header.toString('latin1', 1, 4)).toBe('PNG');
  expect([header.readUInt32BE(16), header.readUInt32BE(20)]).toEqual([80, 40]);
  expect(greysIn(words ?? new Uint8Array())).toBeGreaterThan(greysIn(blank ?? new Uint8Array()) + 10);
});

test('what is no drawing is none', async () => {
  const rasterizer = new ResvgRasterizer(silentLog);
  expect(await rasterizer.png('<p>', 80)).toBeNull();
});
