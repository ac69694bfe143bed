/** The simulation suite in small: seeds of every kind, the seeds that once failed, and that planted bugs are found. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDuration } from '../../src/model/duration.ts';
import { MUTANTS } from './suite/mutants.ts';
import { type RunResult, simulate } from './suite/simulation.ts';

const MINUTE = 60_000;

/** What a failure shows. */
const verdict = ({ violation, story }: RunResult): readonly string[] =>
  violation === null ? [] : [`${violation.invariant}: ${violation.text}`, ...story.slice(-40)];

describe('the simulation', () => {
  test.each([2, 3])('seed %i holds all invariants', async (seed) => {
    expect(verdict(await simulate({ seed, untilMs: 30 * MINUTE }))).toEqual([]);
  });

  test.each(
    readdirSync('test/sim/seeds').map(
      (file) =>
        JSON.parse(readFileSync(`test/sim/seeds/${file}`, 'utf8')) as {
          readonly seed: number;
          readonly until: string;
          readonly found: string;
          readonly isPlain?: boolean;
        },
    ),
  )('seed $seed, which once found: $found', async ({ seed, until, isPlain = false }) => {
    const untilMs = parseDuration(until);
    expect(verdict(await simulate({ seed, untilMs: untilMs as number, isPlain }))).toEqual([]);
  });

  test('the same seed gives the same history, another seed another', async () => {
    const run = async (seed: number): Promise<string> => (await simulate({ seed, untilMs: 20 * MINUTE })).hash;
    const first = await run(5);
    expect(await run(5)).toBe(first);
    expect(await run(6)).not.toBe(first);
  });

  test.each(MUTANTS)('finds a planted bug: $name', async (mutant) => {
    const { seed, untilMs, invariants, isPlain = false } = mutant;
    const { violation } = await simulate({ seed, untilMs, mutant, isPlain });
    expect(invariants).toContain(violation?.invariant);
  });
});
