/** `amtool config routes show` */
import type { Command } from '../command.ts';
import { drawRoutes } from '../route-drawing.ts';
import { loadRoutes } from '../routes.ts';

export const configRoutesShow: Command = {
  name: 'show',
  isDefault: true,
  help: 'Draws the routing tree of a file (--config.file) or of the running server.',
  run: async (values, context) => {
    const routes = await loadRoutes(values, context);
    context.ports.print(`Routing tree:\n${drawRoutes(routes.root)}\n`);
    return 0;
  },
};
