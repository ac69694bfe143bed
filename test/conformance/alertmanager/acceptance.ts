/** alertmanager/acceptance: black-box scenarios, played to the whole application on the simulated clock. */
import { play } from '../../support/acceptance/play.ts';
import { readScenarios } from '../../support/acceptance/scenario.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

export const run: KindRunner = async (dir) => {
  const results: CaseResult[] = [];
  for (const scenario of readScenarios(dir)) {
    if (scenario.requires?.includes('cluster') === true)
      results.push({ id: scenario.id, outcome: 'skipped', reason: 'there is no cluster: one process keeps all state' });
    else results.push(await checkCase(scenario.id, [], () => play(scenario)));
  }
  return results;
};
