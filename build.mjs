/**
 * Bundles the program into dist/: main.js (control thread) and engine.js (engine thread), and beside them what both share
 * and what is loaded only when it is used. Native packages stay outside. `--if-stale` does nothing while no source is
 * newer than the bundle; `--is-fresh` builds nothing and exits 1 when one is.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const INPUTS = ['src', 'package.json', 'package-lock.json', 'build.mjs'];

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/**
 * What esbuild leaves as it is, in comments and tagged templates. V8 keeps a source with one such character in it as
 * UTF-16: twice the memory, in each thread.
 */
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const isFresh = existsSync('dist/main.js') && statSync('dist/main.js').mtimeMs > Math.max(...INPUTS.map(newest));
if (process.argv.includes('--is-fresh')) {
  process.exitCode = isFresh ? 0 : 1;
} else if (!(process.argv.includes('--if-stale') && isFresh)) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  rmSync('dist', { recursive: true, force: true });
  await build({
    entryPoints: { main: 'src/main.ts', engine: 'src/engine-main.ts' },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    splitting: true,
    sourcemap: true,
    legalComments: 'none',
    external: ['better-sqlite3', '@resvg/resvg-js'],
    define: { TOCSIN_VERSION: JSON.stringify(version) },
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  for (const name of readdirSync('dist').filter((file) => file.endsWith('.js'))) {
    const path = join('dist', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/[^\0-\x7f]/g, escaped));
  }
}

const run = process.argv.indexOf('--run');
if (run >= 0) {
  process.argv = [process.argv[0], 'dist/main.js', ...process.argv.slice(run + 1)];
  await import('./dist/main.js');
}
