/** `amtool silence expire` */
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';

export const silenceExpire: Command = {
  name: 'expire',
  help: 'Ends silences now.',
  argument: { name: 'silence-ids', kind: 'texts', help: 'Ids of the silences' },
  run: async (values, context) => {
    if (values.positionals.length === 0) throw new Failure('no silence IDs specified');
    const client = await context.client();
    for (const id of values.positionals) await client.expireSilence(id);
    return 0;
  },
};
