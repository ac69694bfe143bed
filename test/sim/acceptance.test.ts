/**
 * Alertmanager's black-box scenarios with a kill and a start after every step: whoever posts alerts and whoever is
 * notified sees no difference to a process that lives through them. Without kills they are a kind of the conformance run.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { play } from '../support/acceptance/play.ts';
import { readScenarios, type Scenario } from '../support/acceptance/scenario.ts';

const DIR = join(process.env['CONFORMANCE_DIR'] ?? '../shared/conformance', 'alertmanager/acceptance');
const scenarios = existsSync(DIR) ? readScenarios(DIR) : [];

/** Timing that a start changes on purpose: a new process holds its groups back, and gives alerts without an end more time. */
const hasRoomForStarts = ({ flags = [], config, requires = [] }: Scenario): boolean =>
  !flags.some((flag) => flag.includes('start-delay')) && !config.includes('resolve_timeout') && !requires.includes('cluster');

describe('Alertmanager acceptance scenarios, killed and started after every step', () => {
  if (scenarios.length === 0) test.skip(`the scenarios are not in ${DIR}`);
  test.each(scenarios.filter(hasRoomForStarts))('$id', async (scenario) => {
    expect(await play(scenario, { restarting: true })).toEqual([]);
  });
});
