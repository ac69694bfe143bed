/** prometheus/promqltest: PromQL test scripts, one case per eval statement. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runScript } from '../../support/promqltest/run-script.ts';
import type { CaseResult, KindRunner } from '../kind.ts';

export const run: KindRunner = async (dir) =>
  readdirSync(dir)
    .filter((file) => file.endsWith('.test'))
    .flatMap((file) =>
      runScript(readFileSync(join(dir, file), 'utf8')).map(({ line, expr, problem }): CaseResult => {
        const id = `${file}:${line}`;
        return problem === null ? { id, outcome: 'passed' } : { id, outcome: 'failed', expected: expr, got: problem };
      }),
    );
