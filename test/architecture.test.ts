import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, test } from 'vitest';

const BELOW = ['lib', 'model', 'config'];
/** Each pure folder of src, and the folders it may import besides itself. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  model: ['lib'],
  config: ['lib', 'model'],
  template: BELOW,
  promql: BELOW,
  tsdb: BELOW,
  scrape: BELOW,
  rules: [...BELOW, 'promql', 'template'],
  alerts: BELOW,
  notify: [...BELOW, 'template'],
  oncall: BELOW,
};
/** The shell; api and web read the engines, app wires everything, cli starts app. */
const SHELL: Readonly<Record<string, readonly string[]>> = {
  db: ['lib', 'model', 'alerts', 'notify', 'oncall', 'rules'], // engines by `import type`: the states it saves
  platform: ['lib', 'model'],
  api: [...Object.keys(PURE), 'db'],
  web: ['api'],
  app: [...Object.keys(PURE), 'db', 'platform', 'api', 'web'],
  cli: ['app'],
};
const MAY_IMPORT = { ...PURE, ...SHELL };
const IMPURE = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/; // what tsconfig.pure.json cannot see

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.includes('/') && file.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(file),
);

test.each(files)('src/%s keeps to its layer', (file) => {
  const area = file.slice(0, file.indexOf('/'));
  const text = readFileSync(`src/${file}`, 'utf8');
  const allowed = [area, ...(MAY_IMPORT[area] ?? [])];
  const imported = [...text.matchAll(/from '(\.\.\/[^']+)'/g)].map((match) => join(dirname(file), match[1] ?? '').split('/')[0] ?? '');
  const impure = area in PURE ? text.match(IMPURE)?.[0] : undefined;
  expect({ impure, forbidden: imported.filter((name) => !allowed.includes(name)) }).toEqual({ impure: undefined, forbidden: [] });
});
