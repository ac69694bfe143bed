/** Our own scripts in promqltest's form, each with metric names dropped at once and at the end. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScript, SCRIPT_ENGINE_OPTIONS } from '../support/promqltest/run-script.ts';

const DIR = import.meta.dirname;

describe.each(readdirSync(DIR).filter((file) => file.endsWith('.test')))('%s', (file) => {
  const text = readFileSync(join(DIR, file), 'utf8');
  test.each([true, false])('delayed name removal: %s', (delayedNameRemoval) => {
    const problems = runScript(text, { ...SCRIPT_ENGINE_OPTIONS, delayedNameRemoval }).filter(({ problem }) => problem !== null);
    expect(problems).toEqual([]);
  });
});
