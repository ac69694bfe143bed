/** `amtool config` */
import type { Command } from '../command.ts';
import { configRoutesShow } from './config-routes-show.ts';
import { configRoutesTest } from './config-routes-test.ts';
import { configShow } from './config-show.ts';

const configRoutes: Command = {
  name: 'routes',
  help: 'Show the routing tree, or where an alert would go.',
  flags: [{ name: 'config.file', kind: 'existing_file', help: "File whose routing is meant instead of the server's" }],
  commands: [configRoutesShow, configRoutesTest],
};

export const config: Command = {
  name: 'config',
  help: 'Show the configuration, or what its routing does.',
  commands: [configShow, configRoutes],
};
