/** The places where the program can be killed, as its source lists them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = new URL('../../src/model/crash-point.ts', import.meta.url);

export const crashLabels = (): readonly string[] =>
  [...readFileSync(fileURLToPath(SOURCE), 'utf8').matchAll(/'([a-z]+\.[a-z-]+)'/g)].map(([, label = '']) => label);
