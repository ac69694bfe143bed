/** `amtool cluster` */
import type { Command } from '../command.ts';
import { printCluster } from '../status-output.ts';

const clusterShow: Command = {
  name: 'show',
  isDefault: true,
  help: 'Shows the state of the cluster, and with --output=extended its members.',
  run: async (_, context) => {
    const client = await context.client();
    context.ports.print(printCluster((await client.status()).cluster, context.output));
    return 0;
  },
};

export const cluster: Command = { name: 'cluster', help: 'Show the cluster.', commands: [clusterShow] };
