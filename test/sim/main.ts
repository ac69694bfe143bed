/** `npm run sim`: runs seeds of the simulation, says what it found, and exits 1 where an invariant was violated. */
import { Command } from 'commander';
import { parseDuration } from '../../src/model/duration.ts';
import { MUTANTS } from './suite/mutants.ts';
import { type RunResult, simulate } from './suite/simulation.ts';

// A simulated process that dies leaves its promises behind; the world they belonged to is gone.
process.on('unhandledRejection', (error) => {
  if (!(error instanceof Error && error.name === 'SimulatedCrash')) throw error;
});

const command = new Command('sim')
  .option('--seed <number>', 'one seed')
  .option('--seeds <range>', 'seeds A..B, both included')
  .option('--until <duration>', 'how much simulated time', '4h')
  .option('--verbose', 'the whole story')
  .option('--mutants', 'for each planted bug, the first seed that finds it')
  .parse();
const { seed, seeds, until, verbose, mutants } = command.opts<{
  readonly mutants?: boolean;
  readonly seed?: string;
  readonly seeds?: string;
  readonly until: string;
  readonly verbose?: boolean;
}>();
const untilMs = parseDuration(until);
if (typeof untilMs !== 'number') command.error(`--until "${until}" is not a duration: write a number and a unit, such as 4h`);
const [from = 1, to = from] = (seed ?? seeds ?? (mutants === true ? '1..500' : '1..20')).split('..').map(Number);
const STORY_LINES = 40;

if (mutants === true) await findMutants();
else await runSeeds();

async function runSeeds(): Promise<void> {
  let failed = 0;
  for (let n = from; n <= to; n++) {
    const began = performance.now();
    const result = await simulate({ seed: n, untilMs: untilMs as number });
    if (result.violation !== null) failed++;
    if (result.violation !== null || verbose === true || from === to) print(result, performance.now() - began);
  }
  process.stdout.write(`${to - from + 1} seeds, ${failed} with a violation\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function findMutants(): Promise<void> {
  for (const mutant of MUTANTS) {
    let found: RunResult | null = null;
    for (let n = from; n <= to && found === null; n++) {
      const result = await simulate({ seed: n, untilMs: untilMs as number, mutant });
      if (result.violation !== null) found = result;
    }
    const how =
      found === null
        ? `not found in ${to - from + 1} seeds`
        : `seed ${found.seed}: ${found.violation?.invariant}: ${found.violation?.text}`;
    process.stdout.write(`${mutant.name}: ${how}\n`);
    if (found === null) process.exitCode = 1;
  }
}

function print({ seed: n, profile, violation, story, hash, counts }: RunResult, ms: number): void {
  const shown = verbose === true ? story : violation === null ? [] : story.slice(-STORY_LINES);
  const what = `${profile.faults.join(', ') || 'no faults'}; ${counts.boots} boots, ${counts.taken} notifications, ${counts.events} events`;
  const lines = [
    `seed ${n}: ${violation === null ? 'all invariants held' : `${violation.invariant} violated`} (${what}; ${Math.round(ms)} ms; ${hash.slice(0, 12)})`,
    ...(violation === null ? [] : [`  ${violation.text}`]),
    ...shown.map((line) => `  ${line}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
