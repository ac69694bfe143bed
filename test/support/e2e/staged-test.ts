/** `test` of vitest, with a stage for whoever asks for it; what was printed on it is shown when the test fails. */
import { test as plainTest } from 'vitest';
import { Stage } from './stage.ts';

export const test = plainTest.extend('stage', async ({ task }, { onCleanup }) => {
  const stage = new Stage();
  onCleanup(async () => {
    if (task.result?.state === 'fail') console.error(`${task.name}:\n${stage.logs}`);
    await stage.close();
  });
  return stage;
});
