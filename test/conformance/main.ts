/** npm run conformance -- [--dir DIR] [--list] [--verbose] [suite/kind…]; see `USAGE`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CaseResult } from './kind.ts';
import { KINDS } from './kinds.ts';
import { REQUIRED } from './required.ts';

const USAGE = `usage: npm run conformance -- [--dir DIR] [--list] [--require] [suite/kind…]

Runs the tables of DIR (default ../shared/conformance), which holds prometheus/ and alertmanager/;
a kind is one of their folders, such as prometheus/relabel. Names each failing case.
  --list     print the kinds and stop
  --require  exit 1 only when a kind of test/conformance/required.ts has a failing case`;

const FAILURES_SHOWN_MAX = 50;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      dir: { type: 'string', default: '../shared/conformance' },
      list: { type: 'boolean' },
      require: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const present = kindsIn(values.dir);
  if (present.length === 0) {
    console.log(`no conformance data in ${values.dir}`);
    return 2;
  }
  const unknown = positionals.filter((kind) => !present.includes(kind));
  if (unknown.length > 0) {
    console.error(`no such kind in ${values.dir}: ${unknown.join(', ')}; there are ${present.join(', ')}`);
    return 2;
  }
  if (values.list === true) {
    for (const kind of present) console.log(`${kind}${kind in KINDS ? '' : ' (no runner yet)'}`);
    return 0;
  }
  const total = { passed: 0, failed: 0, skipped: 0 };
  const broken: string[] = [];
  for (const kind of positionals.length > 0 ? positionals : present) {
    const load = KINDS[kind];
    if (load === undefined) {
      console.log(`${kind}: no runner yet`);
      continue;
    }
    const results = await (await load())(join(values.dir, kind));
    report(kind, results);
    const counts = count(results);
    for (const outcome of ['passed', 'failed', 'skipped'] as const) total[outcome] += counts[outcome];
    if (counts.failed > 0 && (values.require !== true || REQUIRED.includes(kind))) broken.push(kind);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (broken.length > 0) console.log(`failing: ${broken.join(', ')}`);
  return broken.length > 0 ? 1 : 0;
}

function kindsIn(dir: string): readonly string[] {
  return ['prometheus', 'alertmanager'].flatMap((suite) => {
    try {
      return readdirSync(join(dir, suite), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${suite}/${entry.name}`);
    } catch {
      return []; // a directory of one suite only is a directory too
    }
  });
}

function count(results: readonly CaseResult[]): { passed: number; failed: number; skipped: number } {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of results) counts[result.outcome]++;
  return counts;
}

function report(kind: string, results: readonly CaseResult[]): void {
  const failed = results.filter((result) => result.outcome === 'failed');
  for (const result of failed.slice(0, FAILURES_SHOWN_MAX)) {
    console.log(`${kind} ${result.id}: failed\n  expected ${result.expected}\n  got      ${result.got}`);
  }
  if (failed.length > FAILURES_SHOWN_MAX) console.log(`${kind}: ${failed.length - FAILURES_SHOWN_MAX} more failures`);
  for (const result of results) if (result.outcome === 'skipped') console.log(`${kind} ${result.id}: skipped: ${result.reason}`);
  const { passed, skipped } = count(results);
  console.log(`${kind}: ${passed} passed, ${failed.length} failed, ${skipped} skipped`);
}

process.exitCode = await main(process.argv.slice(2));
