/**
 * Natural order of texts, digits by their numbers: "node2" before "node10" (github.com/facette/natsort, which
 * Prometheus' sort_by_label uses).
 */
import { compareUtf8 } from './utf8-order.ts';

const CHUNK = /\d+|\D+/g;

/** True when a comes before b; of texts that differ in leading zeros only, the smaller text. */
export function naturalLess(a: string, b: string): boolean {
  const chunksA = a.match(CHUNK) ?? [];
  const chunksB = b.match(CHUNK) ?? [];
  for (let i = 0; i < chunksA.length && i < chunksB.length; i++) {
    const x = chunksA[i] ?? '';
    const y = chunksB[i] ?? '';
    if (x === y) continue;
    if (!isNumber(x) || !isNumber(y)) return compareUtf8(x, y) < 0;
    const numberX = BigInt(x);
    const numberY = BigInt(y);
    if (numberX !== numberY) return numberX < numberY;
  }
  if (chunksA.length !== chunksB.length) return chunksA.length < chunksB.length;
  return compareUtf8(a, b) < 0;
}

const isNumber = (chunk: string): boolean => /^\d/.test(chunk);
