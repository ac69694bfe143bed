/** `amtool config show` */
import type { Command } from '../command.ts';
import { printConfig } from '../status-output.ts';

export const configShow: Command = {
  name: 'show',
  isDefault: true,
  help: `Shows the configuration that the server runs with. --output says how much:
simple is the configuration, extended adds version and start, json is all of
the server's status.`,
  run: async (_, context) => {
    const client = await context.client();
    context.ports.print(printConfig(await client.status(), context.output));
    return 0;
  },
};
