/** `amtool config routes test` */
import { Labels } from '../../../model/labels.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import { pairsOf } from '../label-arguments.ts';
import { drawMatching } from '../route-drawing.ts';
import { loadRoutes } from '../routes.ts';

export const configRoutesTest: Command = {
  name: 'test',
  help: `Prints the receivers that an alert with these labels goes to, in the order of
the tree, by the routing of a file (--config.file) or of the running server.

  amtool config routes test --config.file=alertmanager.yml \\
    --verify.receivers=db-pager service=database

With --verify.receivers the exit code is 1 where others than those come out.`,
  flags: [
    { name: 'verify.receivers', kind: 'text', help: 'The receivers that must come out, separated by commas' },
    { name: 'tree', kind: 'switch', help: 'Draw the routes that match' },
  ],
  argument: { name: 'labels', kind: 'texts', help: 'Labels of the alert, name=value' },
  run: async (values, context) => {
    const { ports, matchers } = context;
    const routes = await loadRoutes(values, context);
    const labels = Labels.fromPairs(labelsOf(values.positionals, matchers));
    if (values.isOn('tree')) ports.print(`Matching routes:\n${drawMatching(routes.trace(labels))}\n\n`);
    const receivers = routes
      .match(labels)
      .map(({ receiver }) => receiver)
      .join(',');
    ports.print(`${receivers}\n`);
    const expected = values.text('verify.receivers');
    if (expected === '' || expected === receivers) return 0;
    ports.print('WARNING: Expected receivers did not match resolved receivers.\n');
    return 1;
  },
};

function labelsOf(words: readonly string[], mode: Parameters<typeof pairsOf>[1]): ReadonlyMap<string, string> {
  const mistake = 'Labels must be specified as key=value pairs';
  try {
    return pairsOf(words, mode, mistake);
  } catch (error) {
    if (error instanceof Failure && error.message !== mistake) throw new Failure(`Failed to parse labels: ${error.message}`, error);
    throw error;
  }
}
