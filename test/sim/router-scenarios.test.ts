import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { canRestart, play, type Scenario, whyNotPlayed } from './router-scenario.ts';

const DIR = join(process.env['CONFORMANCE_DIR'] ?? '../shared/conformance', 'alertmanager/acceptance');
const scenarios = existsSync(DIR)
  ? readdirSync(DIR)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => parse(readFileSync(join(DIR, file), 'utf8')) as Scenario)
  : [];

describe('Alertmanager acceptance scenarios, router alone', () => {
  test.skipIf(scenarios.length > 0)(`the scenarios are not in ${DIR}`, ({ skip }) => skip());
  for (const scenario of scenarios) {
    const beyond = whyNotPlayed(scenario);
    test.skipIf(beyond !== null)(`${scenario.id}${beyond === null ? '' : ` (${beyond})`}`, () => {
      expect(play(scenario, { restarting: false })).toEqual([]);
    });
    test.skipIf(beyond !== null || !canRestart(scenario))(`${scenario.id}, restarted from its rows after every step`, () => {
      expect(play(scenario, { restarting: true })).toEqual([]);
    });
  }
});
